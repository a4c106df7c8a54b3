import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, dump } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { TestHook } from './hook.js';
import { NatsServer } from './nats-server.js';
import { changesNoResource, goodBody, makeFixture, OPERATIONS, pathOf } from './operations.js';

const HOOKS = 'pool.create,reservation.*,component.create:allow,subnet.update,import.create';

describe('pre-commit hooks', () => {
  let nats: NatsServer;
  let api: Api;
  /** Another process, which asks about everything, and waits hardly. */
  let strict: Api;
  let hook: TestHook;

  beforeAll(async () => {
    nats = await NatsServer.prepare();
    await nats.start();
    const env = { NATS_URL: nats.url, HOOKS, HOOKS_TIMEOUT_MS: '10000' };
    api = await Api.start({ env });
    const { database, secret } = api;
    strict = await Api.start({ database, secret, env: { ...env, HOOKS: '*.*', HOOKS_TIMEOUT_MS: '50' } });
  });
  afterAll(async () => {
    await strict.end('SIGTERM');
    await api.close();
    await nats.remove();
  });
  beforeEach(async () => {
    hook = await TestHook.start(nats);
  });
  afterEach(() => hook.connection.close());

  it('is asked who wants what, before it is done, and never told a token', async () => {
    const { id: pool } = await api.make('/pools', { name: 'P', metadata: { big: 1 } });
    const { id: subnet } = await api.make(`/pools/${pool}/subnets`, { start: '10.1.0.0', end: '10.1.0.255' });
    const kim = await api.token({ sub: 'kim', role: 'member', project: 'blue' });
    await api.make(`/subnets/${subnet}/reservations?dryRun=false`, { name: 'web', count: 2 }, { token: kim });
    const asked = hook.take();
    expect(asked.map(({ subject, type, data }) => [subject, type, data])).toEqual([
      [
        'ipam.hooks.pool.create',
        'ipam.hooks.pool.create.v1',
        {
          operation: 'pool.create',
          actor: { name: 'root', role: 'admin' },
          input: { name: 'P', metadata: { big: 1 } },
        },
      ],
      [
        'ipam.hooks.reservation.create',
        'ipam.hooks.reservation.create.v1',
        {
          operation: 'reservation.create',
          actor: { name: 'kim', role: 'member', project: 'blue' },
          input: { subnet, name: 'web', count: 2, dryRun: 'false' },
        },
      ],
    ]);
    expect(JSON.stringify(asked)).not.toContain(kim);
  });

  it('refuses with its reason, and nothing happens', async () => {
    const { subnet } = await api.subnet('10.2.0.0', '10.2.0.255');
    const before = await dump(api.database);
    hook.answer = ({ data }) => ({ allow: false, reason: `not\n${data.input['name'] as string}` });
    const { status, body, headers } = await api.post(`/subnets/${subnet}/reservations`, { name: 'web' });
    expect([status, body.code, body.detail]).toEqual([422, 'hook-refused', 'not web']);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(await dump(api.database)).toEqual(before);
  });

  it('is not asked by who may not, by what is wrong, nor about what it is not for', async () => {
    const reader = await api.token({ sub: 'r', role: 'reader' });
    expect((await api.post('/pools', {}, { token: reader })).status).toBe(403);
    expect((await api.post('/pools', {}, { token: '' })).status).toBe(401);
    expect((await api.post('/pools', { nmae: 'x' })).status).toBe(422);
    expect((await api.get('/pools')).status).toBe(200);
    expect(hook.take()).toEqual([]);
    const { pool } = await api.subnet('10.3.0.0', '10.3.0.255');
    hook.take();
    await api.patch(`/pools/${pool}`, { name: 'Q' });
    await api.delete(`/pools/${pool}`);
    expect(hook.take()).toEqual([]);
  });

  it('is not asked again for an answer that is given again', async () => {
    const options = { headers: { 'idempotency-key': 'once' } };
    const first = await api.post('/pools', { name: 'K' }, options);
    hook.answer = () => ({ allow: false, reason: 'no more' });
    const again = await api.post('/pools', { name: 'K' }, options);
    expect([first.status, again.status, again.text]).toEqual([201, 201, first.text]);
    expect((await api.post('/pools', { name: 'L' }, options)).body.code).toBe('idempotency-key-reused');
    expect(hook.take()).toHaveLength(1);
    expect((await api.post('/pools', {}, { headers: { 'idempotency-key': 'two' } })).body.code).toBe('hook-refused');
    hook.answer = () => ({ allow: true });
    expect((await api.post('/pools', {}, { headers: { 'idempotency-key': 'two' } })).status).toBe(201);
  });

  it('is asked about each item of a bulk request, and one veto refuses all', async () => {
    const { subnet } = await api.subnet('10.4.0.0', '10.4.0.255');
    const { id } = await api.make(`/subnets/${subnet}/reservations`, {});
    hook.take();
    const names = Array.from({ length: 70 }, (_, n) => `n${n}`);
    const body = { release: [id], create: names.map((name) => ({ subnet, name })) };
    const before = await dump(api.database);
    hook.answer = ({ data }) => (data.input['name'] === 'n65' ? { allow: false, reason: 'odd' } : { allow: true });
    const refused = await api.post('/reservations/bulk', body);
    expect([refused.status, refused.body.code, refused.body.errors]).toEqual([
      422,
      'hook-refused',
      [{ field: 'create.65', message: 'odd' }],
    ]);
    expect(await dump(api.database)).toEqual(before);
    hook.take();
    hook.answer = () => ({ allow: true });
    expect((await api.post('/reservations/bulk', body)).body.results).toHaveLength(71);
    const asked = hook.take().map(({ data: { operation, input } }) => [operation, input['name'] ?? input['id']]);
    expect(asked.slice(1)).toEqual([['reservation.delete', id], ...names.map((name) => ['reservation.create', name])]);
    expect(asked[0]?.[0]).toBe('reservation.bulk');
  });

  it('holds no lock and no connection while it waits', async () => {
    const { subnet } = await api.subnet('10.5.0.0', '10.5.0.255');
    let answered = 0;
    const waiting: (() => void)[] = [];
    hook.answer = () => undefined;
    hook.connection.subscribe('ipam.hooks.reservation.create', {
      callback: (_error, message) => {
        waiting.push(() => message.respond('{"allow":true}'));
      },
    });
    await hook.connection.flush();
    // more than there are connections to the database
    const asked = Array.from({ length: 20 }, () =>
      api.post(`/subnets/${subnet}/reservations`, {}).then(({ status }) => {
        answered++;
        return status;
      }),
    );
    await eventually('20 questions', () => waiting.length === 20);
    const [{ locks }] = await api.sql(
      `SELECT count(*)::int AS locks FROM pg_stat_activity
       WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'
         AND state LIKE 'idle in transaction%'`,
    );
    expect([answered, locks, (await api.get('/pools')).status]).toEqual([0, 0, 200]);
    for (const answer of waiting) answer();
    expect(new Set(await Promise.all(asked))).toEqual(new Set([201]));
  });

  it('that is silent is taken as the policy says: late, nonsense, nobody there', async () => {
    hook.answer = () => undefined;
    const late = await strict.post('/pools', {});
    expect([late.status, late.body.code, late.headers.get('retry-after')]).toEqual([503, 'unavailable', '1']);
    expect(late.body.detail).toContain('pool.create');
    for (const nonsense of ['', 'yes', '{"allow":"true"}', '{"stream":"BERTH","seq":1}']) {
      hook.answer = () => nonsense;
      expect((await api.post('/pools', {})).status).toBe(503);
    }
    await hook.connection.close();
    const start = performance.now();
    expect((await api.post('/pools', {})).status).toBe(503);
    expect(performance.now() - start).toBeLessThan(5_000);
    // with :allow it goes on, to the gateway that there is not
    expect((await api.post('/components', { name: 'x', kind: 'centos', gateway: 'none' })).status).toBe(422);
    for (const cause of ['no answer in 50 ms', 'nobody listens', 'an answer that is none']) {
      expect(`${strict.log}${api.log}`).toContain(cause);
    }
  });

  it('counts what came of it', async () => {
    const text = (await api.get('/metrics')).text;
    for (const outcome of ['allowed', 'vetoed', 'silent']) {
      expect(text).toMatch(new RegExp(`berth_hooks_total{operation="pool.create",outcome="${outcome}"} [1-9]`));
    }
    expect(text).toContain('berth_hook_duration_seconds_count{operation="pool.create"}');
  });

  it('while NATS is away: at once what silence means, and again as before when it is back', async () => {
    await nats.kill();
    await eventually('the loss to be seen', async () => {
      const start = performance.now();
      return (await api.post('/pools', {})).status === 503 && performance.now() - start < 5_000;
    });
    await nats.start();
    const back = await TestHook.start(nats);
    await eventually('the hook to be asked', async () => (await api.post('/pools', {})).status === 201);
    await back.connection.close();
  });

  it('is there for every change of a resource, and for no read', async () => {
    const fixture = await makeFixture(api);
    await hook.connection.close();
    for (const operation of OPERATIONS) {
      if (changesNoResource(operation) || operation.path.endsWith('/desired-state')) continue;
      const body = operation.body === undefined ? undefined : goodBody(operation, fixture);
      const headers = { 'content-type': operation.id === 'importAll' ? 'application/x-ndjson' : 'application/json' };
      const path = pathOf(operation, fixture);
      const { status } = await strict.request(operation.method, path, { headers, ...(body ? { body } : {}) });
      expect([operation.id, status]).toEqual([operation.id, operation.method === 'GET' ? 200 : 503]);
    }
  });
});
