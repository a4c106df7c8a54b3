import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Answer } from './send.js';
import { DOCUMENT, type Operation, type Schema } from './spec.js';

/** Headers that the document tells of: none of them is anywhere else, and all are where it says so, but for those that may be. */
const TOLD = ['ETag', 'Location', 'Link', 'Retry-After', 'WWW-Authenticate'];
/** A link to a page that there is not; the place of what was made before. */
const mayBeAbsent = (name: string, status: number): boolean =>
  name === 'Link' || (name === 'Location' && status !== 201);

/**
 * JSON Schema of a schema of OpenAPI 3.0. Components are closed: a member that the document does not tell of is a finding.
 * `nullable` beside a reference is read as generators read it: the reference, or null.
 */
function translated(schema: Schema, component = false): Schema {
  const { nullable, $ref, properties, items, allOf, oneOf, ...rest } = schema;
  const value: Schema = {
    ...rest,
    ...($ref === undefined ? {} : { $ref: `api${$ref}` }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, translated(part)])) }),
    ...(items === undefined ? {} : { items: translated(items) }),
    ...(allOf === undefined ? {} : { allOf: allOf.map((part) => translated(part)) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map((part) => translated(part)) }),
    ...(component && properties !== undefined && rest.additionalProperties === undefined
      ? { additionalProperties: false }
      : {}),
  };
  return nullable === true ? { anyOf: [{ type: 'null' }, value] } : value;
}

const ajv = new Ajv({ strict: false, validateFormats: true });
addFormats.default(ajv);
const schemas = Object.fromEntries(
  Object.entries(DOCUMENT.components.schemas).map(([name, one]) => [name, translated(one, true)]),
);
ajv.addSchema({ components: { schemas } }, 'api');

const compiled = new Map<Schema, ValidateFunction>();
function validator(schema: Schema): ValidateFunction {
  const known = compiled.get(schema) ?? ajv.compile(translated(schema));
  compiled.set(schema, known);
  return known;
}

/** What is wrong with an answer, by the document; undefined: nothing. */
export function complaint(operation: Operation, { status, headers, text, cut }: Answer): string | undefined {
  if (status >= 500) return `answered ${status}: ${text.slice(0, 300)}`;
  const response = operation.responses[status];
  if (response === undefined) return `answered ${status}, which is not documented: ${text.slice(0, 300)}`;
  for (const name of TOLD) {
    const [told, there] = [response.headers?.[name] !== undefined, headers[name.toLowerCase()] !== undefined];
    if (there && !told) return `${status} has the header ${name}, which is not documented`;
    if (told && !there && !mayBeAbsent(name, status)) return `${status} lacks the header ${name}`;
  }
  const type = headers['content-type'];
  if (response.content === undefined) {
    return text === '' && type === undefined
      ? undefined
      : `${status} has a body, which is not documented: ${type ?? ''}`;
  }
  const media = response.content[type ?? ''] ?? response.content[type?.split(';')[0] ?? ''];
  if (type === undefined || media === undefined)
    return `${status} is of the type ${type ?? 'none'}, which is not documented`;
  if (cut || !/[/+]json\b/.test(type)) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return `${status} is not JSON: ${text.slice(0, 300)}`;
  }
  const validate = validator(media.schema);
  if (!validate(body))
    return `${status} is not as its schema says: ${ajv.errorsText(validate.errors)}: ${text.slice(0, 600)}`;
  const said = status >= 400 ? (body as { status: number }).status : status;
  return said === status ? undefined : `answered ${status}, but its problem says ${said}`;
}
