import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObservedDrift } from '../../src/contract/desired-state.js';
import { Api, type Answer } from '../support/api.js';

describe('what a gateway found changed by somebody else', () => {
  let api: Api;
  let gateway: string;
  let agent: string;
  beforeAll(async () => {
    api = await Api.start();
    ({ gateway } = await api.gateway());
    agent = await api.token({ sub: 'agent', role: 'gateway', gateway });
  });
  afterAll(() => api.close());

  const finding = (second: number, more: Partial<ObservedDrift> = {}): ObservedDrift => ({
    at: new Date(Date.UTC(2030, 0, 1, 0, 0, second)).toISOString(),
    program: 'iptables',
    found: ['BERTH-T58: not ours: -A BERTH-T58 -j RETURN'],
    maps: 2,
    outcome: 'repaired',
    ...more,
  });
  const report = (...drift: object[]): Promise<Answer> =>
    api.put(
      `/gateways/${gateway}/status`,
      { generation: 0, mode: 'apply', maps: [], gone: [], drift },
      { token: agent },
    );
  const listed = async (query = ''): Promise<Answer['body']> =>
    (await api.get(`/gateways/${gateway}/drift${query}`)).body;

  it('is listed, the newest first, by pages; a finding that is told twice counts and is told once', async () => {
    expect(await listed()).toEqual({ drift: [] });
    expect((await report(finding(1), finding(2, { program: null, outcome: 'contested' }))).status).toBe(204);
    expect((await report(finding(2), finding(3))).status).toBe(204);
    const all = await listed();
    expect(all).toEqual({
      drift: [finding(3), finding(2, { program: null, outcome: 'contested' }), finding(1)],
    });
    const first = await listed('?limit=2');
    expect(first.drift).toHaveLength(2);
    expect(await listed(`?limit=2&before=${first.next}`)).toEqual({ drift: [finding(1)] });
    const events = await api.sql(
      `SELECT data FROM outbox WHERE type = 'ipam.gateway.drift' AND data->>'gateway' = $1 ORDER BY seq`,
      [gateway],
    );
    expect(events.map(({ data }) => data)).toMatchObject([1, 2, 3].map((second) => ({ at: finding(second).at })));
    expect(events[0]?.data).toMatchObject({ program: 'iptables', maps: 2, outcome: 'repaired' });
  });

  it('keeps the latest thousand', async () => {
    for (let round = 0; round < 11; round++) {
      const some = Array.from({ length: 100 }, (_, index) => finding(100 + round * 100 + index));
      expect((await report(...some)).status).toBe(204);
    }
    const [{ count, oldest }] = (await api.sql(
      'SELECT count(*)::int AS count, min(found_at) AS oldest FROM gateway_drift WHERE gateway_id = $1',
      [gateway],
    )) as [{ count: number; oldest: Date }];
    expect([count, oldest.toISOString()]).toEqual([1_000, finding(200).at]);
  });

  it.each<[string, object]>([
    ['an outcome that is none', finding(5, { outcome: 'won' as never })],
    ['a time that is none', finding(5, { at: 'noon' })],
    ['too many lines', finding(5, { found: Array.from({ length: 21 }, () => 'x') })],
    ['a member it does not know', { ...finding(5), pid: 7 }],
  ])('is refused with %s, the whole report with it', async (_what, drift) => {
    const before = await listed();
    expect((await report(finding(9_999), drift)).status).toBe(422);
    expect(await listed()).toEqual(before);
  });

  it('is 404 for a gateway that is not there', async () => {
    expect((await api.get('/gateways/nobody/drift')).status).toBe(404);
  });
});
