import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Lab } from './lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.create();
});
afterAll(() => lab.stop());

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => Promise<void> | void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A server that does as the handler says; `count` is the number of the request. */
async function server(handler: Handler): Promise<{ url: string; count: () => number; keys: (string | undefined)[] }> {
  let count = 0;
  const keys: (string | undefined)[] = [];
  const listening = createServer((request, response) => {
    keys.push(request.headers['idempotency-key'] as string | undefined);
    void handler(request, response, ++count);
  }).listen(0, '127.0.0.1');
  servers.push(listening);
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, count: () => count, keys };
}

/** Passes a request on to the real API. */
async function pass(request: IncomingMessage): Promise<{ status: number; body: string }> {
  const body = await text(request);
  const headers = Object.entries(request.headers).filter(([name]) =>
    /^(authorization|content-type|idempotency-key|accept)$/.test(name),
  );
  const answer = await fetch(lab.url + (request.url ?? ''), {
    method: request.method ?? 'GET',
    headers: headers as [string, string][],
    ...(body === '' ? {} : { body }),
  });
  return { status: answer.status, body: await answer.text() };
}

function send(
  response: ServerResponse,
  { status, body }: { status: number; body: string },
  type = 'application/json',
): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}

const UNAVAILABLE = {
  status: 503,
  body: JSON.stringify({
    type: 'about:blank',
    title: '',
    status: 503,
    code: 'unavailable',
    detail: 'The database is away. Try again.',
  }),
};

describe('a Berth in trouble', () => {
  it('is asked again when it is unavailable for a moment', async () => {
    const { url, count } = await server(async (request, response, number) =>
      send(response, number < 3 ? UNAVAILABLE : await pass(request)),
    );
    expect(await lab.vlab(['pool', 'list', '--url', url])).toMatchObject({ code: 0 });
    expect(count()).toBe(3);
  });

  it('is given up after a few seconds, with its own words', async () => {
    const { url } = await server((_, response) => send(response, UNAVAILABLE));
    const begun = Date.now();
    expect(await lab.vlab(['pool', 'list', '--url', url])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'vlab: The database is away. Try again.\n',
    });
    expect(Date.now() - begun).toBeGreaterThan(2_000);
  });

  it('makes a thing once, though its answer was lost', async () => {
    const { url, keys } = await server(async (request, response, number) => {
      const answer = await pass(request);
      if (number < 3) response.destroy();
      else send(response, answer);
    });
    expect(await lab.vlab(['pool', 'create', '--name', 'once', '--url', url])).toMatchObject({ code: 0, stderr: '' });
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(await lab.json('pool', 'list', '--name', 'once')).toHaveProperty('pools.length', 1);
  });

  it('has deleted a thing, though its answer was lost', async () => {
    const { url } = await server(async (request, response) => {
      const answer = await pass(request);
      if (request.method === 'DELETE' && answer.status === 204) response.destroy();
      else send(response, answer);
    });
    expect(await lab.vlab(['pool', 'delete', 'once', '--url', url])).toEqual({
      code: 0,
      stdout: 'Deleted pool "once".\n',
      stderr: '',
    });
  });

  it('is told when it is not there at all', async () => {
    const { url: nowhere } = await server(() => undefined);
    servers.pop()?.close();
    expect(await lab.vlab(['pool', 'list', '--url', nowhere])).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^vlab: Nothing answers at http:\/\/127\.0\.0\.1:[0-9]+\.\nIs Berth running\? "make run"/,
      ),
    });
    expect(await lab.vlab(['status', '--url', nowhere])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('api   not ready'),
    });
  });
});

describe('something else at the URL', () => {
  it.each([
    ['a page', { status: 200, body: '<html>' }],
    ['an error page', { status: 502, body: '<html>' }],
  ])('is seen for what it is: %s', async (_, answer) => {
    const { url } = await server((_request, response) => send(response, answer, 'text/html'));
    expect(await lab.vlab(['pool', 'list', '--url', url])).toEqual({
      code: 1,
      stdout: '',
      stderr: `vlab: The answer was ${answer.status}, and not one of Berth's.\nIs the URL that of the API? "vlab status" shows which one is used.\n`,
    });
  });

  it('is not followed to where it leads, and gets no token there', async () => {
    const elsewhere = await server((_, response) => send(response, { status: 200, body: '{"pools":[]}' }));
    const { url } = await server((_, response) => void response.writeHead(307, { location: elsewhere.url }).end());
    expect(await lab.vlab(['pool', 'list', '--url', url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`leads on to ${elsewhere.url}`),
    });
    expect(elsewhere.count()).toBe(0);
  });
});
