import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, dump, type Answer } from '../support/api.js';

/** contracts/rackhd.md, sections 4, 5 and 8. */
const vendor = (type: string): Record<string, string> => ({
  'content-type': `application/vnd.ipam.${type}+json; version=1.0.0`,
});

describe('writing', () => {
  let api: Api;
  let pool: string;
  let subnet: string;

  beforeAll(async () => {
    api = await Api.start();
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    ({ pool, subnet } = await api.subnet('192.168.1.10', '192.168.1.19'));
  });

  const reserve = async (body: unknown = {}): Promise<Answer['body']> =>
    api.make(`/subnets/${subnet}/reservations`, body);

  it.each([
    '"a text"',
    '"esc\\u0061pes \\/ and \\u0000"',
    '12345678901234567890123456789',
    '1e400',
    '-0.0',
    'true',
    '[1, [2, {"b":1,"a":2}]]',
    '{"10":1,"9":2,"b":9007199254740993,"a":{"metadata":{"z":1,"y":2}},"__proto__":{"x":1}}',
    '{ "spaces" :  [ ] }',
    '{"a":1,"a":2}',
  ])('metadata %s comes back as it was sent, in every answer and event', async (metadata) => {
    const made = await api.post('/pools', `{"name":"m","metadata":${metadata}}`);
    expect(made.status).toBe(201);
    const member = `"metadata":${metadata},`;
    expect(made.text).toContain(member);
    for (const accept of ['*/*', 'application/json']) {
      expect((await api.get(`/pools/${made.body.id}`, { headers: { accept } })).text).toContain(member);
      expect((await api.get('/pools?name=m', { headers: { accept } })).text).toContain(member);
    }
    const [event] = await api.sql('SELECT data::text FROM outbox WHERE subject = $1', [`pools/${made.body.id}`]);
    expect(event.data).toContain(member);
    expect((await api.delete(`/pools/${made.body.id}`)).status).toBe(204);
  });

  it('tags null or absent are [], metadata absent is null, names may be empty or null', async () => {
    for (const body of [{}, { tags: null, metadata: null, name: null }, { id: '', name: '', tags: [] }]) {
      expect(await api.make('/pools', body, { headers: vendor('pool') })).toMatchObject({
        name: '',
        tags: [],
        metadata: null,
      });
    }
  });

  it('PATCH replaces what is there, keeps what is not, and empties what is null', async () => {
    const { id } = await api.make('/pools', { name: 'n', tags: ['a', 'b'], metadata: { k: 1 } });
    const patch = async (body: unknown): Promise<unknown[]> => {
      const { name, tags, metadata } = (await api.patch(`/pools/${id}`, body)).body as Record<string, unknown>;
      return [name, tags, metadata];
    };
    expect(await patch({})).toEqual(['n', ['a', 'b'], { k: 1 }]);
    expect(await patch({ name: 'm' })).toEqual(['m', ['a', 'b'], { k: 1 }]);
    expect(await patch({ tags: ['c'] })).toEqual(['m', ['c'], { k: 1 }]);
    expect(await patch({ metadata: { l: 2 } })).toEqual(['m', ['c'], { k: 1, l: 2 }]);
    expect(await patch({ metadata: { k: null, o: { p: [null] } } })).toEqual(['m', ['c'], { l: 2, o: { p: [null] } }]);
    expect(await patch({ metadata: null })).toEqual(['m', ['c'], null]);
    expect(await patch({ name: null, tags: null })).toEqual(['', [], null]);
  });

  it('PATCH of metadata merges with JSON types and replaces with vendor types', async () => {
    const { id } = await api.make('/pools', { metadata: { a: 1, b: 2 } });
    const merged = await api.patch(
      `/pools/${id}`,
      { metadata: { c: 3 } },
      { headers: { 'content-type': 'application/merge-patch+json' } },
    );
    expect(merged.body.metadata).toEqual({ a: 1, b: 2, c: 3 });
    const replaced = await api.patch(`/pools/${id}`, { metadata: { d: 4 } }, { headers: vendor('pool') });
    expect(replaced.body.metadata).toEqual({ d: 4 });
    expect((await api.patch(`/pools/${id}`, { metadata: null }, { headers: vendor('pool') })).body.metadata).toBeNull();
  });

  it('PUT empties what is absent and keeps relations and range', async () => {
    await api.patch(`/subnets/${subnet}`, { name: 'n', tags: ['t'], metadata: [1] });
    const { body } = await api.put(`/subnets/${subnet}`, {});
    expect(body).toMatchObject({
      name: '',
      tags: [],
      metadata: null,
      pool,
      start: '192.168.1.10',
      end: '192.168.1.19',
    });
  });

  it('parents, ids and addresses in a body are ignored, stale or empty as they are', async () => {
    const { id, leases } = await reserve();
    const other = await api.subnet('10.0.0.1', '10.0.0.9');
    const stale = { id: other.subnet, pool: other.pool, subnet: other.subnet, reservation: '', address: '1.2.3.4' };
    const path = `/pools/${pool}/subnets`;
    const made = await api.make(
      path,
      { pool: other.pool, start: '10.9.0.1', end: '10.9.0.1' },
      { headers: vendor('subnet') },
    );
    expect(made.pool).toBe(pool);
    expect((await api.patch(`/subnets/${subnet}`, stale, { headers: vendor('subnet') })).body).toMatchObject({
      id: subnet,
      pool,
    });
    expect((await api.patch(`/reservations/${id}`, stale, { headers: vendor('reservation') })).body).toMatchObject({
      id,
      subnet,
      pool,
    });
    const lease = leases[0] as { id: string; address: string };
    for (const method of ['PATCH', 'PUT']) {
      const body = { ...stale, name: method, metadata: { mac: '00:00:5e:00:53:01' } };
      const changed = await api.request(method, `/leases/${lease.id}`, { body, headers: vendor('lease') });
      expect(changed.headers.get('location')).toBe(`/leases/${lease.id}`);
      expect(changed.body).toMatchObject({
        id: lease.id,
        address: lease.address,
        subnet,
        reservation: id,
        name: method,
      });
    }
    const { body } = await api.get(`/reservations/${id}/leases`);
    expect(body.leases).toHaveLength(1);
  });

  it('unknown fields are passed over with vendor types and refused by name with others', async () => {
    expect((await api.post('/pools', { colour: 'red' }, { headers: vendor('pool') })).status).toBe(201);
    const refused = await api.post('/pools', { colour: 'red' });
    expect([refused.status, refused.body.code, refused.body.errors[0].field]).toEqual([422, 'invalid-field', 'colour']);
  });

  it('client-chosen ids round-trip on every POST, a second one is duplicate-id, and kinds do not share them', async () => {
    const id = '507f1f77bcf86cd799439011';
    const posts: [string, object, object][] = [
      ['/pools', {}, {}],
      [`/pools/${pool}/subnets`, { start: '10.1.0.1', end: '10.1.0.2' }, { start: '10.2.0.1', end: '10.2.0.2' }],
      [`/subnets/${subnet}/reservations`, {}, {}],
    ];
    for (const [path, body, other] of posts) {
      expect((await api.make(path, { ...body, id })).id).toBe(id);
      const before = await dump(api.database);
      const again = await api.post(path, { ...other, id: id.toUpperCase() });
      expect([path, again.status, again.body.code]).toEqual([path, 409, 'duplicate-id']);
      expect(await dump(api.database)).toEqual(before);
    }
    for (const bad of ['x', '507f1f77bcf86cd79943901', 7]) {
      const { status, body } = await api.post('/pools', { id: bad });
      expect([status, body.errors[0].field]).toEqual([422, 'id']);
    }
    await api.delete(`/pools/${id}`);
  });

  describe('deleting', () => {
    it('a pool takes subnets, reservations and leases along, and tells of each', async () => {
      const { id, leases } = await reserve({ count: 3 });
      expect((await api.delete(`/pools/${pool}`)).status).toBe(204);
      for (const path of [
        `/subnets/${subnet}`,
        `/reservations/${id}`,
        ...leases.map((lease: { id: string }) => `/leases/${lease.id}`),
      ]) {
        expect((await api.get(path as string)).status).toBe(404);
      }
      for (const table of ['space', 'space_chunk', 'free_interval']) {
        const rows =
          await api.sql(`SELECT 1 FROM ${table} t ${table === 'space' ? '' : 'LEFT JOIN space s ON s.id = t.space_id WHERE s.id IS NULL'}
          ${table === 'space' ? 'WHERE NOT EXISTS (SELECT FROM subnet x WHERE x.space_id = t.id) AND NOT EXISTS (SELECT FROM gateway_ports x WHERE x.space_id = t.id)' : ''}`);
        expect([table, rows]).toEqual([table, []]);
      }
    });

    it('a released address can be had again at once, and its next holder starts clean', async () => {
      const first = await reserve({ name: 'old' });
      const lease = first.leases[0] as { id: string; address: string };
      await api.patch(`/leases/${lease.id}`, { name: 'old', tags: ['old'], metadata: { old: true } });
      expect((await api.delete(`/reservations/${first.id}`)).status).toBe(204);
      const next = await reserve();
      expect(next.leases[0]).toMatchObject({ address: lease.address, name: '', tags: [], metadata: null });
      expect(next.leases[0].id).not.toBe(lease.id);
    });
  });

  it('reservations show their leases and the metadata above them', async () => {
    await api.patch(`/pools/${pool}`, { metadata: { 2: 'p', 1: 'q' } });
    await api.patch(`/subnets/${subnet}`, { metadata: 'vlan 7' });
    const made = await reserve({ count: 2, tags: ['t'], metadata: { who: 'me' } });
    expect(made).toMatchObject({
      pool,
      subnet,
      poolMetadata: { 1: 'q', 2: 'p' },
      subnetMetadata: 'vlan 7',
      metadata: { who: 'me' },
    });
    expect(made.leases.map((lease: { address: string }) => lease.address)).toEqual(['192.168.1.10', '192.168.1.11']);
    expect((await api.get(`/reservations/${made.id}`)).body).toEqual(made);
    expect((await api.patch(`/reservations/${made.id}`, {})).body).toMatchObject({
      leases: made.leases,
      poolMetadata: made.poolMetadata,
    });
  });
});
