import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, type Answer } from '../support/api.js';

const DAY = 86_400_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

describe('what gateways know of the machines behind them', () => {
  let api: Api;
  let gateway: string;
  let pool: string;
  let subnet: string;
  let agent: string;
  beforeAll(async () => {
    api = await Api.start();
    ({ gateway } = await api.gateway({ networks: ['10.77.0.0/24'] }));
    ({ pool, subnet } = await api.subnet('10.77.0.1', '10.77.0.254'));
    agent = await api.token({ sub: 'agent', role: 'gateway', gateway });
  });
  afterAll(() => api.close());

  const word = (address: string, state: string, more: object = {}) => ({
    ...{ address, state, since: ago(60_000), checkedAt: ago(1_000), seenAt: state === 'reachable' ? ago(1_000) : null },
    ...{ rttUs: state === 'reachable' ? 420 : null, ports: [{ port: 22, state: 'silent' }], ...more },
  });
  const tell = (results: object[], gone: string[] = [], token = agent): Promise<Answer> =>
    api.put(`/gateways/${gateway}/reachability`, { results, gone }, { token });
  const told = async (address: string): Promise<object[]> =>
    (
      await api.sql(
        `SELECT data, owner FROM outbox WHERE type = 'ipam.gateway.reachability' AND data->>'address' = $1 ORDER BY seq`,
        [address],
      )
    ).map(({ data, owner }) => ({ ...data, owner }));
  const listed = async (query: string): Promise<string[]> =>
    (await api.get(`/reachability?${query}`)).body.reachability.map(({ address }: { address: string }) => address);
  const hold = async (address: string): Promise<string> =>
    (await api.make(`/subnets/${subnet}/reservations`, { addresses: [address] })).leases[0].id;

  it('is kept, and told once for every change, to the owner of the port maps, with the leases', async () => {
    const lease = await hold('10.77.0.10');
    await api.make('/port-maps', { gateway, lease, targetPort: 22, owner: 'alice' });
    const first = word('10.77.0.10', 'reachable');
    expect((await tell([first])).status).toBe(204);
    expect((await tell([first])).status).toBe(204);
    const second = word('10.77.0.10', 'unreachable');
    expect((await tell([word('10.77.0.10', 'reachable'), second])).status).toBe(204);
    expect(await told('10.77.0.10')).toMatchObject([
      { was: 'unknown', state: 'reachable', rttUs: 420, gateway, owner: 'alice', leases: [lease] },
      { was: 'reachable', state: 'unreachable', rttUs: null, owner: 'alice' },
    ]);
    const { body } = await api.get(`/leases/${lease}/reachability`);
    // When it answered last is not forgotten.
    const known = { ...second, gateway, seenAt: first.seenAt };
    expect(body).toEqual({ address: '10.77.0.10', state: 'unreachable', results: [known] });
  });

  it('is unknown of what nobody looked at, or what was not told for three hours; what is gone is forgotten', async () => {
    const lease = await hold('10.77.0.11');
    expect((await api.get(`/leases/${lease}/reachability`)).body).toMatchObject({ state: 'unknown', results: [] });
    await tell([word('10.77.0.11', 'reachable')]);
    expect((await api.get(`/leases/${lease}/reachability`)).body).toMatchObject({ state: 'reachable' });
    await api.sql(`UPDATE reachability SET told_at = now() - interval '4 hours' WHERE address = '10.77.0.11'`);
    expect((await api.get(`/leases/${lease}/reachability`)).body).toMatchObject({ state: 'unknown' });
    expect(await listed('address=10.77.0.11&state=unknown')).toEqual(['10.77.0.11']);
    await tell([], ['10.77.0.11']);
    expect(await listed('address=10.77.0.11')).toEqual([]);
    expect((await api.get('/leases/6b024480686c824ea09e15ff/reachability')).body.code).toBe('not-found');
  });

  it('is listed by state and gateway, in the order of addresses, by pages', async () => {
    const { gateway: other } = await api.gateway();
    const all = ['10.77.0.20', '10.77.0.21', '10.77.0.103'];
    await tell(all.toReversed().map((address) => word(address, 'reachable')));
    expect(await listed(`gateway=${gateway}&state=reachable`)).toEqual(all);
    expect(await listed(`gateway=${other}`)).toEqual([]);
    const [one] = (await api.get('/reachability?address=10.77.0.20')).body.reachability;
    expect(one).toMatchObject({ gateway, rttUs: 420, ports: [{ port: 22, state: 'silent' }] });
    const page = (await api.get('/reachability?state=reachable&limit=2')).body;
    expect(page.reachability).toHaveLength(2);
    expect(await listed(`state=reachable&limit=2&cursor=${encodeURIComponent(page.next)}`)).toEqual(['10.77.0.103']);
    expect((await api.get('/reachability?gateway=nobody')).body.errors).toMatchObject([{ field: 'gateway' }]);
    expect((await api.get('/reachability?cursor=x')).body.errors).toMatchObject([{ field: 'cursor' }]);
  });

  it('shows what is held but silent for days, and what answers though nobody holds it', async () => {
    const silent = await hold('10.77.0.30');
    await hold('10.77.0.31');
    await hold('10.77.0.32');
    await tell([
      word('10.77.0.30', 'unreachable', { since: ago(8 * DAY) }),
      word('10.77.0.31', 'unreachable', { since: ago(6 * DAY) }),
      word('10.77.0.32', 'reachable', { since: ago(9 * DAY) }),
      word('10.77.0.40', 'reachable'),
      word('10.77.0.41', 'unreachable'),
      word('10.78.0.40', 'reachable'),
    ]);
    const records = (query: string): Promise<Answer> => api.get(`/pools/${pool}/bad-records?${query}`);
    // A lease of today has had no time to be silent for a week.
    expect((await records('kind=silent')).body).toEqual({ records: [] });
    await api.sql(`UPDATE lease SET created_at = now() - interval '30 days' WHERE address <<= '10.77.0.0/24'`);
    expect((await records('kind=silent')).body.records).toMatchObject([
      { address: '10.77.0.30', lease: silent, gateway, subnet, seenAt: null },
    ]);
    expect((await records('kind=silent&days=6')).body.records).toHaveLength(2);
    const unheld = (await records('kind=unheld')).body.records as { address: string; lease: null }[];
    expect(unheld.map(({ address }) => address)).toEqual(['10.77.0.20', '10.77.0.21', '10.77.0.40', '10.77.0.103']);
    expect(unheld[0]).toMatchObject({ lease: null, owner: null, subnet });
    const { next } = (await records('kind=unheld&limit=3')).body;
    expect((await records(`kind=unheld&cursor=${next}`)).body.records).toHaveLength(1);
    expect((await records('kind=x')).body.errors).toMatchObject([{ field: 'kind' }]);
    expect((await api.get('/pools/6b024480686c824ea09e15ff/bad-records?kind=silent')).status).toBe(404);
  });

  it('is taken from the gateway itself only, and within limits', async () => {
    const { gateway: other } = await api.gateway();
    const stranger = await api.token({ sub: 'x', role: 'gateway', gateway: other });
    expect((await tell([], [], stranger)).status).toBe(403);
    const many = Array.from({ length: 1_001 }, (_, n) => word(`10.77.${n >> 8}.${n & 255}`, 'unknown'));
    expect((await tell(many)).body.errors).toMatchObject([{ field: 'results' }]);
    expect((await tell([word('10.77.0.300', 'reachable')])).body.errors).toMatchObject([
      { field: 'results.0.address' },
    ]);
  });
});
