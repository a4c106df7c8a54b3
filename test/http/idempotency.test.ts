import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, dump } from '../support/api.js';

/** docs/decisions/0007: an Idempotency-Key is remembered in the transaction of what it was sent with. */
describe('Idempotency-Key', () => {
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
      const other = await api.post(path, { ...body, tags: ['other'] }, keyed(`once ${path}`.replaceAll(/[^a-z]/g, '')));
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
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.post(path, { name: 'all' }, keyed('race'))));
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
