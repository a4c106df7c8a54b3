import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { exactly, type RawAnswer } from './raw.js';

/** contracts/rackhd.md, sections 9, 10, 11 and 14: exactly what those clients send, read by the rules they read by. */
const GO = { 'User-Agent': 'Go-http-client/1.1', 'Accept-Encoding': 'gzip', Connection: 'close' };
const vendor = (type: string): string => `application/vnd.ipam.${type}+json; version=1.0.0`;

type Type = 'pool' | 'subnet' | 'reservation' | 'lease';
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- documents of four shapes
type Doc = any;

/** The client package of RackHD/ipam: how it sends, and what it looks at in the answer. */
class GoClient {
  constructor(private readonly api: Api) {}

  /** Reads look at the media type and at nothing else. */
  private async read(path: string, type: string, contentType: string): Promise<Doc> {
    const answer = await exactly(this.api, 'GET', path, { ...GO, 'Content-Type': contentType });
    const sent = String(answer.headers['content-type']);
    if (sent !== vendor(type)) throw new Error(`not ${type}: ${sent}`);
    expect(answer.headers['content-encoding']).toBeUndefined();
    return answer.body as unknown;
  }

  /** Writes look at the status and take the Location as it is. */
  private async write(method: string, path: string, type: Type, body: object): Promise<string> {
    const headers = { ...GO, 'Content-Type': vendor(type) };
    const answer: RawAnswer = await exactly(this.api, method, path, headers, `${JSON.stringify(body)}\n`);
    if (answer.status < 200 || answer.status > 300) throw new Error(`status ${answer.status}`);
    const { location } = answer.headers;
    if (typeof location !== 'string') throw new Error('no Location');
    return location;
  }

  index(path: string, type: Type): Promise<Doc[]> {
    return this.read(path, `${type}s`, '+json; version=""').then((list: Doc) => list[`${type}s`] as Doc[]);
  }

  show(path: string, type: Type): Promise<Doc> {
    return this.read(path, type, vendor(type));
  }

  create(path: string, type: Type, body: object): Promise<string> {
    return this.write('POST', path, type, body);
  }

  update(path: string, type: Type, body: object): Promise<string> {
    return this.write('PATCH', path, type, body);
  }

  delete(path: string, type: Type, body: object): Promise<string> {
    return this.write('DELETE', path, type, body);
  }

  /** The GET after a write, with the invalid type that it sends there. */
  async createShow(path: string, type: Type, body: object): Promise<Doc> {
    return this.read(await this.create(path, type, body), type, '+json; version=""');
  }

  async updateShow(path: string, type: Type, body: object): Promise<Doc> {
    return this.read(await this.update(path, type, body), type, '+json; version=""');
  }
}

const POOL = { id: '', name: 'P0', tags: null, metadata: null };
const SUBNET = { id: '', name: 'S0', tags: null, metadata: null, pool: '', start: '192.168.1.10', end: '192.168.1.11' };
const RESERVATION = { id: '', name: '', tags: null, metadata: null, subnet: '' };

