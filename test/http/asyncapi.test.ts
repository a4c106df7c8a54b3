import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { load } from 'js-yaml';
import { EVENT_TYPES } from '../../src/control-plane/events/event-types.js';

interface Document {
  channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }>;
  operations: Record<string, { action: string; channel: { $ref: string }; messages: { $ref: string }[] }>;
}

const TEXT = readFileSync('openapi/asyncapi.yaml', 'utf8');

describe('the AsyncAPI document', () => {
  let document: Document;

  beforeAll(() => {
    document = load(TEXT) as Document;
  });

  it('is what the code generates', () => {
    expect(execFileSync(process.execPath, ['dist/src/main.js', 'asyncapi']).toString()).toBe(TEXT);
  });

  it('is one of AsyncAPI 3.0.0', () => {
    const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json') as object;
    const ajv = formats.default(new Ajv({ strict: false, allErrors: true }));
    const validate = ajv.compile(schema);
    expect([validate(document), validate.errors]).toEqual([true, null]);
  });

  it('has a channel for every type of event, and the stream of all', () => {
    const addresses = Object.values(document.channels).map(({ address }) => address);
    expect(addresses).toEqual([...EVENT_TYPES, '/events']);
    expect(Object.keys(document.channels['events']?.messages ?? {})).toHaveLength(EVENT_TYPES.length);
    expect(Object.values(document.operations).map(({ action }) => action)).toEqual(addresses.map(() => 'send'));
  });

  it('refers to nothing that it does not have', () => {
    for (const [, reference = ''] of TEXT.matchAll(/\$ref: '?(#[^'\n]+)/g)) {
      const found = reference
        .split('/')
        .slice(1)
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
      expect([reference, typeof found]).toEqual([reference, 'object']);
    }
  });
});
