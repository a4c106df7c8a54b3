import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, dump } from '../support/api.js';
import { bytes } from './raw.js';

const MIB = 1024 * 1024;

describe('hostile requests', () => {
  let api: Api;
  let before: Record<string, string>;

  beforeAll(async () => {
    api = await Api.start();
    await api.make('/pools', {});
    before = await dump(api.database);
  });
  afterEach(async () => {
    expect((await api.get('/health/ready')).status).toBe(200);
    expect(await dump(api.database)).toEqual(before);
  });
  afterAll(() => api.close());

  const head = (method: string, path: string, ...headers: string[]): string =>
    [`${method} ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${api.admin}`, ...headers, '', ''].join('\r\n');

  /** The code of the problem in a raw answer, with its status. */
  function problem(answer: string): [number, string] {
    expect(answer).toMatch(/content-type: application\/problem\+json\r\n/i);
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { code: string; status: number };
    return [Number(answer.split(' ')[1]), body.code];
  }

  const residentBytes = (): number => {
    const status = readFileSync(`/proc/${api.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  };

  it('a body of 100 MB is answered 413 before it is sent, and never read', async () => {
    // Only the head: the answer comes although not one byte of the body does.
    const announced = await bytes(
      api,
      head('POST', '/pools', 'Content-Type: application/json', `Content-Length: ${100 * MIB}`, 'Connection: close'),
    );
    expect(problem(announced)).toEqual([413, 'body-too-large']);
  });

  it('a client that sends 100 MB all the same does no harm', async () => {
    const memory = residentBytes();
    const { port } = new URL(api.url);
    const sent = await new Promise<number>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1');
      const chunk = Buffer.alloc(MIB, 32);
      let written = 0;
      const more = (): void => {
        while (written < 100 * MIB) {
          written += chunk.length;
          if (!socket.write(chunk)) return;
        }
        socket.end();
      };
      socket
        .on('drain', more)
        .on('error', () => undefined)
        .on('close', () => resolve(written))
        .resume();
      socket.write(head('POST', '/pools', 'Content-Type: application/json', `Content-Length: ${100 * MIB}`));
      more();
    });
    expect(sent).toBeGreaterThan(0);
    expect(residentBytes() - memory).toBeLessThan(60 * MIB);
  });

  it('a body of 100 MB without a length is cut off at the limit', async () => {
    let sent = 0;
    const source = Readable.from(
      (function* () {
        for (; sent < 100; sent++) yield Buffer.alloc(MIB, 32);
      })(),
    );
    const answer = await fetch(`${api.url}/pools`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.admin}`, 'content-type': 'application/json' },
      body: Readable.toWeb(source),
      duplex: 'half',
    }).then(
      async (response) => [response.status, ((await response.json()) as { code: string }).code],
      () => 'cut',
    );
    // The server answers and closes; whether the client, still writing, sees the answer is its own affair.
    expect([[413, 'body-too-large'], 'cut']).toContainEqual(answer);
    expect(sent).toBeLessThan(100);
  });

  it('headers of 64 KiB are 431', async () => {
    for (const header of [
      `X-Long: ${'x'.repeat(64 * 1024)}`,
      ...[Array.from({ length: 1000 }, (_, n) => `X-${n}: ${'x'.repeat(64)}`).join('\r\n')],
    ]) {
      expect(problem(await bytes(api, head('GET', '/pools', header)))).toEqual([431, 'headers-too-large']);
    }
    expect(problem(await bytes(api, head('GET', `/${'x'.repeat(64 * 1024)}`)))).toEqual([431, 'headers-too-large']);
  });

  it.each([
    ['nonsense', 'hello\r\n\r\n'],
    ['an unknown method', 'BREW /pools HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex')],
    ['a bad length', 'POST /pools HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['two lengths', 'POST /pools HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'length and chunks',
      'POST /pools HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a control character in a header', 'GET /pools HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n'],
    ['a space in the path', 'GET /po ols HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('%s is 400', async (_what, request) => {
    expect(problem(await bytes(api, request))).toEqual([400, 'malformed-request']);
  });

  it('clients that leave in the middle do no harm', async () => {
    const { port } = new URL(api.url);
    await Promise.all(
      Array.from(
        { length: 50 },
        (_, n) =>
          new Promise<void>((resolve) => {
            const socket = connect(Number(port), '127.0.0.1', () => {
              const type = 'Content-Type: application/json';
              socket.write(n % 2 === 0 ? head('POST', '/pools', type, 'Content-Length: 100') + '{"name"' : 'POST /po');
              socket.destroy();
            });
            socket.on('close', () => resolve()).on('error', () => undefined);
          }),
      ),
    );
  });

  it('many requests on one connection are answered in their order', async () => {
    const paths = ['/pools', '/nothing', '/health/live', '/pools/x', '/leases'];
    const requests = paths.map((path, n) => head('GET', path, n === paths.length - 1 ? 'Connection: close' : 'X: y'));
    const answer = await bytes(api, requests.join(''));
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1]))).toEqual([
      200, 404, 200, 404, 200,
    ]);
  });
});
