import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';

let api: Api;
beforeAll(async () => {
  api = await Api.start({ env: { CAPACITY_INTERVAL_SECONDS: '1' } });
});
afterAll(() => api.close());

interface Counts {
  size: string;
  held: string;
  free: string;
  resting: string;
  excluded: string;
  utilization: number;
}

const COUNTS = ['size', 'held', 'free', 'resting', 'excluded', 'utilization'] as const;
const countsOf = (capacity: Counts): (string | number)[] => COUNTS.map((name) => capacity[name]);

/** Waits until the document of a resource shows these counts. */
const shows = (path: string, counts: readonly (string | number)[]): Promise<unknown> =>
  eventually(`${path} shows ${counts.join()}`, async () => {
    const { body } = await api.get(path);
    expect(countsOf(body.capacity as Counts)).toEqual(counts);
    return true;
  });

describe('capacity in documents and lists', () => {
  it('is there at once for what is new, and follows what happens', async () => {
    const { pool, subnet } = await api.subnet('10.1.0.0', '10.1.0.99');
    const empty = ['100', '0', '100', '0', '0', 0];
    expect(countsOf((await api.get(`/subnets/${subnet}`)).body.capacity)).toEqual(empty);
    const { id } = await api.make(`/subnets/${subnet}/reservations`, { count: 25 });
    const quarter = ['100', '25', '75', '0', '0', 0.25];
    await shows(`/subnets/${subnet}`, quarter);
    await shows(`/pools/${pool}`, quarter);
    const { body } = await api.get('/pools');
    expect(countsOf(body.pools.find((one: { id: string }) => one.id === pool).capacity)).toEqual(quarter);
    expect(Date.parse(body.pools[0].capacity.measuredAt)).toBeGreaterThan(Date.now() - 60_000);
    await api.delete(`/reservations/${id}`);
    await shows(`/pools/${pool}`, empty);
  });

  it('counts both families, beyond what a JSON number holds', async () => {
    const { id: pool } = await api.make('/pools', {});
    await api.make(`/pools/${pool}/subnets`, { start: '2001:db8::', end: '2001:db8::ffff:ffff:ffff:ffff' });
    const { id } = await api.make(`/pools/${pool}/subnets`, { start: '10.0.0.0', end: '10.0.0.3' });
    await api.make(`/subnets/${id}/reservations`, { count: 4 });
    const size = String(2n ** 64n + 4n);
    await shows(`/pools/${pool}`, [size, '4', String(2n ** 64n), '0', '0', 4 / (2 ** 64 + 4)]);
    await shows(`/subnets/${id}`, ['4', '4', '0', '0', '0', 1]);
  });

  it('counts an address that still has a port map as resting', async () => {
    const { gateway, subnet } = await api.gateway({ networks: ['10.20.0.0/16'] });
    const { id, leases } = await api.make(`/subnets/${subnet}/reservations`, {});
    // The gateway has spoken once, so it may have applied the map.
    await api.make('/port-maps', { gateway, lease: leases[0].id, targetPort: 22 });
    const token = await api.token({ sub: 'gw', role: 'gateway', gateway });
    const report = { generation: 1, mode: 'apply', maps: [], gone: [] };
    expect((await api.put(`/gateways/${gateway}/status`, report, { token })).status).toBe(204);
    expect((await api.delete(`/reservations/${id}`)).status).toBe(204);
    await shows(`/subnets/${subnet}`, ['254', '0', '253', '1', '0', 1 / 254]);
  });
});

describe('lists sorted by capacity', () => {
  it.each(['pools', 'subnets'])('%s, with cursors, both ways', async (noun) => {
    const shares: [number, number][] = [
      ...[
        [100, 50],
        [10, 5],
        [1000, 10],
        [200, 150],
      ],
      ...[
        [64, 0],
        [8, 8],
        [100, 50],
      ],
    ] as [number, number][];
    const tag = `sorted-${noun}`;
    const ids: string[] = [];
    for (const [size, count] of shares) {
      const { id: pool } = await api.make('/pools', noun === 'pools' ? { tags: [tag] } : {});
      const end = `10.0.${Math.floor((size - 1) / 256)}.${(size - 1) % 256}`;
      const { id } = await api.make(`/pools/${pool}/subnets`, { start: '10.0.0.0', end, tags: [tag] });
      if (count > 0) await api.make(`/subnets/${id}/reservations`, { count });
      ids.push(noun === 'pools' ? pool : id);
    }
    await eventually('all are counted', async () => {
      const { body } = await api.get(`/${noun}?tag=${tag}`);
      const held = body[noun].map((one: { capacity: Counts }) => Number(one.capacity.held));
      return held.reduce((sum: number, some: number) => sum + some, 0) === 273;
    });
    const keys = {
      utilization: ([size, held]: [number, number]) => held / size,
      free: ([size, held]: [number, number]) => size - held,
    };
    for (const [key, value] of Object.entries(keys)) {
      const ascending = ids
        .map((id, n) => ({ id, value: value(shares[n]!) }))
        .sort((a, b) => a.value - b.value || (a.id < b.id ? -1 : 1))
        .map(({ id }) => id);
      for (const [sort, wanted] of [
        [key, ascending],
        [`-${key}`, ascending.toReversed()],
      ] as const) {
        const got: string[] = [];
        for (let url = `/${noun}?tag=${tag}&sort=${sort}&limit=3`; url !== '';) {
          const { body, headers } = await api.get(url);
          got.push(...body[noun].map((one: { id: string }) => one.id));
          url = /<(.*)>/.exec(headers.get('link') ?? '')?.[1] ?? '';
        }
        expect([sort, got]).toEqual([sort, wanted]);
      }
    }
  });
});
