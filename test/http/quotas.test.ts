import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Api, type Answer } from '../support/api.js';

const statuses = (answers: readonly Answer[]): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

describe('quotas', () => {
  let api: Api;
  let other: Api;
  let gateway: string;
  let pool: string;
  let subnet: string;

  beforeAll(async () => {
    api = await Api.start({ env: { MAX_ADDRESSES_PER_REQUEST: '64' } });
    other = await Api.start({ database: api.database, secret: api.secret });
    ({ gateway, pool, subnet } = await api.gateway());
  });
  afterAll(async () => {
    await other.close();
    await api.close();
  });

  const newOwner = (): string => `team-${randomBytes(4).toString('hex')}`;
  const reserve = (owner: string, more: object = {}, at = api): Promise<Answer> =>
    at.post(`/subnets/${subnet}/reservations`, { owner, ...more });
  async function release(answers: readonly Answer[]): Promise<void> {
    for (const { body } of answers.filter(({ status }) => status === 201)) await api.delete(`/reservations/${body.id}`);
  }

  it('are set, shown, listed and removed, with ETag, If-Match and events', async () => {
    const owner = 'team/ä b';
    const path = `/quotas/${encodeURIComponent(owner)}`;
    const set = await api.put(path, { addresses: 5, portMaps: null });
    expect([set.status, set.headers.get('etag'), set.headers.get('location')]).toEqual([200, '"1"', path]);
    expect(set.body).toMatchObject({ owner, addresses: 5, portMaps: null, perRequest: null, version: 1 });
    expect((await api.put(path, { addresses: 6 }, { headers: { 'if-match': '"7"' } })).status).toBe(412);
    expect((await api.put(path, { addresses: 6 }, { headers: { 'if-match': '"1"' } })).body.version).toBe(2);
    expect((await api.get(path)).body).toMatchObject({ addresses: 6 });
    expect((await api.get(path, { headers: { 'if-none-match': '"2"' } })).status).toBe(304);
    expect((await api.put('/quotas/nobody', {}, { headers: { 'if-match': '*' } })).status).toBe(412);
    expect((await api.delete(path, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await api.delete(path)).status).toBe(204);
    expect((await api.get(path)).status).toBe(404);
    expect((await api.delete(path)).status).toBe(404);
    const told = await api.sql('SELECT count(*)::int AS n FROM outbox WHERE data::text LIKE $1', [`%${owner}%`]);
    expect(told[0].n).toBeGreaterThan(0);
    for (const bad of ['%00', 'x'.repeat(256)]) {
      const answer = await api.put(`/quotas/${bad}`, {});
      expect([answer.status, answer.body.errors[0].field]).toEqual([422, 'owner']);
    }
  });

  it('are listed in pages; a member sees its own only', async () => {
    const owners = Array.from({ length: 5 }, newOwner);
    for (const owner of owners) await api.put(`/quotas/${owner}`, { addresses: 1 });
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const page = await api.get(`/quotas?limit=2${cursor}`);
      seen.push(...page.body.quotas.map((quota: { owner: string }) => quota.owner));
      if (page.body.next === undefined) break;
      cursor = `&cursor=${page.body.next}`;
    }
    expect(seen).toEqual([...seen].sort());
    expect(owners.filter((owner) => !seen.includes(owner))).toEqual([]);
    const token = await api.token({ sub: owners[0], role: 'member', project: owners[1] });
    const mine = await api.get('/quotas', { token });
    expect(mine.body.quotas.map(({ owner }: { owner: string }) => owner)).toEqual(owners.slice(0, 2).sort());
    expect((await api.get(`/quotas/${owners[2]}`, { token })).status).toBe(403);
    expect((await api.get(`/quotas/${owners[2]}/usage`, { token })).status).toBe(403);
    expect((await api.put(`/quotas/${owners[0]}`, {}, { token })).status).toBe(403);
  });

  it('say limit, held and asked, and give again what was released', async () => {
    const owner = newOwner();
    await api.put(`/quotas/${owner}`, { addresses: 3 });
    const first = await reserve(owner, { count: 2 });
    expect(first.status).toBe(201);
    const refused = await reserve(owner, { count: 2 });
    expect([refused.status, refused.body.code]).toEqual([409, 'quota-exceeded']);
    expect(refused.body.detail).toBe(`The quota of "${owner}" is 3 addresses: it holds 2, and 2 more are asked for.`);
    expect((await reserve(owner)).status).toBe(201);
    expect((await reserve(owner)).status).toBe(409);
    expect((await reserve(newOwner())).status).toBe(201);
    await release([first]);
    expect((await reserve(owner, { count: 2 })).status).toBe(201);
    const usage = await api.get(`/quotas/${owner}/usage`);
    expect(usage.body).toMatchObject({ owner, quota: { addresses: 3 }, held: { addresses: 3, portMaps: 0 } });
    await api.put(`/quotas/${owner}`, { addresses: 1 });
    expect((await reserve(owner)).body.detail).toMatch(/holds more than 1,/);
    await api.delete(`/quotas/${owner}`);
    expect((await reserve(owner)).status).toBe(201);
  });

  it('of "*" hold for everybody who has none of his own; a null of his own is no limit', async () => {
    const [plain, own] = [newOwner(), newOwner()];
    await api.put('/quotas/*', { addresses: 1 });
    try {
      await api.put(`/quotas/${own}`, {});
      expect((await reserve(plain)).status).toBe(201);
      expect((await reserve(plain)).body.code).toBe('quota-exceeded');
      expect((await reserve(own, { count: 5 })).status).toBe(201);
    } finally {
      await api.delete('/quotas/*');
    }
  });

  it('are exact in batches and between processes', async () => {
    const owners = [newOwner(), newOwner()];
    for (const owner of owners) await api.put(`/quotas/${owner}`, { addresses: 7 });
    const asks = Array.from({ length: 40 }, (_, n) => reserve(owners[n % 2] ?? '', {}, n % 4 < 2 ? api : other));
    const answers = await Promise.all(asks);
    expect(statuses(answers)).toEqual({ 201: 14, 409: 26 });
    for (const owner of owners) {
      const usage = await api.get(`/quotas/${owner}/usage`);
      expect(usage.body.held.addresses).toBe(7);
    }
    await release(answers);
  });

  it('refuse nobody for what nobody has: another claim of the batch that gets nothing takes no part of it', async () => {
    const owner = newOwner();
    await api.put(`/quotas/${owner}`, { addresses: 8 });
    const small = await api.subnet('10.77.0.1', '10.77.0.4');
    const asks = [8, 8, 8, 1, 1, 1, 1].map((count) =>
      api.post(`/subnets/${small.subnet}/reservations`, { owner, count }),
    );
    const answers = await Promise.all(asks);
    expect(answers.slice(0, 3).map(({ status }) => status)).toEqual([409, 409, 409]);
    expect(answers.slice(3).map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  });

  it('limit what one request may ask for, by owner and for everybody', async () => {
    const owner = newOwner();
    await api.put(`/quotas/${owner}`, { perRequest: 2 });
    expect((await reserve(owner, { count: 3 })).body.detail).toBe(
      'One request may ask for 2 addresses; this one asks for 3.',
    );
    expect((await reserve(owner, { count: 2 })).status).toBe(201);
    const admin = await reserve('root', { count: 65 });
    expect([admin.status, admin.body.code]).toEqual([409, 'quota-exceeded']);
  });

  it('hold for port maps and components, all or nothing', async () => {
    const owner = newOwner();
    await api.put(`/quotas/${owner}`, { addresses: 2, portMaps: 3 });
    const component = (name: string, ports: number): Promise<Answer> =>
      api.post('/components', {
        ...{ owner, name, kind: 'x', gateway, pool },
        ports: Array.from({ length: ports }, (_, n) => ({ targetPort: 1000 + n })),
      });
    const made = await component('one', 2);
    expect(made.status).toBe(201);
    const refused = await component('two', 2);
    expect([refused.status, refused.body.code]).toEqual([409, 'quota-exceeded']);
    expect(refused.body.detail).toMatch(/3 port maps: it holds 2, and 2 more/);
    // the same request again takes nothing, and is answered although nothing more would fit
    await api.put(`/quotas/${owner}`, { addresses: 1, portMaps: 2 });
    expect((await component('one', 2)).body.id).toBe(made.body.id);
    expect(await api.sql('SELECT 1 FROM component WHERE owner = $1', [owner])).toHaveLength(1);
    await api.put(`/quotas/${owner}`, { addresses: 2, portMaps: 3 });
    const map = (): Promise<Answer> => api.post('/port-maps', { owner, gateway, address: '10.30.0.1', targetPort: 22 });
    const maps = await Promise.all([map(), map(), map()]);
    expect(statuses(maps)).toEqual({ 201: 1, 409: 2 });
    expect((await component('two', 0)).status).toBe(201);
    expect((await component('three', 0)).body.code).toBe('quota-exceeded');
  });
});
