import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundSpaces } from '../database/spaces.js';
import { Api, query } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { goodBody, makeFixture, OPERATIONS, pathOf, type Fixture } from './operations.js';
import { Proxy } from './proxy.js';

const KNOWN = ['getLiveness', 'getMetrics', 'listComponentKinds', 'listEventSchemas', 'getEventSchema'];

describe('without its database', () => {
  let database: TestDatabase;
  let proxy: Proxy;
  let api: Api;
  let fixture: Fixture;
  let pid: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await Proxy.to(database.url);
    api = await Api.start({ database: proxy.url });
    fixture = await makeFixture(api);
    pid = api.pid;
  });
  afterAll(async () => {
    expect(process.kill(pid, 0)).toBe(true); // the same process survived all of it
    expect(await api.end('SIGTERM')).toBe(0);
    await proxy.cut();
    await database.drop();
  });

  const back = (): Promise<unknown> => eventually('ready', async () => (await api.get('/health/ready')).status === 200);

  it('every route that needs it answers 503, says when to try again, and resumes by itself', async () => {
    await proxy.cut();
    // an import's answer has begun by then: its last line says so
    for (const operation of OPERATIONS.filter(({ id }) => id !== 'importAll')) {
      const { status, headers, body, text } = await api.request(operation.method, pathOf(operation, fixture), {
        ...(operation.body === undefined ? {} : { body: goodBody(operation, fixture) }),
      });
      // what is known without asking it; metrics say that it is away
      if (KNOWN.includes(operation.id)) {
        expect([operation.id, status]).toEqual([operation.id, 200]);
        continue;
      }
      expect([operation.id, status, body?.code]).toEqual([operation.id, 503, 'unavailable']);
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(headers.get('retry-after')).toMatch(/^\d+$/);
      expect(text).not.toMatch(/ECONN|127\.0\.0\.1|postgres/i);
    }
    await proxy.mend();
    await back();
    expect((await api.get(`/pools/${fixture.pools}`)).status).toBe(200);
    expect((await api.post('/pools', {})).status).toBe(201);
  });

  it('a process starts, and is ready when the database is', async () => {
    await proxy.cut();
    const late = await Api.start({ database: proxy.url, secret: api.secret });
    expect((await late.get('/health/live')).status).toBe(200);
    expect((await late.get('/health/ready')).status).toBe(503);
    await proxy.mend();
    await eventually('ready', async () => (await late.get('/health/ready')).status === 200);
    expect((await late.get('/pools')).status).toBe(200);
    expect(await late.end('SIGTERM')).toBe(0);
    await back();
  });

  it('event streams and long polls end or wait, and the process goes on', async () => {
    const { generation } = (await api.get(`/gateways/${fixture.gateways}/desired-state`)).body as {
      generation: number;
    };
    const poll = api.get(`/gateways/${fixture.gateways}/desired-state?after=${generation}&wait=60`);
    const stream = await fetch(`${api.url}/events?after=0`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${api.admin}` },
    });
    await proxy.cut();
    const answer = await poll;
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
    await stream.text().catch(() => undefined); // ends one way or the other: the client comes back with Last-Event-ID
    await proxy.mend();
    await back();
    const { id } = await api.make('/pools', {});
    await eventually('the event', async () =>
      (await api.get(`/events?after=${generation}&limit=1000`)).text.includes(id as string),
    );
  });

  it('acknowledged claims are there and nothing is held twice, however often connections break under load', async () => {
    const { subnet } = await api.subnet('10.60.0.0', '10.60.3.255');
    const acknowledged = new Map<string, string>();
    const seen = new Set<number>();
    let open = true;
    const load = Promise.all(
      Array.from({ length: 12 }, async () => {
        const mine: string[] = [];
        while (open) {
          const answer = await api.post(`/subnets/${subnet}/reservations`, {});
          seen.add(answer.status);
          if (answer.status === 201) {
            acknowledged.set(answer.body.id as string, answer.body.leases[0].address as string);
            mine.push(answer.body.id as string);
          }
          if (mine.length > 20) {
            const id = mine.shift()!;
            acknowledged.delete(id); // from now on either is right, until it is acknowledged
            const gone = await api.delete(`/reservations/${id}`);
            seen.add(gone.status);
          }
        }
      }),
    );
    for (let times = 0; times < 8; times++) {
      const before = acknowledged.size;
      await eventually('claims to flow', () => acknowledged.size !== before && seen.has(201), 20_000);
      if (times % 2 === 0) {
        await query(
          database.url,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
      } else {
        await proxy.cut();
        await eventually('a refusal', () => seen.delete(503));
        await proxy.mend();
      }
      seen.delete(201);
    }
    open = false;
    await load;
    await back();
    expect([...seen].filter((status) => ![201, 204, 503, 409].includes(status))).toEqual([]);
    const rows = (await query(
      database.url,
      'SELECT reservation_id AS id, host(address) AS address FROM lease WHERE subnet_id = $1',
      [subnet],
    )) as { id: string; address: string }[];
    const held = new Map(rows.map(({ id, address }) => [id, address]));
    expect([...acknowledged].filter(([id, address]) => held.get(id) !== address)).toEqual([]);
    await expectSoundSpaces(database.url);
  });
});
