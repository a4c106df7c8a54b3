import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundSpaces } from '../database/spaces.js';
import { Api, newSecret, type Answer } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { Proxy } from './proxy.js';

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

describe('reservations that end', () => {
  let api: Api;
  let subnet: string;
  let gateway: string;

  beforeAll(async () => {
    api = await Api.start();
    ({ subnet, gateway } = await api.gateway());
  });
  afterAll(() => api.close());

  const reserve = (body: object = {}): Promise<Answer['body']> => api.make(`/subnets/${subnet}/reservations`, body);
  const renew = (id: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    api.post(`/reservations/${id}/renew`, body, { headers });
  const events = async (id: string, type: string): Promise<Answer['body'][]> =>
    (await api.sql('SELECT data FROM outbox WHERE subject LIKE $1 AND type = $2', [`%/${id}`, type])).map(({ data }) =>
      typeof data === 'string' ? JSON.parse(data) : data,
    );
  const gone = (path: string): Promise<unknown> =>
    eventually(`the end of ${path}`, async () => (await api.get(path)).status === 404);
  const code = ({ status, body }: Answer): unknown[] => [status, body?.code, body?.errors?.[0]?.field];

  it('show when: on the reservation, its leases, in lists; null when they do not end', async () => {
    const { id, expiresAt, createdAt, leases } = await reserve({ ttl: 3600 });
    expect(Date.parse(expiresAt as string) - Date.parse(createdAt as string)).toBeGreaterThan(3_590_000);
    expect(Date.parse(expiresAt as string) - Date.parse(createdAt as string)).toBeLessThan(3_600_001);
    expect((await api.get(`/reservations/${id}`)).body).toMatchObject({
      expiresAt,
      ttl: 3600,
      leases: [{ expiresAt }],
    });
    expect((await api.get(`/leases/${leases[0].id}`)).body).toMatchObject({ expiresAt });
    expect((await api.patch(`/leases/${leases[0].id}`, { name: 'x' })).body).toMatchObject({ name: 'x', expiresAt });
    expect((await api.get(`/reservations/${id}/leases`)).body.leases).toMatchObject([{ expiresAt }]);
    const endless = await reserve();
    expect(endless).toMatchObject({ expiresAt: null, ttl: null, leases: [{ expiresAt: null }] });
    expect((await api.get(`/leases/${endless.leases[0].id}`)).body.expiresAt).toBeNull();
  });

  it('refuse an end that is given twice, is past, or is none, and name the field', async () => {
    const post = async (body: object): Promise<unknown> =>
      code(await api.post(`/subnets/${subnet}/reservations`, body));
    expect(await post({ ttl: 1, expiresAt: inMs(9e6) })).toEqual([422, 'invalid-field', 'ttl']);
    expect(await post({ expiresAt: inMs(-1) })).toEqual([422, 'invalid-field', 'expiresAt']);
    expect(await post({ expiresAt: inMs(4e11) })).toEqual([422, 'invalid-field', 'expiresAt']);
    expect(await post({ expiresAt: 'tomorrow' })).toEqual([422, 'invalid-field', 'expiresAt']);
    expect(await post({ ttl: 0 })).toEqual([422, 'invalid-field', 'ttl']);
    expect(await post({ ttl: 315_360_001 })).toEqual([422, 'invalid-field', 'ttl']);
  });

  it('end by themselves, addresses and all; told before, once, and at the end', async () => {
    const { id, leases, expiresAt } = await reserve({ ttl: 1, count: 2 });
    await gone(`/reservations/${id}`);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt as string) - 5);
    expect((await api.get(`/leases/${leases[0].id}`)).status).toBe(404);
    const end = { releasedBy: null, reason: 'expired' };
    expect(await events(id, 'ipam.reservation.expiring')).toMatchObject([{ id, expiresAt, leases: [{}, {}] }]);
    expect(await events(id, 'ipam.reservation.deleted')).toMatchObject([{ id, ...end, leases: [{}, {}] }]);
    for (const lease of leases)
      expect(await events(lease.id, 'ipam.lease.deleted')).toMatchObject([{ ...lease, ...end }]);
    expect((await api.delete(`/reservations/${id}`)).status).toBe(404);
    await expectSoundSpaces(api.database);
  });

  it('take their port maps with them; the address rests until the gateway has forgotten it', async () => {
    const agent = await api.token({ sub: 'agent', role: 'gateway', gateway });
    const report = (gone: string[]): Promise<Answer> =>
      api.put(`/gateways/${gateway}/status`, { generation: 0, mode: 'apply', maps: [], gone }, { token: agent });
    await report([]);
    const { id, leases } = await reserve({ ttl: 600 });
    const map = await api.make('/port-maps', { gateway, lease: leases[0].id, targetPort: 22 });
    expect(map.lease).toBe(leases[0].id);
    await api.patch(`/reservations/${id}`, { expiresAt: inMs(300) });
    await gone(`/reservations/${id}`);
    expect((await api.get(`/port-maps/${map.id}`)).body).toMatchObject({ status: 'removing', lease: null });
    const again = { addresses: [leases[0].address] };
    expect(code(await api.post(`/subnets/${subnet}/reservations`, again))).toEqual([409, 'address-in-use', undefined]);
    await report([map.id]);
    await reserve(again);
    await expectSoundSpaces(api.database);
  });

  it('can be given another end, or none', async () => {
    const { id } = await reserve({ ttl: 3600 });
    const expiresAt = inMs(7.2e6);
    expect((await api.patch(`/reservations/${id}`, { expiresAt })).body).toMatchObject({ expiresAt, ttl: null });
    expect((await api.patch(`/reservations/${id}`, { name: 'n' })).body).toMatchObject({ expiresAt, name: 'n' });
    expect((await api.put(`/reservations/${id}`, { name: 'm' })).body).toMatchObject({ expiresAt, name: 'm' });
    expect((await api.patch(`/reservations/${id}`, { ttl: 60 })).body).toMatchObject({ ttl: 60 });
    expect((await api.patch(`/reservations/${id}`, { expiresAt: null })).body).toMatchObject({
      expiresAt: null,
      ttl: null,
    });
    expect(code(await api.patch(`/reservations/${id}`, { expiresAt: inMs(-1) }))).toEqual([
      422,
      'invalid-field',
      'expiresAt',
    ]);
    expect(await api.sql('SELECT notice_at FROM reservation WHERE id = $1', [id])).toEqual([{ notice_at: null }]);
  });

  it('are renewed for their own ttl, another, or until a time', async () => {
    const { id } = await reserve({ ttl: 3600 });
    const first = await renew(id);
    expect([first.status, first.headers.get('etag'), first.body.ttl, first.body.version]).toEqual([
      200,
      '"2"',
      3600,
      2,
    ]);
    expect(first.body.leases).toHaveLength(1);
    const second = await renew(id, { ttl: 7200 });
    expect(Date.parse(second.body.expiresAt as string)).toBeGreaterThan(Date.now() + 7_100_000);
    expect((await api.get(`/reservations/${id}`)).body).toEqual(second.body);
    const expiresAt = inMs(9e6);
    expect((await renew(id, { expiresAt })).body).toMatchObject({ expiresAt, ttl: null, version: 4 });
    expect(code(await renew(id))).toEqual([422, 'invalid-field', 'ttl']);
    expect(code(await renew(id, { expiresAt: inMs(-1) }))).toEqual([422, 'invalid-field', 'expiresAt']);
    expect(code(await renew(id, { ttl: 5 }, { 'if-match': '"3"' }))).toEqual([412, 'precondition-failed', undefined]);
    const key = { 'idempotency-key': 'once', 'if-match': '"4"' };
    const once = await renew(id, { ttl: 5000 }, key);
    const twice = await renew(id, { ttl: 5000 }, key);
    expect([once.status, twice.status, twice.text]).toEqual([200, 200, once.text]);
    expect(await events(id, 'ipam.reservation.renewed')).toHaveLength(4);
    expect(code(await renew('6b024480686c824ea09e15b6'))).toEqual([404, 'not-found', undefined]);
  });

  it('are lost once their time has come, also before anybody has swept them', async () => {
    const { id } = await reserve({ ttl: 3600 });
    // A transaction that has the row keeps the sweeper from it, as a slow change of somebody's would.
    const ended = api.sql(
      `BEGIN; UPDATE reservation SET expires_at = now() - interval '1 second' WHERE id = '${id}'; COMMIT;
       BEGIN; SELECT 1 FROM reservation WHERE id = '${id}' FOR KEY SHARE; SELECT pg_sleep(0.5); COMMIT`,
    );
    await eventually(
      'the end',
      async () => Date.parse((await api.get(`/reservations/${id}`)).body.expiresAt) < Date.now(),
    );
    expect(code(await renew(id, { ttl: 3600 }))).toEqual([404, 'not-found', undefined]);
    expect(code(await api.patch(`/reservations/${id}`, { expiresAt: inMs(9e6) }))).toEqual([
      404,
      'not-found',
      undefined,
    ]);
    await ended;
    await gone(`/reservations/${id}`);
  });

  it('of components have no end and get none', async () => {
    const component = await api.make('/components', { name: 'c', kind: 'x', gateway, ports: [{ targetPort: 22 }] });
    const { reservation, expiresAt } = component.leases[0];
    expect(expiresAt).toBeNull();
    expect(code(await renew(reservation, { ttl: 60 }))).toEqual([409, 'in-use', undefined]);
    expect(code(await api.patch(`/reservations/${reservation}`, { ttl: 60 }))).toEqual([409, 'in-use', undefined]);
    expect((await api.patch(`/reservations/${reservation}`, { ttl: null })).status).toBe(200);
  });

  it('are never renewed and ended both', async () => {
    const made = (await Promise.all(Array.from({ length: 40 }, () => reserve({ expiresAt: inMs(1_000) })))) as {
      id: string;
    }[];
    const lost = new Set<string>();
    // Each is renewed at random times around its end, by a few milliseconds beyond it, until that comes too late.
    await Promise.all(
      made.map(async ({ id }) => {
        for (let times = 0; times < 200; times++) {
          const { status, body } = await renew(id, { expiresAt: inMs(20 + Math.random() * 150) });
          if (status === 404) return void lost.add(id);
          if (status === 200) {
            await eventually('its end to be near', () => Date.now() > Date.parse(body.expiresAt as string) - 10);
          } else expect([status, body.code]).toEqual([422, 'invalid-field']);
        }
      }),
    );
    expect(lost.size).toBeGreaterThan(0);
    await eventually('the end of all', async () => {
      const [row] = await api.sql('SELECT count(*)::int AS n FROM reservation WHERE id = ANY($1)', [
        made.map((one) => one.id),
      ]);
      return row.n === 0;
    });
    const rows = (await api.sql(
      `SELECT subject, type, seq, data->>'expiresAt' AS "expiresAt" FROM outbox WHERE subject = ANY($1) ORDER BY seq`,
      [made.map(({ id }) => `reservations/${id}`)],
    )) as { subject: string; type: string; expiresAt: string }[];
    for (const { id } of made) {
      const own = rows.filter(({ subject }) => subject === `reservations/${id}`);
      // The end is the last thing that is told, once, and it is the end that was last promised.
      expect(own.filter(({ type }) => type === 'ipam.reservation.deleted')).toHaveLength(1);
      expect(own.at(-1)?.type).toBe('ipam.reservation.deleted');
      const promised = own.filter(({ type }) => /renewed|created/.test(type)).at(-1);
      expect(own.at(-1)?.expiresAt).toBe(promised?.expiresAt);
    }
    await expectSoundSpaces(api.database);
  });
});

