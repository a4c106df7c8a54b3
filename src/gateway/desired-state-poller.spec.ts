import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { desiredState } from '../../test/gateway/desired-states.js';
import type { DesiredState } from '../contract/desired-state.js';
import { ControlPlaneClient } from './control-plane-client.js';
import { DesiredStatePoller } from './desired-state-poller.js';
import { StatusReporter } from './status-reporter.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let handle: Handler;
let delivered: DesiredState[];
let said: string[];
let asked: string[];
let poller: DesiredStatePoller | undefined;
let changed: () => void = () => undefined;

const log = (level: string, message: string): void => {
  said.push(`${level}: ${message}`);
  changed();
};
const json = (response: ServerResponse, body: unknown): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
/** Waits for a condition; each event of this file looks again. Jest's own deadline ends the wait. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => (changed = resolve));
}

beforeEach(async () => {
  [delivered, said, asked] = [[], [], []];
  server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? 'no token'}`);
    handle(request, response);
    changed();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await poller?.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function client(token?: string): ControlPlaneClient {
  const { port } = server.address() as AddressInfo;
  return new ControlPlaneClient({ controlPlaneUrl: `http://127.0.0.1:${port}/api/`, gateway: 'rack 1', token });
}
function start(token?: string): DesiredStatePoller {
  poller = new DesiredStatePoller(
    client(token),
    (desired) => {
      delivered.push(desired);
      changed();
    },
    log,
  );
  return poller;
}

it('asks without a generation first, then for what is newer, waiting', async () => {
  const answers: Handler[] = [
    (_, response) => json(response, desiredState(4, [])),
    (_, response) => json(response, desiredState(9, [])),
  ];
  handle = (request, response) => answers.shift()?.(request, response);
  start('t0k3n');
  await until(() => asked.length === 3);
  expect(asked).toEqual([
    'GET /api/gateways/rack%201/desired-state?wait=25 Bearer t0k3n',
    'GET /api/gateways/rack%201/desired-state?wait=25&after=4 Bearer t0k3n',
    'GET /api/gateways/rack%201/desired-state?wait=25&after=9 Bearer t0k3n',
  ]);
  expect(delivered.map(({ generation }) => generation)).toEqual([4, 9]);
});

it('a wake ends the wait and asks at once; a stream of wakes does not keep the answer away', async () => {
  let generation = 1;
  handle = (request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    if (url.searchParams.get('wait') === '0') setTimeout(() => json(response, desiredState(generation, [])), 50);
    else if (!url.searchParams.has('after')) json(response, desiredState(generation, []));
  };
  const polling = start();
  await until(() => asked.length === 2);
  generation = 2;
  const stream = setInterval(() => polling.wake(), 5);
  await until(() => delivered.length === 2);
  clearInterval(stream);
  expect(delivered[1]?.generation).toBe(2);
  expect(said).toEqual([]);
});

it.each([
  [401, /no token; give the gateway a valid token/],
  [403, /not for gateway "rack 1"/],
  [404, /knows no gateway "rack 1"; create it/],
  [503, /says 503: the database is away/],
])('says once what to do about %d, and goes on when it passes', async (status, words) => {
  let refusals = 0;
  handle = (request, response) => {
    if (refusals++ < 2) response.writeHead(status).end(JSON.stringify({ detail: 'the database is away' }));
    else if (!(request.url ?? '').includes('after')) json(response, desiredState(1, []));
  };
  if (status === 401) start();
  else start('t');
  await until(() => delivered.length === 1);
  expect(said.filter((line) => words.test(line))).toHaveLength(1);
  expect(said.at(-1)).toBe('info: the control plane answers again');
});

it('hands on nothing that is not a desired state', async () => {
  const bad = ['<html>a proxy</html>', '{}', JSON.stringify({ ...desiredState(3, []), maps: [{ id: 'x' }] })];
  let next = 0;
  handle = (_, response) => response.writeHead(200).end(bad[next++ % bad.length]);
  start();
  await until(() => said.length === 3);
  expect(delivered).toEqual([]);
  for (const line of said) expect(line).toMatch(/^error: .*nothing is changed/);
});

it('does not ask in a tight loop when the answer comes at once and says nothing new', async () => {
  handle = (_, response) => json(response, desiredState(1, []));
  start();
  await until(() => delivered.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(asked.length).toBeLessThanOrEqual(2);
});

it('says plainly that nobody answers', async () => {
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const away = new ControlPlaneClient({ controlPlaneUrl: `http://127.0.0.1:${port}`, gateway: 'g' });
  await expect(away.desiredState(undefined, 0, new AbortController().signal)).rejects.toThrow(
    /cannot be reached \(ECONNREFUSED.*the rules in the kernel stay as they are/,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

it('sends a report until it is acknowledged', async () => {
  const bodies: string[] = [];
  handle = (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(bodies.length < 2 ? 503 : 204).end();
      changed();
    });
  };
  const reporter = new StatusReporter(client('t'), 60_000, log);
  const report = { generation: 1, mode: 'apply' as const, maps: [], gone: ['x'] };
  reporter.observe(report);
  await until(() => bodies.length === 2);
  await reporter.close();
  expect(bodies.map((body): unknown => JSON.parse(body))).toEqual([report, report]);
  expect(asked[0]).toBe('PUT /api/gateways/rack%201/status Bearer t');
});
