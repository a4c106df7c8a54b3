/**
 * The closed set of error codes, each with its HTTP status and when it occurs. Domain code throws a `Problem`; the one
 * filter (`problem.filter.ts`) turns it into an RFC 9457 body. The names are part of the contract
 * (contracts/rackhd.md section 6) and never change their meaning.
 */
export const PROBLEM_CODES = {
  /** The body is not JSON, is empty, or is not one JSON object. */
  'malformed-body': 400,
  /** The request itself is not HTTP as it should be: a bad header, a bad URL encoding. */
  'malformed-request': 400,
  /** No token, or one that is expired, forged or meant for somebody else. */
  unauthenticated: 401,
  /** The token is good, but its role may not do this, or the resource is another owner's. */
  forbidden: 403,
  /** The id names nothing, also when it is not a well-formed id. */
  'not-found': 404,
  /** No route has this path. */
  'no-route': 404,
  /** The path exists, with other methods (see Allow). */
  'method-not-allowed': 405,
  /** A client-chosen id is taken already. */
  'duplicate-id': 409,
  /** A unique name is taken already. */
  'duplicate-name': 409,
  /** The range overlaps another subnet of the same pool. */
  'range-overlap': 409,
  /** The new range would leave out an address, or a port, in use. */
  'range-in-use': 409,
  /** The address asked for is held. */
  'address-in-use': 409,
  /** The connection port asked for is held. */
  'port-in-use': 409,
  /** No free address, or not enough, in the subnet. */
  'subnet-exhausted': 409,
  /** No free address, or not enough, in any subnet of the pool. */
  'pool-exhausted': 409,
  /** No free connection port, or not enough, on the gateway. */
  'ports-exhausted': 409,
  /** A component of this name exists with another body. */
  'component-exists': 409,
  /** The claim would take its owner beyond its quota, or asks for more than one request may. */
  'quota-exceeded': 409,
  /** Something still uses the resource. */
  'in-use': 409,
  /** The events after this place are not kept any more, or the stream never had them. */
  'events-gone': 410,
  /** If-Match names another version than the current one. */
  'precondition-failed': 412,
  /** The body is larger than BODY_LIMIT. */
  'body-too-large': 413,
  /** The Content-Type is not one this route reads. */
  'unsupported-media-type': 415,
  /** A field or a query parameter has a value that it cannot have; `errors` names each. */
  'invalid-field': 422,
  /** The Idempotency-Key was used before with another body. */
  'idempotency-key-reused': 422,
  /** A pre-commit hook refused. */
  'hook-refused': 422,
  /** The principal, or the address, has asked more often than RATE_LIMIT allows; Retry-After says when to go on. */
  'rate-limited': 429,
  /** The headers are larger than the server reads. */
  'headers-too-large': 431,
  /** A fault of Berth; the log has the cause under the answer's `instance`. */
  internal: 500,
  /** The database (or another part that is needed) is away; nothing was changed, or the outcome is not known. Try again. */
  unavailable: 503,
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;

/** One input error. */
export interface FieldError {
  /** The field as the caller wrote it, nested ones with dots and indexes: `ports.0.targetPort`. */
  field: string;
  message: string;
}

/** An error that the caller is told about. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    /** For people: what is wrong and, where that helps, what to do. */
    readonly detail: string,
    readonly extra: { errors?: FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, { cause: extra.cause });
    this.name = 'Problem';
  }

  get status(): number {
    return PROBLEM_CODES[this.code];
  }
}

/** The problem for one bad field. */
export function invalidField(field: string, message: string): Problem {
  return new Problem('invalid-field', `${field}: ${message}`, { errors: [{ field, message }] });
}

/** The problem for an id, or a name, that names nothing. */
export function notFound(noun: string, id: string): Problem {
  return new Problem('not-found', `There is no ${noun} ${JSON.stringify(id.slice(0, 100))}.`);
}