describe('sweepers in several processes', () => {
  let database: TestDatabase;
  const secret = newSecret();
  const apis: Api[] = [];
  const start = async (url = database.url): Promise<Api> => {
    const api = await Api.start({ database: url, secret });
    apis.push(api);
    return api;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await Promise.all(apis.map((api) => api.end('SIGKILL')));
    await database.drop();
  });

  it('end everything once, though one is killed in the middle', async () => {
    const [one, two] = [await start(), await start()];
    const { subnet } = await one.subnet('10.70.0.0', '10.70.255.255');
    const path = `/subnets/${subnet}/reservations`;
    await Promise.all(Array.from({ length: 40 }, () => one.make(path, { count: 80, ttl: 7200 })));
    const left = async (): Promise<number> =>
      (await two.sql('SELECT count(*)::int AS n FROM reservation'))[0].n as number;
    await two.sql(`UPDATE reservation SET expires_at = now()`);
    await eventually('some to end', async () => (await left()) < 40);
    await one.end('SIGKILL');
    await eventually('all to end', async () => (await left()) === 0);
    const [ends] = await two.sql(
      `SELECT count(*)::int AS n, count(DISTINCT subject)::int AS subjects, count(DISTINCT data->>'reason')::int AS reasons
       FROM outbox WHERE type IN ('ipam.lease.deleted', 'ipam.reservation.deleted')`,
    );
    expect(ends).toEqual({ n: 40 * 81, subjects: 40 * 81, reasons: 1 });
    await expectSoundSpaces(database.url);
  });

  it('tell once that an end is near, also over a restart', async () => {
    const first = await start();
    const { subnet } = await first.subnet('10.71.0.0', '10.71.0.255');
    const { id } = await first.make(`/subnets/${subnet}/reservations`, { ttl: 7200 });
    const told = async (): Promise<number> =>
      (
        await first.sql(`SELECT 1 FROM outbox WHERE type = 'ipam.reservation.expiring' AND subject = $1`, [
          `reservations/${id}`,
        ])
      ).length;
    await first.sql('UPDATE reservation SET notice_at = now() WHERE id = $1', [id]);
    await eventually('the notice', async () => (await told()) === 1);
    await first.end('SIGKILL');
    const second = await start();
    // What comes after it in the same sweeper shows that it has looked.
    const { id: other } = await second.make(`/subnets/${subnet}/reservations`, { ttl: 1 });
    await eventually('another end', async () => (await second.get(`/reservations/${other}`)).status === 404);
    expect(await told()).toBe(1);
    expect((await second.post(`/reservations/${id}/renew`, {})).status).toBe(200);
    await second.sql('UPDATE reservation SET notice_at = now() WHERE id = $1', [id]);
    await eventually('the notice of the new end', async () => (await told()) === 2);
  });

  it('go on when the database comes back', async () => {
    const proxy = await Proxy.to(database.url);
    const api = await start(proxy.url);
    await Promise.all(apis.filter((other) => other !== api).map((other) => other.end('SIGTERM')));
    const { subnet } = await api.subnet('10.72.0.0', '10.72.0.255');
    const { id } = await api.make(`/subnets/${subnet}/reservations`, { ttl: 1 });
    await proxy.cut();
    await eventually('the sweeper to notice', () => api.log.includes('cannot end reservations now'));
    await proxy.mend();
    await eventually('the end', async () => (await api.get(`/reservations/${id}`)).status === 404);
    await api.end('SIGTERM');
    await proxy.cut();
  });
});
