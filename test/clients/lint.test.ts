/* eslint-disable @typescript-eslint/no-explicit-any -- the document as a reader has it: JSON of any shape */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { REDOCLY_RULES } from './lint-rules.js';

const FILE = new URL('../../openapi/openapi.json', import.meta.url);
const text = readFileSync(FILE, 'utf8');

const document: any = JSON.parse(text);
const resolve = (value: { $ref?: string }): any =>
  value.$ref === undefined
    ? value
    : value.$ref
        .slice(2)
        .split('/')
        .reduce((at: any, key) => at[key], document);

/** `createPool 201` and what it is. */
const OPERATIONS: [string, any][] = Object.values<any>(document.paths).flatMap((methods) =>
  Object.values<any>(methods).map((operation): [string, any] => [operation.operationId, operation]),
);
const ANSWERS: [string, any][] = OPERATIONS.flatMap(([id, { responses }]) =>
  Object.entries<any>(responses).map(([status, response]): [string, any] => [`${id} ${status}`, resolve(response)]),
);
const status = (name: string): number => Number(name.split(' ')[1]);

/** What generators and readers need of the OpenAPI document. */
describe('the OpenAPI document', () => {
  it("passes Redocly's strict rules", async () => {
    const config = await createConfig({ extends: ['recommended-strict'], rules: REDOCLY_RULES });
    const problems = await lintFromString({ source: text, absoluteRef: FILE.pathname, config });
    expect(
      problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer ?? ''}: ${message}`),
    ).toEqual([]);
  });

  const names = (found: [string, any][]): string[] => found.map(([name]) => name);

  it('has for every operation one tag, a summary of one line, a description and what secures it', () => {
    const bad = OPERATIONS.filter(
      ([, { tags, summary, description }]) =>
        tags?.length !== 1 || !/^[A-Z].{2,120}[^.]$/.test(summary ?? '') || (description ?? '').length < summary.length,
    );
    expect(names(bad)).toEqual([]);
    const open = OPERATIONS.filter(([, { security }]) => security?.length === 0);
    expect(names(open)).toEqual(names(OPERATIONS.filter(([, { responses }]) => responses['401'] === undefined)));
    expect(names(open)).toEqual(['getLiveness', 'getReadiness', 'listEventSchemas', 'getEventSchema']);
  });

  it('has for every body an example, and says whether it must be there', () => {
    const bodies = OPERATIONS.filter(([, { requestBody }]) => requestBody !== undefined);
    const bad = bodies.filter(
      ([, { requestBody }]) =>
        requestBody.required !== true || Object.values<any>(requestBody.content).some((media) => !media.examples),
    );
    expect([bodies.length > 20, names(bad)]).toEqual([true, []]);
  });

  it('has for every answer a schema, an example and words', () => {
    const bad = ANSWERS.filter(([name, { description, content }]) =>
      [204, 304].includes(status(name))
        ? content !== undefined
        : description === '' ||
          content === undefined ||
          Object.values<any>(content).some(({ schema, examples }) => schema === undefined || examples === undefined),
    );
    expect(names(bad)).toEqual([]);
  });

  it('has for every error a problem with the codes that it can have, each with an example', () => {
    const errors = ANSWERS.filter(([name]) => status(name) >= 400);
    const bad = errors.filter(([, { content }]) => {
      const { schema, examples } = content['application/problem+json'] ?? {};
      const codes: string[] = schema?.allOf?.[1]?.properties?.code?.enum ?? [];
      return codes.length === 0 || codes.some((code) => resolve(examples[code]).value.code !== code);
    });
    expect([errors.length > 300, names(bad)]).toEqual([true, []]);
  });

  it('has for every list a limit, a cursor, the next page in the body and as a link', () => {
    const lists = OPERATIONS.filter(([, { responses }]) => {
      const schema = responses['200']?.content?.['application/json']?.schema ?? {};
      return resolve(schema).properties?.next !== undefined;
    });
    // drift is read by time: `next` is the `before` of the next page
    const bad = lists.filter(([id, { parameters, responses }]) => {
      const read = parameters.map(({ name }: { name: string }) => name);
      return (
        id !== 'listGatewayDrift' &&
        (!read.includes('limit') || !read.includes('cursor') || !responses['200'].headers?.Link)
      );
    });
    expect([lists.length > 12, names(bad)]).toEqual([true, []]);
  });

  it('tells every header that a client goes by', () => {
    const has = (name: string) => (response: any) => response.headers?.[name] !== undefined;
    for (const [code, header] of [
      [201, 'Location'],
      [201, 'ETag'],
      [304, 'ETag'],
      [401, 'WWW-Authenticate'],
      [429, 'Retry-After'],
      [503, 'Retry-After'],
    ] as const) {
      const bad = ANSWERS.filter(([name, response]) => status(name) === code && !has(header)(response));
      expect([header, names(bad)]).toEqual([header, []]);
    }
  });
});
