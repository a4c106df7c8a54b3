import { nameOf, type Schema } from './document.js';

const ID = '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f';

/** What a property holds, by its name; one that is not here says it by an example of its own. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(
    ['id', 'pool', 'subnet', 'reservation', 'lease', 'gateway', 'portMap', 'component'].map((name) => [name, ID]),
  ),
  name: 'win1',
  owner: 'kim',
  tags: ['lab'],
  metadata: { rack: 12 },
  poolMetadata: { site: 'north' },
  subnetMetadata: { vlan: 7 },
  next: 'WyIwMTkyZjBjMSJd',
  reason: null,
};

/**
 * An example of what a schema describes, for documents that have none: its own where it has one, otherwise made of the
 * examples of its parts. Every property is there, so that a reader sees what there is; of one that may be null, a value.
 */
export function exampleOf(schema: Schema, schemas: Readonly<Record<string, Schema>>, name = ''): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.$ref !== undefined) return exampleOf(schemas[nameOf(schema)] ?? {}, schemas);
  const parts = schema.allOf ?? schema.oneOf?.slice(0, 1);
  if (parts !== undefined) {
    const values = parts.map((part) => exampleOf(part, schemas));
    return values.length === 1 ? values[0] : Object.assign({}, ...values);
  }
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  const known = BY_NAME[name];
  if (known !== undefined && (known !== null || schema.nullable === true)) return known;
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, value]) => [key, exampleOf(value, schemas, key)]),
      );
    case 'array':
      return [exampleOf(schema.items ?? {}, schemas, name)];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
      return schema.format === 'date-time' ? '2026-11-24T12:00:00.000Z' : 'text';
    default:
      return {};
  }
}
