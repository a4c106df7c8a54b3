import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';

const env = { CAPACITY_INTERVAL_SECONDS: '1' };
let api: Api;
let other: Api;
beforeAll(async () => {
  api = await Api.start({ env });
  other = await Api.start({ database: api.database, secret: api.secret, env });
});
afterAll(async () => {
  await other.close();
  await api.close();
});

interface Told {
  type: string;
  subject: string;
  data: { threshold: number; utilization: number; name: string; id: string };
}

async function crossingsOf(pool: string): Promise<string[]> {
  const { body } = await api.get('/events?limit=1000&type=ipam.pool.threshold');
  const { body: cleared } = await api.get('/events?limit=1000&type=ipam.pool.threshold-cleared');
  const events = [...(body.events as Told[]), ...(cleared.events as Told[])] as (Told & { sequence: string })[];
  return events
    .filter(({ subject }) => subject === `pools/${pool}`)
    .sort((a, b) => (a.sequence < b.sequence ? -1 : 1))
    .map(({ type, data }) => `${type.split('.')[2]} ${data.threshold}`);
}

/** Waits for a round that began after now. */
async function round(): Promise<void> {
  await api.sql(`UPDATE capacity_round SET position = -1, measured_at = 'epoch', took_ms = 0`);
  await eventually('a round', async () => {
    const [row] = await api.sql(`SELECT measured_at > 'epoch' AS done FROM capacity_round`);
    return row.done as boolean;
  });
}

describe('the roll-up', () => {
  it('tells each crossing once, whatever processes there are and whichever is killed', async () => {
    const { pool, subnet } = await api.subnet('10.0.0.1', '10.0.0.20');
    expect((await api.patch(`/pools/${pool}`, { thresholds: [90, 50, 90] })).body.thresholds).toEqual([50, 90]);
    const { id: half } = await api.make(`/subnets/${subnet}/reservations`, { count: 10 });
    await eventually('a crossing', async () => (await crossingsOf(pool)).length > 0);
    await round();
    expect(await crossingsOf(pool)).toEqual(['threshold 50']);
    await other.end('SIGKILL');
    other = await Api.start({ database: api.database, secret: api.secret, env });
    await round();
    const { id: rest } = await api.make(`/subnets/${subnet}/reservations`, { count: 10 });
    await eventually('the next', async () => (await crossingsOf(pool)).length > 1);
    await api.delete(`/reservations/${half}`); // at 50 %: only 90 is cleared
    await eventually('the way down', async () => (await crossingsOf(pool)).length > 2);
    await round();
    await api.delete(`/reservations/${rest}`);
    await eventually('the end', async () => (await crossingsOf(pool)).length > 3);
    await round();
    expect(await crossingsOf(pool)).toEqual([
      'threshold 50',
      'threshold 90',
      'threshold-cleared 90',
      'threshold-cleared 50',
    ]);
  });

  it('writes nothing while nothing changes, and heals what is wrong', async () => {
    const { subnet } = await api.subnet('10.0.0.1', '10.0.0.20');
    await round();
    const xmin = (): Promise<unknown[]> => api.sql('SELECT xmin::text FROM subnet_capacity ORDER BY subnet_id');
    const before = await xmin();
    await round();
    expect(await xmin()).toEqual(before);
    await api.sql('UPDATE subnet_capacity SET free = 3, size = 7 WHERE subnet_id = $1', [subnet]);
    await round();
    expect((await api.get(`/subnets/${subnet}`)).body.capacity).toMatchObject({ size: '20', free: '20' });
  });

  it('lets one process at a time measure, and passes over rows that somebody deletes', async () => {
    const { pool, subnet } = await api.subnet('10.0.0.1', '10.0.0.20');
    await api.make(`/subnets/${subnet}/reservations`, { count: 5 });
    const gone = await api.subnet('10.0.0.1', '10.0.0.20');
    await Promise.all([api.delete(`/pools/${gone.pool}`), round(), other.post(`/subnets/${subnet}/reservations`, {})]);
    await round();
    expect((await api.get(`/pools/${pool}`)).body.capacity).toMatchObject({ held: '6' });
    expect(await api.sql('SELECT FROM pool_capacity WHERE pool_id = $1', [gone.pool])).toEqual([]);
  });

  it('samples by the hour what has changed, and forgets in time', async () => {
    const { pool, subnet } = await api.subnet('10.0.0.1', '10.0.0.200');
    const samples = (): Promise<unknown[]> =>
      api.sql('SELECT held::int FROM capacity_sample WHERE resource_id = $1 ORDER BY at', [pool]);
    /** As if the hour had begun just now, and what there is were of the past. */
    const hours = async (back: number): Promise<void> => {
      await api.sql('UPDATE capacity_sample SET at = at - make_interval(hours => $1)', [back]);
      await api.sql(`UPDATE capacity_round SET sampled_at = 'epoch'`);
      await round();
    };
    await hours(1);
    expect(await samples()).toEqual([{ held: 0 }]);
    await hours(1);
    expect(await samples()).toEqual([{ held: 0 }]);
    await api.make(`/subnets/${subnet}/reservations`, { count: 5 });
    await hours(1);
    expect(await samples()).toEqual([{ held: 0 }, { held: 5 }]);
    await hours(24 * 91); // both are too old, but the younger says what was before everything that is kept
    expect(await samples()).toEqual([{ held: 5 }]);
    const { rate } = await eventually('a rate', async () => {
      const rows = await api.sql('SELECT rate FROM pool_capacity WHERE pool_id = $1 AND rate IS NOT NULL', [pool]);
      return rows[0] as { rate: number } | undefined;
    });
    expect(rate).toBe(0);
    await api.delete(`/pools/${pool}`);
    await hours(1);
    expect(await samples()).toEqual([]);
  });
});
