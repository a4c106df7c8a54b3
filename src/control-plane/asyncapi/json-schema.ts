import type { OpenAPIObject } from '@nestjs/swagger';

/** A JSON schema (draft 7), as far as we look into one. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  [keyword: string]: unknown;
}

const COMPONENT = '#/components/schemas/';

/** The schema of a component of an OpenAPI 3.0 document; its references stay. */
export function componentSchema({ components }: OpenAPIObject, name: string): JsonSchema {
  const schema = components?.schemas?.[name];
  if (schema === undefined) throw new Error(`the OpenAPI document has no schema ${name}`);
  return toJsonSchema(schema) as JsonSchema;
}

/** The components that schemas refer to, directly or not, by name and in the order of names. */
export function referredComponents(
  document: OpenAPIObject,
  schemas: readonly JsonSchema[],
): Record<string, JsonSchema> {
  const found = new Map<string, JsonSchema>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, member] of Object.entries(value)) {
      if (key !== '$ref') look(member);
      else if (typeof member === 'string' && member.startsWith(COMPONENT)) {
        const name = member.slice(COMPONENT.length);
        if (found.has(name)) continue;
        const schema = componentSchema(document, name);
        found.set(name, schema);
        look(schema);
      }
    }
  };
  look(schemas);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One schema that stands alone: what it refers to is among its `definitions`. */
export function standalone(document: OpenAPIObject, schema: JsonSchema): JsonSchema {
  const whole = { ...schema, definitions: referredComponents(document, [schema]) };
  return JSON.parse(JSON.stringify(whole).replaceAll(`"${COMPONENT}`, '"#/definitions/')) as JsonSchema;
}

/** OpenAPI 3.0 says in words of its own what may be null and what an example is. */
function toJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJsonSchema);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, example, properties, ...rest } = value as Record<string, unknown>;
  const schema: JsonSchema = Object.fromEntries(
    Object.entries(rest).map(([key, member]) => [key, toJsonSchema(member)]),
  );
  if (properties !== undefined) {
    const members = Object.entries(properties as object).map(([name, member]) => [name, toJsonSchema(member)] as const);
    schema.properties = Object.fromEntries(members) as Record<string, JsonSchema>;
  }
  if (example !== undefined) schema['examples'] = [example];
  return nullable === true ? orNull(schema) : schema;
}

function orNull({ allOf, type, ...rest }: JsonSchema): JsonSchema {
  if (allOf !== undefined) return { ...rest, anyOf: [{ allOf }, { type: 'null' }] };
  // how our documents declare what may be any JSON value
  if (type === 'object' && rest['additionalProperties'] === true) return { description: rest['description'] };
  const { enum: values } = rest;
  const names = Array.isArray(values) ? { enum: [...new Set([...(values as unknown[]), null])] } : {};
  return { ...rest, ...names, type: [...(type === undefined ? [] : [type].flat()), 'null'] };
}
