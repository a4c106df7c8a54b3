import {
  isReference,
  nameOf,
  type Document,
  type Media,
  type Operation,
  type Reference,
  type Response,
  type Schema,
} from './document.js';
import { exampleOf } from './example.js';
import { HEADERS, headersOf } from './headers.js';
import { parameterNote } from './parameter-note.js';
import { codesOf, PROBLEMS } from './problem-schema.js';

/** A body to send, by the name of its schema: one that the service takes. */
export type BodyExamples = Readonly<Record<string, unknown>>;

/**
 * Adds what generators and readers want and what follows from the rest of the document: operations with summary and
 * description, examples of every body and answer, the headers of answers, notes to path parameters, whole numbers as
 * integers, null among the values of an enum that may be null. Changes the document; nothing is in it that no rule here gives.
 */
export function complete(document: Document, bodies: BodyExamples): void {
  const { schemas } = document.components;
  for (const schema of Object.values(schemas)) refine(schema);
  const examples: Record<string, { summary?: string; value: unknown }> = {};
  const show = (media: Media, name: string, value: () => unknown): void => {
    examples[name] ??= { value: value() };
    media.examples = { [name]: { $ref: `#/components/examples/${name}` } };
  };
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      splitSummary(operation);
      // for anyone: said, not left out
      operation.security ??= [];
      for (const parameter of operation.parameters ?? []) {
        refine(parameter.schema);
        if (parameter.in === 'path') Object.assign(parameter, parameterNote(path, parameter.name));
      }
      for (const media of Object.values(operation.requestBody?.content ?? {})) {
        const { schema = {} } = media;
        const name = nameOf(schema) || `${operation.operationId}Body`;
        show(media, name, () => bodies[name] ?? exampleOf(schema, schemas));
      }
      for (const [status, response] of Object.entries(operation.responses)) {
        if (isReference(response)) continue;
        const headers = headersOf(method, status, operation, response, schemas);
        if (Object.keys(headers).length > 0) response.headers = headers;
        const codes = codesOf(response.content?.['application/problem+json']?.schema);
        if (codes.length > 0) {
          operation.responses[status] = sharedProblem(document, response, codes);
          continue;
        }
        for (const [type, media] of Object.entries(response.content ?? {})) {
          const { schema = {} } = media;
          if (media.examples === undefined) {
            show(media, nameOf(schema) || `${operation.operationId}.${type.replace(/[^a-z]+/g, '-')}`, () =>
              exampleOf(schema, schemas),
            );
          }
        }
        response.description ||= 'As asked.';
      }
    }
  }
  document.components.examples = { ...examples, ...PROBLEMS };
  document.components.headers = HEADERS;
}

/** Most routes have the same problems: each set of codes is one response of the document, with an example for each code. */
function sharedProblem({ components }: Document, response: Response, codes: readonly string[]): Reference {
  const name = codes.join('.');
  for (const media of Object.values(response.content ?? {})) {
    media.examples = Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]));
  }
  components.responses ??= {};
  components.responses[name] = response;
  return { $ref: `#/components/responses/${name}` };
}

/** The first sentence is the summary, without its full stop; all of the text the description. */
function splitSummary(operation: Operation): void {
  const text = (operation.summary ?? '').replace(/\s+/g, ' ').trim();
  const [, first = text] = /^(.+?)[.:](?:\s|$)/.exec(text) ?? [];
  operation.summary = first;
  operation.description ??= text;
}

/** Nest writes every number as `number`: Berth's are whole, but for those whose format says `double`. */
function refine(schema: Schema): void {
  if (schema.type === 'number' && schema.format !== 'double') schema.type = 'integer';
  if (schema.type === 'object' && schema.nullable === true && schema.additionalProperties === true) {
    // Nest has no way to write "any JSON value", which is a schema without a type.
    delete schema.type;
    delete schema.nullable;
    delete schema.additionalProperties;
  }
  if (schema.nullable === true && schema.enum !== undefined && !schema.enum.includes(null)) {
    schema.enum = [...schema.enum, null];
  }
  for (const part of [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(schema.allOf ?? []),
    ...(schema.oneOf ?? []),
  ]) {
    refine(part);
  }
}
