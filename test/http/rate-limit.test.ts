import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, type Answer } from '../support/api.js';
import { plainListener, startWithPlainListener } from './doors.js';

const BURST = 10;

/** RATE_LIMIT: too many requests of one are refused, and those of nobody else. */
describe('the rate limit', () => {
  let api: Api;

  beforeAll(async () => {
    // one a second: what was used up does not come back while a test looks
    api = await startWithPlainListener({ env: { RATE_LIMIT: '1', RATE_LIMIT_BURST: String(BURST) } });
  });
  afterAll(() => api.close());

  /** Asks until it is refused: how often it was not, and the refusal. */
  async function exhaust(ask: () => Promise<Answer>): Promise<{ before: Answer[]; refused: Answer }> {
    const before: Answer[] = [];
    for (let answer = await ask(); ; answer = await ask()) {
      if (answer.status === 429) return { before, refused: answer };
      before.push(answer);
      if (before.length > 3 * BURST) throw new Error(`never refused; last ${answer.status}`);
    }
  }

  it('refuses a principal with the time to wait, and no other principal', async () => {
    const [greedy, modest] = [
      await api.token({ sub: 'greedy', role: 'member' }),
      await api.token({ sub: 'modest', role: 'reader' }),
    ];
    const { before, refused } = await exhaust(() => api.get('/pools', { token: greedy }));
    expect(before.length).toBeGreaterThanOrEqual(BURST);
    expect(before.every(({ status }) => status === 200)).toBe(true);
    expect(refused.body).toMatchObject({ code: 'rate-limited', status: 429 });
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('ratelimit-policy')).toBe(`"default";q=${BURST};w=${BURST}`);
    expect(refused.headers.get('ratelimit')).toMatch(/^"default";r=0;t=(9|10)$/);
    // told before it comes so far, but not all the time
    expect(before[0]?.headers.get('ratelimit')).toBeNull();
    expect(before.at(-1)?.headers.get('ratelimit')).toMatch(/^"default";r=\d+;t=\d+$/);
    expect((await api.get('/pools', { token: modest })).status).toBe(200);
    // another token of the same principal is no way round
    const again = await api.token({ sub: 'greedy', role: 'member', project: 'p' });
    expect((await api.get('/pools', { token: again })).status).toBe(429);
  });

  it('does nothing of what it refuses', async () => {
    const token = await api.token({ sub: 'maker', role: 'admin' });
    const { before } = await exhaust(() => api.post('/pools', { name: 'made by maker' }, { token }));
    const [{ made }] = await api.sql(`SELECT count(*)::int AS made FROM pool WHERE name = 'made by maker'`);
    expect(made).toBe(before.filter(({ status }) => status === 201).length);
  });

  it('counts what a role may not do, too', async () => {
    const token = await api.token({ sub: 'curious', role: 'reader' });
    const { before } = await exhaust(() => api.post('/pools', {}, { token }));
    expect(new Set(before.map(({ status }) => status))).toEqual(new Set([403]));
  });

  it('never refuses health and metrics', async () => {
    const token = await api.token({ sub: 'prometheus', role: 'reader' });
    for (const path of ['/health/live', '/health/ready', '/metrics']) {
      const statuses = await Promise.all(
        Array.from({ length: 2 * BURST }, async () => (await api.get(path, { token })).status),
      );
      expect([path, new Set(statuses)]).toEqual([path, new Set([200])]);
    }
  });

  it('counts those without a good token by address, on both listeners; those with one go on', async () => {
    const { before } = await exhaust(() => api.get('/pools', { token: 'a.b.c' }));
    expect(new Set(before.map(({ status }) => status))).toEqual(new Set([401]));
    expect((await api.get('/pools', { token: '' })).status).toBe(429);
    const { url } = await plainListener(api);
    expect((await fetch(`${url}/pools`)).status).toBe(429);
    expect((await api.get('/pools', { token: await api.token({ sub: 'good', role: 'reader' }) })).status).toBe(200);
  });
});

it('there is none unless one is set', async () => {
  const api = await Api.start();
  try {
    const statuses = await Promise.all(Array.from({ length: 300 }, async () => (await api.get('/me')).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
  } finally {
    await api.close();
  }
});
