import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, dump } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { plainListener, startWithPlainListener } from './doors.js';
import { vendor } from './go-client.js';
import { goodBody, makeFixture, OPERATIONS, pathOf, type Fixture } from './operations.js';
import { bytes, exactly, type Listener, type RawAnswer } from './raw.js';

/** What RackHD's clients know (contracts/rackhd.md section 2); all else is behind the token. */
const SERVED = new Set([
  ...['/pools', '/pools/{id}', '/pools/{id}/subnets', '/pools/{id}/reservations'],
  ...['/subnets', '/subnets/{id}', '/subnets/{id}/reservations'],
  ...['/reservations', '/reservations/{id}', '/reservations/{id}/leases', '/leases', '/leases/{id}'],
]);

describe('the plain listener for RackHD clients', () => {
  let api: Api;
  let plain: Listener;
  let fixture: Fixture;

  beforeAll(async () => {
    api = await startWithPlainListener();
    plain = await plainListener(api);
    fixture = await makeFixture(api);
  });
  afterAll(() => api.close());

  const json = { 'content-type': 'application/json' };
  const ask = (method: string, path: string, body?: object, headers = {}): Promise<RawAnswer> =>
    exactly(plain, method, path, { ...json, ...headers }, body === undefined ? undefined : JSON.stringify(body));

  it("serves RackHD's routes and nothing else: every other one is as if it were not there", async () => {
    const before = await dump(api.database);
    // bulk is at a path that a reservation's id could have, were it one
    const others = OPERATIONS.filter(({ path }) => !SERVED.has(path) && path !== '/reservations/bulk');
    expect(others.length).toBeGreaterThan(10);
    for (const operation of others) {
      const path = pathOf(operation, fixture);
      const body = operation.body === undefined ? undefined : goodBody(operation, fixture);
      for (const authorization of ['', `Bearer ${api.admin}`]) {
        const headers = authorization === '' ? {} : { authorization };
        const answer = await ask(operation.method, path, body, headers);
        expect([operation.id, answer.status, answer.body.code]).toEqual([operation.id, 404, 'no-route']);
      }
      // nor does it say by a 405 that there is such a path
      const wrong = await ask('OPTIONS', path);
      expect([operation.id, wrong.status, wrong.body.code]).toEqual([operation.id, 404, 'no-route']);
    }
    for (const path of [
      '/docs',
      '/openapi.json',
      '/openapi.yaml',
      '/',
      '/health/live/',
      '//pools/../events',
      '/nothing',
    ]) {
      expect([path, (await ask('GET', path)).status]).toEqual([path, 404]);
    }
    expect(await dump(api.database)).toEqual(before);
  });

  it('serves those without a token, while the main listener asks for one', async () => {
    for (const operation of OPERATIONS.filter(({ path, method }) => SERVED.has(path) && method === 'GET')) {
      const path = pathOf(operation, fixture);
      expect([operation.id, (await ask('GET', path)).status]).toEqual([operation.id, 200]);
      expect([operation.id, (await exactly(api, 'GET', path)).status]).toEqual([operation.id, 401]);
    }
    const wrong = await ask('DELETE', '/pools');
    expect([wrong.status, wrong.body.code, wrong.headers['allow']]).toEqual([
      405,
      'method-not-allowed',
      'GET, HEAD, POST',
    ]);
    expect((await ask('PATCH', '/pools/')).status).toBe(405);
    expect((await ask('GET', '/pools/')).status).toBe(200);
  });

  it('acts as rackhd, whatever the Authorization header says', async () => {
    const reader = await api.token({ sub: 'kim', role: 'reader' });
    for (const authorization of [undefined, `Bearer ${reader}`, 'Bearer x.y.z', 'Basic cm9vdDpyb290']) {
      const headers = authorization === undefined ? {} : { authorization };
      const made = await ask('POST', `/subnets/${fixture.subnets}/reservations`, {}, headers);
      expect([authorization, made.status, made.body.owner]).toEqual([authorization, 201, 'rackhd']);
      expect((await ask('DELETE', `/reservations/${made.body.id as string}`, undefined, headers)).status).toBe(204);
    }
  });

  it('answers what is no HTTP, or too long, as the main one does', async () => {
    expect(await bytes(plain, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*"malformed-request"/);
    const long = `GET /pools HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(64 * 1024)}\r\n\r\n`;
    expect(await bytes(plain, long)).toMatch(/^HTTP\/1\.1 431 [^]*"headers-too-large"/);
    const head = `POST /pools HTTP/1.1\r\nHost: x\r\nContent-Type: ${vendor('pool')}\r\n`;
    expect(await bytes(plain, `${head}Content-Length: 99999999\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 413 /,
    );
  });
});

describe('the plain listener', () => {
  const lines = (api: Api, part: string): string[] => api.log.split('\n').filter((line) => line.includes(part));

  it('as member refuses what a member may not do', async () => {
    const api = await startWithPlainListener({ env: { RACKHD_ROLE: 'member' } });
    const plain = await plainListener(api);
    const { subnet } = await api.subnet('10.0.0.1', '10.0.0.9');
    const post = async (path: string): Promise<number> =>
      (await exactly(plain, 'POST', path, { 'content-type': 'application/json' }, '{}')).status;
    expect([await post('/pools'), await post(`/subnets/${subnet}/reservations`)]).toEqual([403, 201]);
    expect((await exactly(plain, 'GET', '/pools')).status).toBe(200);
    await api.close();
  });

  it('warns once when others than this machine can reach it, and stops in good order', async () => {
    const api = await startWithPlainListener({ env: { RACKHD_HOST: '0.0.0.0' } });
    const { port } = new URL((await plainListener(api)).url);
    await eventually('the warning', () => lines(api, 'asks for no token').length > 0);
    expect(lines(api, '"level":"warn"')).toHaveLength(1);

    // A request in progress is finished, its connection closed, and nothing new accepted.
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    await once(socket, 'connect');
    let answer = '';
    socket.on('data', (text: string) => (answer += text));
    socket.write('POST /pools HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{');
    // It is in progress once a later request has been answered.
    await exactly({ url: `http://127.0.0.1:${port}` }, 'GET', '/pools');
    const ended = api.end('SIGTERM');
    await eventually('no new connection', () =>
      exactly({ url: `http://127.0.0.1:${port}` }, 'GET', '/pools').then(
        () => false,
        () => true,
      ),
    );
    const closed = once(socket, 'close');
    socket.write('}');
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(await ended).toBe(0);
    await api.close();
  });

  it('does not let a process start when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(startWithPlainListener({ env: { RACKHD_PORT: String(port) } })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is taken. Stop what uses it, or set RACKHD_PORT to another.`,
    );
    other.close();
  });

  it('is not there unless it is asked for', async () => {
    const api = await Api.start({ env: { LOG_LEVEL: 'info' } });
    expect((await api.get('/health/live')).status).toBe(200);
    expect(lines(api, 'plain listener')).toEqual([]);
    await api.close();
  });
});
