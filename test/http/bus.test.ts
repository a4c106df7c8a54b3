import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Api, token } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { BusClient } from './bus-client.js';
import { TestHook } from './hook.js';
import { NatsServer } from './nats-server.js';

/** The stream as Berth made it before there were requests under `ipam.`. */
async function makeStream(nats: NatsServer, subject: string): Promise<void> {
  const connection = await connect({ servers: nats.url });
  await (await jetstreamManager(connection)).streams.add({ name: 'BERTH', subjects: [subject] });
  await connection.close();
}

describe('the API on NATS', () => {
  let nats: NatsServer;
  let api: Api;
  let bus: BusClient;

  beforeAll(async () => {
    nats = await NatsServer.prepare();
    await nats.start();
    await makeStream(nats, 'ipam.>');
    const env = { NATS_URL: nats.url, BUS_API: 'on', HOOKS: 'component.create:allow', BODY_LIMIT: '512KiB' };
    api = await Api.start({ env });
    bus = await BusClient.connect(nats, api.admin);
  });
  afterAll(async () => {
    await bus.connection.close();
    await api.close();
    await nats.remove();
  });

  it('does what HTTP does, and answers with the same document', async () => {
    const pool = await bus.ask('pool.create', { name: 'P', tags: ['a'], metadata: { n: 1 } });
    expect([pool.status, pool.body.name, pool.header('ETag'), pool.header('Content-Type')]).toEqual([
      201,
      'P',
      '"1"',
      'application/json',
    ]);
    const subnet = await bus.ask('subnet.create', { pool: pool.body.id, start: '10.1.0.0', end: '10.1.0.255' });
    const reservation = await bus.ask('reservation.create', { subnet: subnet.body.id, name: 'web', count: 2 });
    expect([reservation.status, reservation.body.leases.length]).toEqual([201, 2]);
    const shown = await bus.ask('reservation.get', { id: reservation.body.id });
    expect(shown.text).toBe((await api.get(`/reservations/${reservation.body.id}`)).text);
    for (const input of [{}, { pool: pool.body.id }, { subnet: subnet.body.id }]) {
      const list = await bus.ask('reservation.list', { ...input, name: 'web', limit: 5 });
      expect(list.body.reservations.map(({ id }: { id: string }) => id)).toEqual([reservation.body.id]);
    }
    const leases = await bus.ask('lease.list', { reservation: reservation.body.id });
    expect(leases.body.leases).toHaveLength(2);
    expect((await bus.ask('lease.get', { id: leases.body.leases[0].id })).body).toEqual(leases.body.leases[0]);
    expect((await bus.ask('reservation.update', { id: reservation.body.id, ttl: 60 })).body.version).toBe(2);
    expect((await bus.ask('reservation.renew', { id: reservation.body.id, ttl: 90 })).status).toBe(200);
    const bulk = { release: [reservation.body.id], create: [{ pool: pool.body.id }, { pool: pool.body.id }] };
    expect((await bus.ask('reservation.bulk', bulk)).body.results).toHaveLength(3);
    expect(await bus.ask('pool.delete', { id: pool.body.id })).toMatchObject({ status: 204, text: '' });
    expect((await api.get(`/pools/${pool.body.id}`)).status).toBe(404);
  });

  it('serves components, port maps and gateways', async () => {
    const { gateway } = await api.gateway();
    expect((await bus.ask('gateway.get', { id: gateway })).body.id).toBe(gateway);
    expect((await bus.ask('gateway.list', {})).body.gateways).toHaveLength(1);
    const component = await bus.ask('component.create', { name: 'vm', kind: 'centos', gateway });
    expect(component.status).toBe(201);
    expect((await bus.ask('component.list', { name: 'vm' })).body.components).toHaveLength(1);
    const map = await bus.ask('port-map.create', { gateway, address: '10.30.0.9', targetPort: 22 });
    expect((await bus.ask('port-map.get', { id: map.body.id })).body.targetPort).toBe(22);
    expect((await bus.ask('port-map.delete', { id: map.body.id })).status).toBe(204);
    expect((await bus.ask('component.delete', { id: component.body.id })).status).toBe(204);
  });

  it('keeps metadata as it came', async () => {
    const text = '{"name":"M","metadata":{"b":1.0,"a":12345678901234567890}}';
    expect((await bus.ask('pool.create', text)).text).toContain('"metadata":{"b":1.0,"a":12345678901234567890}');
    const found = await bus.ask('pool.list', { name: 'M', metadata: ['b:1.0'] });
    expect(found.body.pools).toHaveLength(1);
  });

  it('knows If-Match, If-None-Match and Idempotency-Key, in any case', async () => {
    const first = await bus.ask('pool.create', { name: 'I' }, { 'Idempotency-Key': 'k1' });
    const again = await bus.ask('pool.create', { name: 'I' }, { 'idempotency-key': 'k1' });
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect((await bus.ask('pool.create', { name: 'J' }, { 'Idempotency-Key': 'k1' })).body.code).toBe(
      'idempotency-key-reused',
    );
    const { id } = first.body;
    expect((await bus.ask('pool.update', { id, name: 'K' }, { 'If-Match': '"9"' })).status).toBe(412);
    expect((await bus.ask('pool.update', { id, name: 'K' }, { 'If-Match': '"1"' })).header('ETag')).toBe('"2"');
    expect(await bus.ask('pool.get', { id }, { 'If-None-Match': '"2"' })).toMatchObject({ status: 304, text: '' });
  });

  it('asks who it is, as HTTP does', async () => {
    const kim = await BusClient.connect(nats, await api.token({ sub: 'kim', role: 'member' }));
    expect((await kim.ask('pool.create', {})).body.code).toBe('forbidden');
    const reader = await token('another secret of thirty-two bytes', { sub: 'x', role: 'admin' });
    for (const sent of ['', 'Basic eDp5', `Bearer ${reader}`]) {
      const answer = await bus.ask('pool.create', 'no json', { Authorization: sent });
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
      expect(answer.header('WWW-Authenticate')).toContain('Bearer');
    }
    await kim.connection.close();
  });

  it.each<[string, object | string, number, string, string]>([
    ['pool.create', 'nonsense', 400, 'malformed-body', 'not JSON'],
    ['pool.create', '[]', 400, 'malformed-body', 'one JSON object'],
    ['pool.create', { nmae: 'x' }, 422, 'invalid-field', 'nmae'],
    ['pool.get', {}, 422, 'invalid-field', 'id: must be there'],
    ['pool.get', { id: '..' }, 404, 'not-found', '..'],
    ['pool.get', { id: 'a/b?c=d' }, 404, 'not-found', 'a/b?c=d'],
    ['pool.get', { id: { a: 1 } }, 422, 'invalid-field', 'id: must be a text'],
    ['pool.get', { id: 'x', nmae: 'y' }, 422, 'invalid-field', 'nmae'],
    ['pool.list', { limit: { a: 1 } }, 422, 'invalid-field', 'limit'],
    ['pool.list', { limit: 5000 }, 422, 'invalid-field', 'limit'],
    ['reservation.create', {}, 422, 'invalid-field', 'pool: must be there, or subnet instead'],
    ['reservation.create', { pool: 'a', subnet: 'b' }, 422, 'invalid-field', 'cannot stand beside'],
    ['pool.creat', {}, 404, 'no-route', 'pool.create'],
    ['import.create', {}, 404, 'no-route', 'there are'],
    ['pool.create', `{"name":"${'x'.repeat(600_000)}"}`, 413, 'body-too-large', 'larger'],
  ])('%s %.40j: %i %s', async (operation, input, status, code, detail) => {
    const answer = await bus.ask(operation, input);
    expect([answer.status, answer.body.status, answer.body.code]).toEqual([status, status, code]);
    expect(answer.body.detail).toContain(detail);
    expect(answer.header('Content-Type')).toBe('application/problem+json');
  });

  it('asks pre-commit hooks too', async () => {
    const { gateway } = await api.gateway();
    const hook = await TestHook.start(nats);
    hook.answer = () => ({ allow: false, reason: 'not this one' });
    const answer = await bus.ask('component.create', { name: 'vm', kind: 'centos', gateway });
    expect([answer.status, answer.body.code, answer.body.detail]).toEqual([422, 'hook-refused', 'not this one']);
    expect(hook.take()[0]?.data.input).toEqual({ name: 'vm', kind: 'centos', gateway });
    await hook.connection.close();
  });

  it('is no stream, whatever the stream was before: tokens and questions are not kept', async () => {
    await eventually('the events', async () => (await nats.count()) > 0);
    const subjects = (await nats.messages()).map(({ subject }) => subject);
    expect(
      subjects.filter((subject) => !/^ipam\.[a-z-]+\.[a-z-]+$/.test(subject) || /hooks|api/.test(subject)),
    ).toEqual([]);
  });

  it('leaves out a body that NATS does not carry, and says so', async () => {
    const { pool } = await api.subnet('10.9.0.0', '10.9.63.255');
    const answer = await bus.ask('reservation.create', { pool, count: 4096, name: 'n'.repeat(200) });
    expect([answer.status, answer.text, Number(answer.header('Berth-Body-Omitted')) > 1_000_000]).toEqual([
      201,
      '',
      true,
    ]);
  });

  it('is passed over by who expects no answer', async () => {
    bus.connection.publish('berth.api.pool.create', '{"name":"nobody"}');
    expect((await bus.ask('pool.list', { name: 'nobody' })).body.pools).toEqual([]);
  });

  it('finishes what it has in hand when it stops, and others of the queue take over', async () => {
    const { database, secret } = api;
    const env = { NATS_URL: nats.url, BUS_API: 'on' };
    const other = await Api.start({ database, secret, env });
    const asked = Array.from({ length: 40 }, (_, n) => bus.ask('pool.create', { name: `q${n}` }));
    await Promise.race(asked);
    await other.end('SIGTERM');
    expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([201]));
    expect((await bus.ask('pool.list', { namePrefix: 'q', limit: 100 })).body.pools).toHaveLength(40);
    expect((await api.get('/metrics')).text).toMatch(
      /berth_bus_requests_total{operation="pool.create",status="201"} \d+/,
    );
  });

  it('is back when NATS is', async () => {
    await nats.kill();
    expect((await api.get('/pools')).status).toBe(200);
    await nats.start();
    const back = await eventually('a connection', () => connect({ servers: nats.url }));
    await back.close();
    await eventually('an answer', async () => (await bus.ask('pool.list', {})).status === 200);
  });
});
