import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { DOORS, listenerOf, startWithPlainListener } from './doors.js';
import { GoClient, POOL, readAnswer, RESERVATION, SUBNET, vendor } from './go-client.js';
import { octets, type Listener } from './raw.js';

/** contracts/rackhd.md sections 9 and 14: the 25 calls of the Go client, byte by byte, through both doors. */
describe.each(DOORS)('the Go client on %s', (door) => {
  let api: Api;
  let listener: Listener;
  let client: GoClient;

  beforeAll(async () => {
    api = await startWithPlainListener({ auth: door === 'the plain listener' ? 'jwt' : 'none' });
    listener = await listenerOf(api, door);
    client = new GoClient(listener);
  });
  afterAll(() => api.close());

  it('sends these bytes and gets those back', async () => {
    const body = '{"id":"","name":"P0","tags":null,"metadata":null}\n';
    const request =
      'POST /pools HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: Go-http-client/1.1\r\nConnection: close\r\n' +
      'Content-Length: 50\r\nContent-Type: application/vnd.ipam.pool+json; version=1.0.0\r\n' +
      `Accept-Encoding: gzip\r\n\r\n${body}`;
    const { statusLine, headers, body: answered } = readAnswer(await octets(listener, request));
    const pool = JSON.parse(answered.toString()) as { id: string };
    expect(statusLine).toBe('201 Created');
    expect(headers.get('content-type')).toBe('application/vnd.ipam.pool+json; version=1.0.0');
    expect(headers.get('location')).toBe(`/pools/${pool.id}`);
    expect(headers.get('connection')).toBe('close');
    expect(headers.get('content-length')).toBe(String(answered.length));

    const index =
      'GET /pools HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: Go-http-client/1.1\r\nConnection: close\r\n' +
      'Content-Type: +json; version=""\r\nAccept-Encoding: gzip\r\n\r\n';
    const list = readAnswer(await octets(listener, index));
    expect([list.statusLine, list.headers.get('content-type')]).toEqual(['200 OK', vendor('pools')]);
    // how full it is comes with it: a member that this client passes over
    expect(JSON.parse(list.body.toString())).toEqual({ pools: [expect.objectContaining(pool)] });

    const remove =
      `DELETE /pools/${pool.id} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: Go-http-client/1.1\r\n` +
      'Connection: close\r\nContent-Length: 50\r\nContent-Type: application/vnd.ipam.pool+json; version=1.0.0\r\n' +
      `Accept-Encoding: gzip\r\n\r\n${body}`;
    const removed = readAnswer(await octets(listener, remove));
    expect([removed.statusLine, removed.headers.get('location'), removed.body.length]).toEqual([
      '204 No Content',
      '/pools',
      0,
    ]);
  });

  it('makes all of its 25 calls', async () => {
    const created = await client.create('/pools', 'pool', POOL);
    expect(await client.index('/pools', 'pool')).toContainEqual(
      expect.objectContaining({ id: created.slice('/pools/'.length), name: 'P0' }),
    );
    const pool = await client.createShow('/pools', 'pool', { ...POOL, name: 'P1', metadata: 'a text <&>' });
    expect(pool).toMatchObject({ name: 'P1', tags: [], metadata: 'a text <&>' });
    expect(pool.id).not.toBe('');
    const at = `/pools/${pool.id}`;
    expect(await client.show(at, 'pool')).toEqual({ ...pool, capacity: expect.any(Object) });
    expect(await client.update(at, 'pool', { ...pool, name: 'P2' })).toBe(at);
    const renamed = await client.updateShow(at, 'pool', { ...pool, id: '', name: 'P3' });
    expect(renamed).toMatchObject({ id: pool.id, name: 'P3', metadata: 'a text <&>' });

    const subnets = `${at}/subnets`;
    const first = await client.create(subnets, 'subnet', { ...SUBNET, start: '10.0.0.1', end: '10.0.0.1' });
    const subnet = await client.createShow(subnets, 'subnet', SUBNET);
    expect(subnet).toMatchObject({ pool: pool.id, start: '192.168.1.10', end: '192.168.1.11' });
    expect(await client.index(subnets, 'subnet')).toHaveLength(2);
    const under = `/subnets/${subnet.id}`;
    expect(await client.show(under, 'subnet')).toEqual({ ...subnet, capacity: expect.any(Object) });
    expect(await client.update(under, 'subnet', { ...subnet, name: 'S1' })).toBe(under);
    const emptied = { ...subnet, name: 'S2', pool: '', start: '', end: '' };
    expect(await client.updateShow(under, 'subnet', emptied)).toMatchObject({
      ...{ name: 'S2', pool: pool.id, start: '192.168.1.10', end: '192.168.1.11' },
    });
    expect(await client.delete(first, 'subnet', SUBNET)).toBe('/subnets');

    const reservations = `${under}/reservations`;
    const reserved = await client.create(reservations, 'reservation', RESERVATION);
    const reservation = await client.createShow(reservations, 'reservation', { ...RESERVATION, name: 'R1' });
    expect(reservation.subnet).toBe(subnet.id);
    expect(await client.index(reservations, 'reservation')).toHaveLength(2);
    const held = `/reservations/${reservation.id}`;
    expect(await client.show(held, 'reservation')).toEqual(reservation);
    expect(await client.update(held, 'reservation', { ...RESERVATION, name: 'R2' })).toBe(held);
    const updated = await client.updateShow(held, 'reservation', { ...RESERVATION, name: 'R3' });
    expect(updated).toMatchObject({ name: 'R3', subnet: subnet.id });

    const leases = await client.index(`${held}/leases`, 'lease');
    expect(leases).toHaveLength(1);
    const [lease] = leases;
    expect(lease).toMatchObject({ address: '192.168.1.11', subnet: subnet.id, reservation: reservation.id });
    const one = `/leases/${lease.id}`;
    expect(await client.show(one, 'lease')).toEqual(lease);
    expect(await client.update(one, 'lease', { ...lease, metadata: { hwaddr: 'x' } })).toBe(one);
    const stripped = { ...lease, name: 'L', subnet: '', reservation: '', address: '' };
    expect(await client.updateShow(one, 'lease', stripped)).toMatchObject({
      ...{ name: 'L', address: '192.168.1.11', subnet: subnet.id, reservation: reservation.id },
    });

    expect(await client.delete(reserved, 'reservation', RESERVATION)).toBe('/reservations');
    // with subnets, reservations and leases below it, and a stale body
    expect(await client.delete(at, 'pool', { ...pool, name: 'stale' })).toBe('/pools');
    await expect(client.show(one, 'lease')).rejects.toThrow('application/problem+json');
    await expect(client.show(held, 'reservation')).rejects.toThrow('application/problem+json');

    const seven = ['Index', 'Show', 'Create', 'CreateShow', 'Update', 'UpdateShow', 'Delete'];
    const four = ['Index', 'Show', 'Update', 'UpdateShow'];
    expect([...client.calls].sort()).toEqual(
      [
        ...['pool', 'subnet', 'reservation'].flatMap((type) => seven.map((call) => `${type} ${call}`)),
        ...four.map((call) => `lease ${call}`),
      ].sort(),
    );
    expect(client.calls.size).toBe(25);
  });

  it('gets .10 and .11 of two addresses and is refused a third, whatever an earlier run has left behind', async () => {
    for (let run = 0; run < 2; run++) {
      const pool = await client.createShow('/pools', 'pool', POOL);
      const subnet = await client.createShow(`/pools/${pool.id}/subnets`, 'subnet', SUBNET);
      expect(subnet.pool).toBe(pool.id);
      const path = `/subnets/${subnet.id}/reservations`;
      for (const address of ['192.168.1.10', '192.168.1.11']) {
        const reservation = await client.createShow(path, 'reservation', RESERVATION);
        expect(await client.index(`/reservations/${reservation.id}/leases`, 'lease')).toEqual([
          expect.objectContaining({ address, reservation: reservation.id, subnet: subnet.id }),
        ]);
      }
      await expect(client.create(path, 'reservation', RESERVATION)).rejects.toThrow('409 Conflict');
    }
  });
});

it('the Go client opens while the server starts, and while its database is away', async () => {
  const port = await freePort();
  const listener = { url: `http://127.0.0.1:${port}` };
  const away = `postgres://nobody@127.0.0.1:${await freePort()}/nothing`;
  await expect(new GoClient(listener).index('/pools', 'pool')).rejects.toThrow('ECONNREFUSED');

  const blind = await Api.start({ auth: 'none', database: away, env: { PORT: String(port) } });
  await expect(new GoClient(listener).index('/pools', 'pool')).rejects.toThrow('application/problem+json');
  await blind.end('SIGTERM');

  let started: Promise<Api> | undefined;
  let pauses = 0;
  const client = await GoClient.open(listener, async () => {
    // It pauses for 5 s each time; the server comes up meanwhile.
    pauses++;
    started ??= Api.start({ auth: 'none', env: { PORT: String(port) } });
    await Promise.race([started, sleep(5_000)]);
  });
  const api = await started!;
  expect(pauses).toBeGreaterThan(0);
  expect(await client.index('/pools', 'pool')).toEqual([]);
  await api.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