describe('the clients of RackHD', () => {
  let api: Api;
  let client: GoClient;

  beforeAll(async () => {
    api = await Api.start({ auth: 'none' });
    client = new GoClient(api);
  });
  afterAll(() => api.close());

  describe('the Go client', () => {
    it('makes all of its 25 calls', async () => {
      const created = await client.create('/pools', 'pool', POOL);
      expect(await client.index('/pools', 'pool')).toContainEqual(
        expect.objectContaining({ id: created.slice(7), name: 'P0' }),
      );
      const pool = await client.createShow('/pools', 'pool', { ...POOL, name: 'P1', metadata: 'a text' });
      expect(pool).toMatchObject({ name: 'P1', tags: [], metadata: 'a text' });
      expect(pool.id).not.toBe('');
      const at = `/pools/${pool.id}`;
      expect(await client.show(at, 'pool')).toEqual(pool);
      expect(await client.update(at, 'pool', { ...pool, name: 'P2' })).toBe(at);
      expect(await client.updateShow(at, 'pool', { ...pool, id: '', name: 'P3' })).toMatchObject({
        id: pool.id,
        name: 'P3',
      });

      const subnets = `${at}/subnets`;
      const first = await client.create(subnets, 'subnet', { ...SUBNET, start: '10.0.0.1', end: '10.0.0.1' });
      const subnet = await client.createShow(subnets, 'subnet', SUBNET);
      expect(subnet).toMatchObject({ pool: pool.id, start: '192.168.1.10', end: '192.168.1.11' });
      expect(await client.index(subnets, 'subnet')).toHaveLength(2);
      const under = `/subnets/${subnet.id}`;
      expect(await client.show(under, 'subnet')).toEqual(subnet);
      expect(await client.update(under, 'subnet', { ...subnet, name: 'S1' })).toBe(under);
      expect(
        await client.updateShow(under, 'subnet', { ...subnet, name: 'S2', pool: '', start: '', end: '' }),
      ).toMatchObject({
        name: 'S2',
        pool: pool.id,
        start: '192.168.1.10',
        end: '192.168.1.11',
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
      expect(await client.updateShow(held, 'reservation', { ...RESERVATION, name: 'R3' })).toMatchObject({
        name: 'R3',
        subnet: subnet.id,
      });

      const leases = await client.index(`${held}/leases`, 'lease');
      expect(leases).toHaveLength(1);
      const [lease] = leases;
      expect(lease).toMatchObject({ address: '192.168.1.11', subnet: subnet.id, reservation: reservation.id });
      const one = `/leases/${lease.id}`;
      expect(await client.show(one, 'lease')).toEqual(lease);
      expect(await client.update(one, 'lease', { ...lease, metadata: { hwaddr: 'x' } })).toBe(one);
      expect(
        await client.updateShow(one, 'lease', { ...lease, name: 'L', subnet: '', reservation: '', address: '' }),
      ).toMatchObject({
        name: 'L',
        address: '192.168.1.11',
        subnet: subnet.id,
        reservation: reservation.id,
      });

      expect(await client.delete(reserved, 'reservation', RESERVATION)).toBe('/reservations');
      // with subnets, reservations and leases below it, and a stale body
      expect(await client.delete(at, 'pool', { ...pool, name: 'stale' })).toBe('/pools');
      await expect(client.show(one, 'lease')).rejects.toThrow('application/problem+json');
      await expect(client.show(held, 'reservation')).rejects.toThrow('application/problem+json');
    });

    it('gets .10 and .11 of two addresses and is refused a third, whatever an earlier run has left behind', async () => {
      for (let run = 0; run < 3; run++) {
        const pool = await client.createShow('/pools', 'pool', POOL);
        const subnet = await client.createShow(`/pools/${pool.id}/subnets`, 'subnet', SUBNET);
        expect(subnet.pool).toBe(pool.id);
        for (const address of ['192.168.1.10', '192.168.1.11']) {
          const reservation = await client.createShow(`/subnets/${subnet.id}/reservations`, 'reservation', RESERVATION);
          expect(await client.index(`/reservations/${reservation.id}/leases`, 'lease')).toEqual([
            expect.objectContaining({ address, reservation: reservation.id, subnet: subnet.id }),
          ]);
        }
        await expect(client.create(`/subnets/${subnet.id}/reservations`, 'reservation', RESERVATION)).rejects.toThrow(
          'status 409',
        );
      }
    });

    it('sees every error as one, by the media type alone', async () => {
      for (const path of ['/pools/x', '/pools/6b024480686c824ea09e15b6', '/nothing']) {
        await expect(client.show(path, 'pool')).rejects.toThrow('application/problem+json');
      }
      await expect(client.index('/pools/x/subnets', 'subnet')).rejects.toThrow('application/problem+json');
      await expect(client.index('/reservations/x/leases', 'lease')).rejects.toThrow('application/problem+json');
      await expect(client.create('/pools/x/subnets', 'subnet', SUBNET)).rejects.toThrow('status 404');
      await expect(client.create('/pools', 'subnet', SUBNET)).rejects.toThrow('status 415');
    });

    it('finds a server that is still starting by trying again', async () => {
      const late = Api.start({ auth: 'none', database: api.database });
      const pools = await new GoClient(await late).index('/pools', 'pool');
      expect(pools.length).toBeGreaterThan(0);
      await (await late).end('SIGTERM');
    });
  });

  describe('the Terraform provider', () => {
    it.each(['507f1f77bcf86cd799439011', ''])('applies, refreshes, renames and destroys with uuid %j', async (uuid) => {
      const id = (n: number): string => (uuid === '' ? '' : uuid.slice(0, -1) + String(n));
      const pool = await client.createShow('/pools', 'pool', { id: id(1), name: 'P', tags: null, metadata: {} });
      const subnet = await client.createShow(`/pools/${pool.id}/subnets`, 'subnet', {
        ...{ id: id(2), name: 'S', tags: ['t'], metadata: { k: 'v' } },
        ...{ pool: pool.id, start: '192.168.1.10', end: '192.168.1.20' },
      });
      const reservation = await client.createShow(`/subnets/${subnet.id}/reservations`, 'reservation', {
        ...{ id: id(3), name: 'R', tags: null, metadata: {}, subnet: subnet.id },
      });
      const [lease] = await client.index(`/reservations/${reservation.id}/leases`, 'lease');
      expect(lease.address).toBe('192.168.1.10');
      if (uuid !== '') expect([pool.id, subnet.id, reservation.id]).toEqual([id(1), id(2), id(3)]);

      // the second plan is empty: what is read is what was written
      expect(await client.show(`/pools/${pool.id}`, 'pool')).toMatchObject({ name: 'P', tags: [], metadata: {} });
      expect(await client.show(`/subnets/${subnet.id}`, 'subnet')).toMatchObject({
        name: 'S',
        tags: ['t'],
        metadata: { k: 'v' },
      });

      // its updates, with the values that land in metadata by mistake
      await client.update(`/pools/${pool.id}`, 'pool', { id: pool.id, name: 'P2', tags: null, metadata: null });
      await client.update(`/subnets/${subnet.id}`, 'subnet', {
        ...{ id: subnet.id, name: 'S2', tags: null, metadata: '192.168.1.20', pool: '', start: '', end: '' },
      });
      await client.update(`/reservations/${reservation.id}`, 'reservation', {
        ...{ id: reservation.id, name: 'R2', tags: null, metadata: subnet.id, subnet: '' },
      });
      expect(await client.show(`/pools/${pool.id}`, 'pool')).toMatchObject({ name: 'P2' });
      expect(await client.show(`/subnets/${subnet.id}`, 'subnet')).toMatchObject({
        ...{ name: 'S2', pool: pool.id, start: '192.168.1.10', end: '192.168.1.20', metadata: '192.168.1.20' },
      });
      expect(await client.show(`/reservations/${reservation.id}`, 'reservation')).toMatchObject({
        name: 'R2',
        subnet: subnet.id,
      });
      expect(await client.index(`/reservations/${reservation.id}/leases`, 'lease')).toEqual([lease]);

      const empty = { id: '', name: '', tags: null, metadata: null };
      await client.delete(`/reservations/${reservation.id}`, 'reservation', { ...empty, subnet: '' });
      await client.delete(`/subnets/${subnet.id}`, 'subnet', { ...empty, pool: '', start: '', end: '' });
      await client.delete(`/pools/${pool.id}`, 'pool', empty);
      await expect(client.show(`/pools/${pool.id}`, 'pool')).rejects.toThrow('application/problem+json');
    });

    it('does no harm with an empty id', async () => {
      const before = await client.index('/pools', 'pool');
      await expect(client.update('/pools/', 'pool', { id: '', name: 'P', tags: null, metadata: null })).rejects.toThrow(
        'status 405',
      );
      await expect(client.delete('/pools/', 'pool', POOL)).rejects.toThrow('status 405');
      expect(await client.index('/pools', 'pool')).toEqual(before);
    });
  });

  describe('the message service', () => {
    it('gets an address for request-ip, and a status above 300 for whatever it cannot have', async () => {
      const pool = await client.createShow('/pools', 'pool', { ...POOL, metadata: '172.31.128.0/24' });
      const range = { ...SUBNET, pool: pool.id, start: '172.31.128.3', end: '172.31.128.255' };
      const subnet = await client.createShow(`/pools/${pool.id}/subnets`, 'subnet', range);
      const reservation = await client.createShow(`/subnets/${subnet.id}/reservations`, 'reservation', RESERVATION);
      const leases = await client.index(`/reservations/${reservation.id}/leases`, 'lease');
      expect(leases.map(({ address }) => address as string)).toEqual(['172.31.128.3']);

      const bad: [string, Type, object][] = [
        ['/subnets/x/reservations', 'reservation', RESERVATION],
        ['/subnets/6b024480686c824ea09e15b6/reservations', 'reservation', RESERVATION],
        ['/pools/x/subnets', 'subnet', range],
        [`/pools/${pool.id}/subnets`, 'subnet', { ...range, start: 'not an address' }],
        [`/pools/${pool.id}/subnets`, 'subnet', { ...range, start: '', end: '' }],
      ];
      for (const [path, type, body] of bad)
        await expect(client.create(path, type, body)).rejects.toThrow(/status 4\d\d/);

      const single = await client.createShow(`/pools/${pool.id}/subnets`, 'subnet', {
        ...range,
        start: '10.0.0.1',
        end: '10.0.0.1',
      });
      await client.create(`/subnets/${single.id}/reservations`, 'reservation', RESERVATION);
      await expect(client.create(`/subnets/${single.id}/reservations`, 'reservation', RESERVATION)).rejects.toThrow(
        'status 409',
      );
      expect(await client.delete(`/pools/${pool.id}`, 'pool', POOL)).toBe('/pools');
    });
  });
});
