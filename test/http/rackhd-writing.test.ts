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

  describe('ranges', () => {
    it('"" and absent are unchanged; a new range is checked against what is held and what is beside it', async () => {
      const { leases } = await reserve({ addresses: ['192.168.1.15'] });
      const patch = (body: unknown): Promise<Answer> => api.patch(`/subnets/${subnet}`, body);
      expect((await patch({ start: '', end: '' })).body).toMatchObject({ start: '192.168.1.10', end: '192.168.1.19' });
      expect((await patch({ end: '192.168.1.30' })).body).toMatchObject({ start: '192.168.1.10', end: '192.168.1.30' });
      expect((await patch({ start: '192.168.1.15', end: '192.168.1.15' })).status).toBe(200);
      for (const range of [
        { start: '192.168.1.16', end: '192.168.1.20' },
        { start: '10.0.0.1', end: '10.0.0.2' },
        { start: '192.168.1.1', end: '192.168.1.14' },
      ]) {
        const refused = await patch(range);
        expect([refused.status, refused.body.code]).toEqual([409, 'range-in-use']);
      }
      await api.make(`/pools/${pool}/subnets`, { start: '192.168.1.100', end: '192.168.1.200' });
      expect((await patch({ end: '192.168.1.100' })).body.code).toBe('range-overlap');
      expect((await api.get(`/subnets/${subnet}`)).body).toMatchObject({ start: '192.168.1.15', end: '192.168.1.15' });
      expect((await reserve().catch((error: unknown) => String(error))) as string).toContain('subnet-exhausted');
      expect((await patch({ end: '192.168.1.16' })).status).toBe(200);
      expect((await reserve()).leases[0].address).toBe('192.168.1.16');
      expect((await api.get(`/leases/${leases[0].id}`)).body.address).toBe('192.168.1.15');
    });

    it('a free range may move anywhere, but stays of its family', async () => {
      expect((await api.patch(`/subnets/${subnet}`, { start: '10.5.0.0', end: '10.5.0.9' })).status).toBe(200);
      expect((await reserve()).leases[0].address).toBe('10.5.0.0');
      const refused = await api.patch(`/subnets/${subnet}`, { start: 'fd00::1', end: 'fd00::2' });
      expect([refused.status, refused.body.errors[0].field]).toEqual([422, 'start']);
    });

    it.each([
      [{ start: '10.0.0.2', end: '10.0.0.1' }, 'end'],
      [{ start: '10.0.0.1', end: 'fd00::1' }, 'end'],
      [{ start: '10.0.0.0/24', end: '10.0.0.1' }, 'start'],
      [{ start: '10.0.0.1', end: '10.0.0.256' }, 'end'],
      [{ start: 'fe80::1%eth0', end: 'fe80::2' }, 'start'],
      [{ start: '', end: '10.0.0.1' }, 'start'],
      [{ end: '10.0.0.1' }, 'start'],
      [{ start: '10.0.0.1' }, 'end'],
      [{ start: 167772161, end: '10.0.0.1' }, 'start'],
      [{ start: null, end: null }, 'start'],
    ])('%j is 422 and names %s', async (range, field) => {
      const before = await dump(api.database);
      const { status, body } = await api.post(`/pools/${pool}/subnets`, range);
      expect([status, body.code, body.errors[0].field]).toEqual([422, 'invalid-field', field]);
      expect(await dump(api.database)).toEqual(before);
    });

    it('overlap is refused in one pool only', async () => {
      for (const [start, end] of [
        ['192.168.1.19', '192.168.1.19'],
        ['192.168.1.0', '192.168.1.10'],
        ['0.0.0.0', '255.255.255.255'],
      ]) {
        const refused = await api.post(`/pools/${pool}/subnets`, { start, end });
        expect([refused.status, refused.body.code]).toEqual([409, 'range-overlap']);
      }
      expect((await api.post(`/pools/${pool}/subnets`, { start: '192.168.1.20', end: '192.168.1.20' })).status).toBe(
        201,
      );
      expect(
        (await api.post(`/pools/${pool}/subnets`, { start: '::', end: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' }))
          .status,
      ).toBe(201);
      await api.subnet('192.168.1.10', '192.168.1.11');
    });

    it('addresses are answered in canonical form without a prefix length', async () => {
      const made = await api.make(`/pools/${pool}/subnets`, { start: '2001:DB8:0:0:0:0:0:0', end: '2001:0db8::00ff' });
      expect(made).toMatchObject({ start: '2001:db8::', end: '2001:db8::ff', family: 6 });
      const { leases } = await api.make(`/subnets/${made.id}/reservations`, { addresses: ['2001:DB8::00A0'] });
      expect(leases[0].address).toBe('2001:db8::a0');
      const mapped = await api.make(`/pools/${pool}/subnets`, { start: '::ffff:10.8.0.1', end: '10.8.0.2' });
      expect(mapped).toMatchObject({ start: '10.8.0.1', end: '10.8.0.2', family: 4 });
    });
  });

  describe('preconditions', () => {
    it('If-Match guards PATCH, PUT and DELETE of every kind', async () => {
      const { id, leases } = await reserve();
      const { gateway } = await api.gateway();
      const map = await api.make('/port-maps', { gateway, address: '10.30.0.1', targetPort: 1 });
      const component = await api.make('/components', { name: 'c', kind: 'router', gateway });
      for (const path of [
        `/leases/${leases[0].id}`,
        `/reservations/${id}`,
        `/subnets/${subnet}`,
        `/pools/${pool}`,
        `/port-maps/${map.id}`,
        `/components/${component.id}`,
        `/gateways/${gateway}`,
      ]) {
        const before = await dump(api.database);
        for (const method of ['PATCH', 'PUT', 'DELETE']) {
          if (method === 'PUT' && /^\/(port|comp|gate)/.test(path)) continue;
          if (method === 'DELETE' && path.startsWith('/leases')) continue;
          for (const tag of ['"2"', 'W/"1"', '"0", "7"', '1', '']) {
            const refused = await api.request(method, path, {
              ...(method === 'DELETE' ? {} : { body: {} }),
              headers: { 'if-match': tag },
            });
            expect([path, method, tag, refused.status, refused.body.code]).toEqual([
              path,
              method,
              tag,
              412,
              'precondition-failed',
            ]);
          }
        }
        expect(await dump(api.database)).toEqual(before);
        for (const tag of ['"1"', '"9", "2"', '*']) {
          expect((await api.patch(path, {}, { headers: { 'if-match': tag } })).status).toBe(200);
        }
      }
      expect((await api.delete(`/pools/${pool}`, { headers: { 'if-match': '"4"' } })).status).toBe(204);
    });

    it('If-None-Match of the current version is 304 without a body', async () => {
      for (const method of ['GET', 'HEAD']) {
        for (const tag of ['"1"', 'W/"1"', '"0", "1"', '*']) {
          const same = await api.request(method, `/pools/${pool}`, { headers: { 'if-none-match': tag } });
          expect([method, tag, same.status, same.text, same.headers.get('etag')]).toEqual([
            method,
            tag,
            304,
            '',
            '"1"',
          ]);
        }
        expect((await api.request(method, `/pools/${pool}`, { headers: { 'if-none-match': '"2"' } })).status).toBe(200);
      }
    });

    it('of twenty writers of one version one wins', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          api.patch(`/pools/${pool}`, { name: `w${n}` }, { headers: { 'if-match': '"1"' } }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
    });
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

  describe('lists', () => {
    it('are whole as vendor type, and pages with a cursor as application/json', async () => {
      const { id } = await api.make('/pools', {});
      await Promise.all(
        Array.from({ length: 620 }, (_, n) => {
          const address = `10.${n >> 8}.${n & 255}.1`;
          return api.make(`/pools/${id}/subnets`, { start: address, end: address, name: `s${n}` });
        }),
      );
      const path = `/pools/${id}/subnets`;
      const whole = await api.get(path);
      expect(whole.body.subnets).toHaveLength(620);
      expect(whole.headers.get('link')).toBeNull();
      const ids = whole.body.subnets.map((subnetOf: { id: string }) => subnetOf.id) as string[];
      expect(ids).toEqual([...ids].sort());

      const seen: string[] = [];
      let url: string | undefined = `${path}?limit=250`;
      for (let pages = 0; url !== undefined; pages++) {
        expect(pages).toBeLessThan(4);
        const page: Answer = await api.get(url, { headers: { accept: 'application/json' } });
        expect(page.headers.get('content-type')).toBe('application/json');
        seen.push(...(page.body.subnets as { id: string }[]).map((subnetOf) => subnetOf.id));
        const link: string | undefined = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
        expect(page.body.next === undefined).toBe(link === undefined);
        if (link !== undefined) expect(new URL(link, api.url).searchParams.get('cursor')).toBe(page.body.next);
        url = link;
      }
      expect(seen).toEqual(ids);
      expect((await api.get(path, { headers: { accept: 'application/json' } })).body.subnets).toHaveLength(100);
      expect((await api.get(`${path}?limit=7`)).body.subnets).toHaveLength(7);
    });

    it('filter by name, tag and address', async () => {
      const ids = (answer: Answer): string[] => (answer.body.subnets as { id: string }[]).map(({ id }) => id);
      await api.patch(`/subnets/${subnet}`, { name: 'öne & two', tags: ['blue', 'x,y'] });
      expect(ids(await api.get(`/subnets?name=${encodeURIComponent('öne & two')}`))).toEqual([subnet]);
      expect(ids(await api.get('/subnets?tag=x%2Cy'))).toEqual([subnet]);
      expect(ids(await api.get('/subnets?tag=red'))).toEqual([]);
      expect(ids(await api.get(`/pools/${pool}/subnets?address=192.168.1.12`))).toEqual([subnet]);
      expect(ids(await api.get(`/pools/${pool}/subnets?address=192.168.1.9`))).toEqual([]);
      expect(ids(await api.get(`/pools/${pool}/subnets?address=::ffff:192.168.1.12`))).toEqual([subnet]);
    });
  });

  describe('Idempotency-Key', () => {
    const keyed = (key: string): { headers: Record<string, string> } => ({ headers: { 'idempotency-key': key } });

    it('makes a POST happen once, whatever it makes', async () => {
      const { gateway } = await api.gateway();
      const posts: [string, object][] = [
        ['/pools', { name: 'k' }],
        [`/pools/${pool}/subnets`, { start: '10.3.0.1', end: '10.3.0.2' }],
        [`/subnets/${subnet}/reservations`, {}],
        [`/pools/${pool}/reservations`, {}],
        ['/gateways', { name: 'k', externalAddress: '192.0.2.9' }],
        ['/port-maps', { gateway, address: '10.30.0.1', targetPort: 80 }],
        ['/components', { name: 'k', kind: 'centos', gateway }],
      ];
      for (const [path, body] of posts) {
        const first = await api.post(path, body, keyed(`once ${path}`.replaceAll(/[^a-z]/g, '')));
        expect([path, first.status]).toEqual([path, 201]);
        const before = await dump(api.database);
        const again = await api.post(path, body, keyed(`once ${path}`.replaceAll(/[^a-z]/g, '')));
        expect([path, again.status, again.text]).toEqual([path, 201, first.text]);
        for (const header of ['location', 'etag', 'content-type'])
          expect(again.headers.get(header)).toBe(first.headers.get(header));
        const other = await api.post(
          path,
          { ...body, tags: ['other'] },
          keyed(`once ${path}`.replaceAll(/[^a-z]/g, '')),
        );
        expect([path, other.status, other.body.code]).toEqual([path, 422, 'idempotency-key-reused']);
        expect(await dump(api.database)).toEqual(before);
      }
    });

    it('is kept apart for different callers, and free again after a refusal', async () => {
      const [kim, lou] = await Promise.all(['kim', 'lou'].map((sub) => api.token({ sub, role: 'member' })));
      const path = `/subnets/${subnet}/reservations`;
      const first = await api.make(path, {}, { ...keyed('mine'), token: kim! });
      expect((await api.make(path, {}, { ...keyed('mine'), token: lou! })).id).not.toBe(first.id);
      expect((await api.post(path, { count: 100 }, keyed('again'))).body.code).toBe('subnet-exhausted');
      expect((await api.post(path, { count: 1 }, keyed('again'))).status).toBe(201);
    });

    it('sent by twenty at once makes one thing', async () => {
      const path = `/subnets/${subnet}/reservations`;
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => api.post(path, { name: 'all' }, keyed('race'))),
      );
      const granted = answers.filter(({ status }) => status === 201);
      expect(granted.length).toBeGreaterThan(0);
      expect(new Set(granted.map(({ text }) => text)).size).toBe(1);
      expect(answers.filter(({ status }) => status !== 201).every(({ status }) => status === 503)).toBe(true);
      expect((await api.get(path)).body.reservations).toHaveLength(1);
      const pools = await Promise.all(
        Array.from({ length: 10 }, () => api.post('/pools', { name: 'all' }, keyed('race2'))),
      );
      expect(new Set(pools.map(({ text }) => text)).size).toBe(1);
    });

    it('that is no key is 400', async () => {
      for (const key of ['', ' ', 'a b', 'x'.repeat(256)]) {
        const { status, body } = await api.post('/pools', {}, keyed(key));
        expect([key, status, body.code]).toEqual([key, 400, 'malformed-request']);
      }
    });
  });
});
