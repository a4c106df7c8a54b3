import { headers as newHeaders, Match, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { problemBody } from '../../platform/problem/problem-body.js';
import type { Problem } from '../../platform/problem/problem.js';

/** What comes before the operation in a subject. Not `ipam.`: those who listen to events must not hear tokens. */
export const PREFIX = 'berth.api.';
/** Bytes that headers may add to an answer. */
const HEADERS_MAX = 4096;

/** A request over NATS, as plain JSON with a few headers. */
export interface BusRequest {
  /** `reservation.create`, of the subject. */
  operation: string;
  /** By their names in HTTP. */
  headers: Partial<Record<(typeof REQUEST_HEADERS)[number], string>>;
  data: Uint8Array;
}

/** An answer: JSON, or nothing, with the status of HTTP. */
export interface BusAnswer {
  status: number;
  /** By their names in HTTP, small letters. */
  headers: Readonly<Record<string, number | string | string[] | undefined>>;
  body: Uint8Array;
}

const REQUEST_HEADERS = ['authorization', 'idempotency-key', 'if-match', 'if-none-match'] as const;
/** Those of an answer, with the names that they have on NATS, where case counts. */
const ANSWER_HEADERS = {
  'content-type': 'Content-Type',
  etag: 'ETag',
  'retry-after': 'Retry-After',
  ratelimit: 'RateLimit',
  'ratelimit-policy': 'RateLimit-Policy',
  'www-authenticate': 'WWW-Authenticate',
} as const;

export function readRequest({ subject, headers, data }: Msg): BusRequest {
  const sent: BusRequest['headers'] = {};
  for (const name of REQUEST_HEADERS) {
    if (headers?.has(name, Match.IgnoreCase) === true) sent[name] = headers.get(name, Match.IgnoreCase);
  }
  return { operation: subject.slice(PREFIX.length), headers: sent, data };
}

/** An answer that is a problem (RFC 9457). */
export const problemAnswer = (problem: Problem): BusAnswer => ({
  status: problem.status,
  headers: { 'content-type': 'application/problem+json', ...problem.extra.headers },
  body: problemBody(problem).bytes,
});

/**
 * The answer as it is sent. One that is larger than the server carries leaves its body out and says so: what was done is
 * done, and must not look as if it had failed.
 */
export function writeAnswer(
  { status, headers, body }: BusAnswer,
  maxPayload: number,
): { body: Uint8Array; headers: MsgHdrs } {
  const written = newHeaders();
  written.set('Berth-Status', String(status));
  for (const [name, sent] of Object.entries(ANSWER_HEADERS)) {
    const value = headers[name];
    if (value !== undefined) written.set(sent, String(value));
  }
  if (body.length + HEADERS_MAX <= maxPayload) return { body, headers: written };
  written.set('Berth-Body-Omitted', String(body.length));
  return { body: new Uint8Array(), headers: written };
}
