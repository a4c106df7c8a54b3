import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';

const env = { CAPACITY_INTERVAL_SECONDS: '1' };
let api: Api;
beforeAll(async () => {
  api = await Api.start({ env });
});
afterAll(() => api.close());

const scrape = async (from = api): Promise<string> => (await from.get('/metrics')).text;
const lines = (text: string, name: string): string[] =>
  text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

describe('GET /metrics', () => {
  it('is text that Prometheus reads, for admin and reader', async () => {
    const { status, headers, text } = await api.get('/metrics');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    for (const line of text.split('\n').slice(0, -1)) {
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{.*\})? (-?[0-9.e+-]+|\+Inf|NaN))$/);
    }
    const families = text
      .split('\n')
      .filter((line) => line.startsWith('# TYPE '))
      .map((line) => line.split(' ')[2]);
    expect(new Set(families).size).toBe(families.length);
    const reader = await api.token({ sub: 'prometheus', role: 'reader' });
    expect((await api.get('/metrics', { token: reader })).status).toBe(200);
    expect((await api.get('/metrics', { token: '' })).status).toBe(401);
  });

  it('tells pools by state, with names escaped', async () => {
    const { id } = await api.make('/pools', { name: 'a "b" \\ c' });
    const { id: subnet } = await api.make(`/pools/${id}/subnets`, { start: '10.0.0.1', end: '10.0.0.8' });
    await api.make(`/subnets/${subnet}/reservations`, { count: 2 });
    const labels = `pool="${id}",name="a \\"b\\" \\\\ c"`;
    await eventually('the gauge', async () => {
      const text = await scrape();
      expect(lines(text, 'berth_pool_addresses')).toEqual(
        expect.arrayContaining([
          `berth_pool_addresses{${labels},state="held"} 2`,
          `berth_pool_addresses{${labels},state="free"} 6`,
          `berth_pool_addresses{${labels},state="resting"} 0`,
          `berth_pool_addresses{${labels},state="excluded"} 0`,
        ]),
      );
      expect(lines(text, 'berth_pool_utilization_ratio')).toContain(`berth_pool_utilization_ratio{${labels}} 0.25`);
      return true;
    });
    await api.sql('UPDATE pool_capacity SET rate = 1.5 WHERE pool_id = $1', [id]);
    expect(lines(await scrape(), 'berth_pool_days_to_exhaustion')).toEqual([
      `berth_pool_days_to_exhaustion{${labels}} 4`,
    ]);
  });

  it('counts claims by outcome, and requests by route', async () => {
    const { subnet } = await api.subnet('10.0.0.1', '10.0.0.2');
    const path = `/subnets/${subnet}/reservations`;
    const before = lines(await scrape(), 'berth_claims_total');
    const count = (list: readonly string[], outcome: string): number =>
      Number(list.find((line) => line.includes(`kind="reservation",outcome="${outcome}"`))?.split(' ')[1] ?? 0);
    await api.make(path, { addresses: ['10.0.0.1'] });
    expect((await api.post(path, { addresses: ['10.0.0.1'] })).status).toBe(409);
    expect((await api.post(path, { count: 2 })).status).toBe(409);
    const after = lines(await scrape(), 'berth_claims_total');
    const grown = ['granted', 'conflict', 'exhausted'].map((outcome) => count(after, outcome) - count(before, outcome));
    expect(grown).toEqual([1, 1, 1]);
    await api.get('/nothing/here');
    const text = await scrape();
    const requests = lines(text, 'berth_http_requests_total');
    expect(requests).toContain('berth_http_requests_total{method="GET",route="unknown",status="404"} 1');
    expect(requests.find((line) => line.includes('route="/subnets/:id/reservations",status="409"'))).toMatch(/ 2$/);
    expect(text).not.toContain(subnet.slice(0, 20));
    const buckets = lines(text, 'berth_claim_duration_seconds_bucket').filter((line) => line.includes('reservation'));
    expect(buckets.map((line) => Number(line.split(' ')[1]))).toEqual(
      buckets.map((line) => Number(line.split(' ')[1])).sort((a, b) => a - b),
    );
  });

  it('tells the outbox, the roll-up and the process', async () => {
    const text = await scrape();
    const value = (name: string): number => Number(lines(text, name)[0]?.split(' ')[1]);
    expect(value('berth_database_up')).toBe(1);
    expect(value('berth_outbox_bytes')).toBeGreaterThan(8_000);
    expect(value('berth_outbox_lag_seconds')).toBeLessThan(30);
    expect(value('berth_capacity_age_seconds')).toBeLessThan(100);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(value('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
    expect(value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
    expect(value('nodejs_eventloop_lag_max_seconds')).toBeLessThan(60);
  });

  it('is bounded: of many pools the fullest, and how many are left out', async () => {
    await api.sql(
      `INSERT INTO pool (id, name) SELECT lpad(to_hex(n), 24, '0'), 'p' || n FROM generate_series(1, 1100) AS n`,
    );
    await api.sql(`UPDATE pool_capacity SET size = 10, free = 1 WHERE pool_id = lpad(to_hex(7), 24, '0')`);
    const text = await scrape();
    const [all, out] = ['berth_pools', 'berth_pools_left_out'].map((name) =>
      Number(lines(text, name)[0]?.split(' ')[1]),
    );
    const told = lines(text, 'berth_pool_utilization_ratio');
    expect(told).toHaveLength(1_000);
    expect(told.some((line) => line.endsWith('name="p7"} 0.9'))).toBe(true);
    expect(out).toBe((all ?? 0) - 1_000);
  });
});

describe('GET /metrics without the database, for anyone', () => {
  it('still tells of the process, and needs no token', async () => {
    const alone = await Api.start({
      database: 'postgres://nobody@127.0.0.1:9/none',
      env: { METRICS_ACCESS: 'anyone' },
    });
    try {
      const { status, text } = await alone.get('/metrics', { token: '' });
      expect([status, lines(text, 'berth_database_up')]).toEqual([200, ['berth_database_up 0']]);
      expect(text).toContain('process_resident_memory_bytes');
    } finally {
      await alone.close();
    }
  });
});
