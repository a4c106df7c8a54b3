import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';

interface Row {
  id: string;
  name: string;
  address: string;
}

describe('lists', () => {
  let api: Api;
  let pool: string;
  let subnet: string;
  let gateway: string;

  beforeAll(async () => {
    api = await Api.start();
    ({ gateway, pool, subnet } = await api.gateway());
  });
  afterAll(() => api.close());

  const rowsOf = (body: Record<string, Row[]>): Row[] => Object.values(body).find(Array.isArray) ?? [];
  /** All rows of a list, page by page. */
  async function all(path: string, limit = 3): Promise<Row[]> {
    const rows: Row[] = [];
    let next: string | undefined = `${path}${path.includes('?') ? '&' : '?'}limit=${limit}`;
    while (next !== undefined) {
      const answer = await api.get(next);
      if (answer.status !== 200) throw new Error(answer.text);
      rows.push(...rowsOf(answer.body));
      next = /<(.*)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    return rows;
  }
  const names = async (path: string): Promise<string[]> => (await all(path)).map(({ name }) => name);
  const refused = async (path: string, field: string): Promise<void> => {
    const { status, body } = await api.get(path);
    expect([path, status, body.errors?.[0]?.field]).toEqual([path, 422, field]);
  };

  describe('of pools', () => {
    beforeAll(async () => {
      const made: [string, string[], unknown][] = [
        ['web-2', ['prod', 'eu'], { rack: { slot: 12, name: 'r1' }, up: true }],
        ['web-1', ['prod'], { rack: { slot: '12' }, nics: ['a', 'b'] }],
        ['Web-3', ['eu'], { rack: { slot: 13 }, 'dotted.key:x': 'y' }],
        ['db', [], '172.31.128.0/24'],
        ['web-1', ['prod', 'eu'], null],
      ];
      for (const [name, tags, metadata] of made) await api.make('/pools', { name, tags, metadata });
      // JSON that PostgreSQL has no text for
      await api.make('/pools', { name: 'odd', metadata: { rack: { slot: '\u0000' } } });
    });

    it.each([
      ['name=web-1', ['web-1', 'web-1']],
      ['namePrefix=web-', ['web-2', 'web-1', 'web-1']],
      ['namePrefix=', ['P', 'web-2', 'web-1', 'Web-3', 'db', 'web-1', 'odd']],
      ['namePrefix=web%25', []],
      ['tag=prod', ['web-2', 'web-1', 'web-1']],
      ['tag=prod&tag=eu', ['web-2', 'web-1']],
      ['tag=prod&name=web-2', ['web-2']],
      ['metadata=rack.slot:12', ['web-2', 'web-1']],
      ['metadata=rack.slot:12&metadata=rack.name:r1', ['web-2']],
      ['metadata=up:true', ['web-2']],
      ['metadata=nics.1:b', ['web-1']],
      ['metadata=dotted%5C.key%5C:x:y', ['Web-3']],
      ['metadata=:172.31.128.0/24', ['db']],
      ['sort=name', ['P', 'Web-3', 'db', 'odd', 'web-1', 'web-1', 'web-2']],
      ['sort=-name&tag=eu', ['web-2', 'web-1', 'Web-3']],
      ['sort=-id', ['odd', 'web-1', 'db', 'Web-3', 'web-1', 'web-2', 'P']],
      ['sort=-createdAt&namePrefix=web', ['web-1', 'web-1', 'web-2']],
    ])('%s', async (query, expected) => {
      expect(await names(`/pools?${query}`)).toEqual(expected);
    });

    it('refuses what is no filter and no order', async () => {
      await refused('/pools?metadata=rack', 'metadata');
      await refused('/pools?sort=owner', 'sort');
      await refused('/pools?sort=name&sort=id', 'sort');
      await refused(`/pools?${Array.from({ length: 17 }, (_, n) => `tag=t${n}`).join('&')}`, 'tag');
      await refused('/pools?tag=%00', 'tag');
    });

    it('a cursor is good for the list that gave it, with its filters and its order, and for no other', async () => {
      const { next } = (await api.get('/pools?limit=1&sort=name&namePrefix=web')).body;
      expect((await api.get(`/pools?namePrefix=web&sort=name&cursor=${next}`)).status).toBe(200);
      for (const path of ['/pools?sort=name', '/pools?namePrefix=web', '/subnets?sort=name&namePrefix=web']) {
        await refused(`${path}&cursor=${next}`, 'cursor');
      }
      const [fingerprint] = JSON.parse(Buffer.from(next, 'base64url').toString());
      const created = (await api.get('/pools?limit=1&sort=createdAt')).body.next;
      const [mark] = JSON.parse(Buffer.from(created, 'base64url').toString());
      for (const parts of [[mark, 'x', 'no time'], [mark], [mark, 'x', '\u0000'], [fingerprint, 7], 'x', {}, null]) {
        const forged = Buffer.from(JSON.stringify(parts)).toString('base64url');
        await refused(`/pools?sort=createdAt&cursor=${forged}`, 'cursor');
      }
      const other = await api.subnet('10.99.0.1', '10.99.0.9');
      await api.make(`/subnets/${subnet}/reservations`, {});
      await api.make(`/subnets/${subnet}/reservations`, {});
      const page = await api.get(`/subnets/${subnet}/reservations?limit=1`);
      await refused(`/subnets/${other.subnet}/reservations?cursor=${page.body.next}`, 'cursor');
    });
  });

  it('of subnets, by what they contain and where they lie', async () => {
    const { id } = await api.make('/pools', { name: 'nets' });
    for (const [name, start, end] of [
      ['a', '10.1.0.0', '10.1.0.255'],
      ['b', '10.1.1.0', '10.1.1.255'],
      ['c', '2001:db8::', '2001:db8::ffff'],
    ]) {
      await api.make(`/pools/${id}/subnets`, { name, start, end });
    }
    const path = `/pools/${id}/subnets`;
    expect(await names(`${path}?contains=10.1.1.7`)).toEqual(['b']);
    expect(await names(`${path}?contains=10.1.0.0/25`)).toEqual(['a']);
    expect(await names(`${path}?contains=10.1.0.0/23`)).toEqual([]);
    expect(await names(`${path}?within=10.1.0.0/23&sort=-start`)).toEqual(['b', 'a']);
    expect(await names(`${path}?within=10.1.0.0/24`)).toEqual(['a']);
    expect(await names(`${path}?within=::/0`)).toEqual(['c']);
    expect(await names(`${path}?sort=start`)).toEqual(['a', 'b', 'c']);
    await refused(`${path}?within=10.1.0.1/23`, 'within');
    await refused(`${path}?contains=x`, 'contains');
  });

  it('of reservations, leases, components and port maps, by owner, address and network', async () => {
    const one = await api.make(`/subnets/${subnet}/reservations`, {
      owner: 'ann',
      name: 'r',
      addresses: ['10.20.0.129'],
    });
    await api.make(`/subnets/${subnet}/reservations`, { owner: 'bob', addresses: ['10.20.0.131', '10.20.0.140'] });
    expect((await all('/reservations?address=10.20.0.129')).map(({ id }) => id)).toEqual([one.id]);
    expect(await all('/reservations?within=10.20.0.128/29')).toHaveLength(2);
    expect(await all('/reservations?within=10.20.0.128/29&owner=ann')).toHaveLength(1);
    expect(await all('/reservations?namePrefix=r')).toHaveLength(1);
    const addresses = async (query: string): Promise<string[]> =>
      (await all(`/leases?${query}`, 2)).map(({ address }) => address);
    expect(await addresses('within=10.20.0.128/25&sort=-address')).toEqual([
      '10.20.0.140',
      '10.20.0.131',
      '10.20.0.129',
    ]);
    expect(await addresses('owner=bob')).toEqual(['10.20.0.131', '10.20.0.140']);
    expect(await addresses('owner=bob&within=10.20.0.128/29')).toEqual(['10.20.0.131']);
    const component = await api.make('/components', { name: 'vm', kind: 'centos', gateway, pool });
    const address: string = component.leases[0].address;
    expect(await names(`/components?address=${address}&sort=name`)).toEqual(['vm']);
    expect(await names(`/components?within=10.20.0.128/25`)).toEqual([]);
    const [map] = component.portMaps;
    expect(await names(`/port-maps?gateway=${gateway}&connectionPort=${map.connectionPort}`)).toEqual(['vm']);
    expect(await names(`/port-maps?within=${address}/32&sort=-connectionPort`)).toEqual(['vm']);
    expect(await names('/port-maps?within=10.20.0.128/25')).toEqual([]);
    await refused('/port-maps?connectionPort=0', 'connectionPort');
  });

  it('rows of the same value are each listed once, also while some go', async () => {
    const { id } = await api.make('/pools', { name: 'ties' });
    for (let n = 0; n < 7; n++) {
      await api.make(`/pools/${id}/subnets`, { name: 'same', start: `10.5.${n}.1`, end: `10.5.${n}.9` });
    }
    const path = `/pools/${id}/subnets?sort=-createdAt&limit=2`;
    await api.sql(`UPDATE subnet SET created_at = '2026-01-01 00:00:00.123456+00' WHERE pool_id = $1`, [id]);
    const first = (await api.get(path)).body;
    await api.delete(`/subnets/${first.subnets[1].id}`);
    const rest: Row[] = [];
    for (let { next } = first; next !== undefined;) {
      const { body } = await api.get(`${path}&cursor=${next}`);
      rest.push(...body.subnets);
      next = body.next;
    }
    const seen = [...first.subnets, ...rest].map(({ id: each }: Row) => each);
    expect(seen).toHaveLength(7);
    expect(seen).toEqual([...seen].sort().reverse());
  });
});
