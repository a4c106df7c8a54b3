import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, type Answer } from '../support/api.js';

/** contracts/rackhd.md, section 2: whole lists and pages. */
describe('lists', () => {
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
