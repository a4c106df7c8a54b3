import { readFileSync } from 'node:fs';

/** A schema of OpenAPI 3.0, or of JSON Schema once it has been translated. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  nullable?: boolean;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxLength?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
}

export interface Parameter {
  in: 'path' | 'query' | 'header';
  name: string;
  required?: boolean;
  schema: Schema;
}

export interface Response {
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema }>;
}

/** One operation of the document; references to responses are followed. */
export interface Operation {
  id: string;
  method: string;
  path: string;
  parameters: readonly Parameter[];
  /** Media types of the body with their schemas. */
  body: Readonly<Record<string, { schema: Schema }>>;
  /** By status. */
  responses: Readonly<Record<string, Response>>;
}

interface RawOperation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Response & { $ref?: string }>;
}

interface Document {
  paths: Record<string, Record<string, RawOperation>>;
  components: {
    schemas: Record<string, Schema>;
    responses: Record<string, Response>;
    examples: Record<string, { value: unknown }>;
  };
}

const FILE = new URL('../../openapi/openapi.json', import.meta.url);
export const DOCUMENT = JSON.parse(readFileSync(FILE, 'utf8')) as Document;

const last = (reference: string): string => reference.split('/').at(-1) ?? '';

export const OPERATIONS: readonly Operation[] = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId, parameters = [], requestBody, responses }]) => ({
    id: operationId,
    method: method.toUpperCase(),
    path,
    parameters,
    body: requestBody?.content ?? {},
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        response.$ref === undefined ? response : (DOCUMENT.components.responses[last(response.$ref)] ?? {}),
      ]),
    ),
  })),
);

/** What a reference is to; a schema that only wraps one counts as one. */
export function resolve(schema: Schema): Schema {
  const only = schema.allOf?.[0];
  if (only !== undefined) return resolve(only);
  return schema.$ref === undefined ? schema : resolve(DOCUMENT.components.schemas[last(schema.$ref)] ?? {});
}
