import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, dump, type Answer } from '../support/api.js';

/** contracts/rackhd.md, section 5, lost updates; RFC 9110 section 13. */
describe('preconditions', () => {
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

  const reserve = async (body: unknown = {}): Promise<Answer['body']> =>
    api.make(`/subnets/${subnet}/reservations`, body);

  it('If-Match guards PATCH, PUT and DELETE of every kind', async () => {
    const { id, leases } = await reserve();
    const { gateway } = await api.gateway();
    const map = await api.make('/port-maps', { gateway, address: '10.30.0.1', targetPort: 1 });
    const component = await api.make('/components', { name: 'c', kind: 'router', gateway });
    for (const path of [
      `/leases/${leases[0].id}`,
      `/reservations/${id}`,
      `/subnets/${subnet}`,
      `/pools/${pool}`,
      `/port-maps/${map.id}`,
      `/components/${component.id}`,
      `/gateways/${gateway}`,
    ]) {
      const before = await dump(api.database);
      for (const method of ['PATCH', 'PUT', 'DELETE']) {
        if (method === 'PUT' && /^\/(port|comp|gate)/.test(path)) continue;
        if (method === 'DELETE' && path.startsWith('/leases')) continue;
        for (const tag of ['"2"', 'W/"1"', '"0", "7"', '1', '']) {
          const refused = await api.request(method, path, {
            ...(method === 'DELETE' ? {} : { body: {} }),
            headers: { 'if-match': tag },
          });
          expect([path, method, tag, refused.status, refused.body.code]).toEqual([
            path,
            method,
            tag,
            412,
            'precondition-failed',
          ]);
        }
      }
      expect(await dump(api.database)).toEqual(before);
      for (const tag of ['"1"', '"9", "2"', '*']) {
        expect((await api.patch(path, {}, { headers: { 'if-match': tag } })).status).toBe(200);
      }
    }
    expect((await api.delete(`/pools/${pool}`, { headers: { 'if-match': '"4"' } })).status).toBe(204);
  });

  it('If-None-Match of the current version is 304 without a body', async () => {
    for (const method of ['GET', 'HEAD']) {
      for (const tag of ['"1"', 'W/"1"', '"0", "1"', '*']) {
        const same = await api.request(method, `/pools/${pool}`, { headers: { 'if-none-match': tag } });
        expect([method, tag, same.status, same.text, same.headers.get('etag')]).toEqual([method, tag, 304, '', '"1"']);
      }
      expect((await api.request(method, `/pools/${pool}`, { headers: { 'if-none-match': '"2"' } })).status).toBe(200);
    }
  });

  it('of twenty writers of one version one wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        api.patch(`/pools/${pool}`, { name: `w${n}` }, { headers: { 'if-match': '"1"' } }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
  });
});
