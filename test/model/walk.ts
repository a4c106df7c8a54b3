import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Answer, Api } from '../support/api.js';
import { Model } from './model.js';

/** A number of four decides all that an operation leaves open. */
export interface Step {
  what: string;
  a: number;
  b: number;
  c: number;
  d: number;
}

/** Names nothing, ever. */
export const NOBODY = '00000000-0000-4000-8000-000000000000';

/** The one of a list that a number means, now and then none. */
export function pick<T>(list: Iterable<T>, number: number): T | undefined {
  const all = [...list];
  return number % 17 === 16 ? undefined : all[number % all.length];
}

/** Carries out operations one after the other, each at another process, and holds every answer against the model. */
export class Walk {
  readonly model = new Model();
  /** What was done, to be printed when something is wrong. */
  readonly done: string[] = [];
  operations = 0;

  constructor(private readonly apis: readonly [Api, Api]) {}

  get api(): Api {
    return this.apis[0];
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const options = { headers, ...(body === undefined ? {} : { body }) };
    const answer = await this.apis[this.operations++ % 2 === 0 ? 0 : 1].request(method, path, options);
    const code = answer.body?.code as string | undefined;
    const sent = [body, ...Object.values(headers)].filter((one) => one !== undefined).map((one) => JSON.stringify(one));
    this.done.push(`${method} ${path} ${sent.join(' ')} -> ${answer.status} ${code ?? ''}`);
    return answer;
  }

  /** Refused with this code, or done with this status. */
  expect(answer: Answer, expected: number | string): void {
    const got = typeof expected === 'number' && answer.status < 400 ? answer.status : String(answer.body?.code);
    expect(got).toBe(expected);
  }

  /**
   * A POST: now and then it is sent again with its key, which must not do it twice, and its key with another body, which
   * must be refused. Answers with the first answer.
   */
  async post(path: string, body: object, number: number): Promise<Answer> {
    if (number % 4 !== 0) return this.ask('POST', path, body);
    const key = { 'idempotency-key': randomUUID() };
    const answer = await this.ask('POST', path, body, key);
    if (answer.status >= 400) return answer;
    const again = await this.ask('POST', path, body, key);
    expect([again.status, again.text]).toEqual([answer.status, answer.text]);
    expect(again.headers.get('location')).toBe(answer.headers.get('location'));
    this.expect(await this.ask('POST', path, { ...body, name: 'another' }, key), 'idempotency-key-reused');
    return answer;
  }

  /**
   * The If-Match that a number means, and the refusal that it leads to: of what is not there 404, else 412 when it names
   * another version.
   */
  condition(number: number, row: { version: number } | undefined): { headers: Record<string, string>; code?: string } {
    const kind = number % 5;
    const version = kind === 1 ? (row?.version ?? 1) : (row?.version ?? 1) + 1;
    const headers: Record<string, string> = kind === 1 || kind === 2 ? { 'if-match': `"${version}"` } : {};
    if (row === undefined) return { headers, code: 'not-found' };
    return kind === 2 ? { headers, code: 'precondition-failed' } : { headers };
  }

  /** The version that an answer shows is the model's. */
  version(answer: Answer, row: { version: number }): void {
    expect([answer.body.version, answer.headers.get('etag')]).toEqual([row.version, `"${row.version}"`]);
  }
}
