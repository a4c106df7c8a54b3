import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';

describe('GET /me', () => {
  let api: Api;
  beforeAll(async () => {
    api = await Api.start({ env: { MAX_ADDRESSES_PER_REQUEST: '64' } });
  });
  afterAll(() => api.close());

  it('says who the caller is, which quotas count for it, and what it holds', async () => {
    const { subnet } = await api.subnet('10.20.0.1', '10.20.0.99');
    await api.put('/quotas/*', { addresses: 9 });
    await api.put('/quotas/team', { addresses: 5 });
    const token = await api.token({ sub: 'ann', role: 'member', project: 'team' });
    await api.make(`/subnets/${subnet}/reservations`, { count: 2 }, { token });
    await api.make(`/subnets/${subnet}/reservations`, { count: 3, owner: 'team' }, { token });
    const { status, body } = await api.get('/me', { token });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ name: 'ann', role: 'member', project: 'team', gateway: null, maxAddressesPerRequest: 64 },
      usage: [
        { owner: 'ann', quota: { owner: '*', addresses: 9 }, held: { addresses: 2, portMaps: 0 } },
        { owner: 'team', quota: { owner: 'team', addresses: 5 }, held: { addresses: 3, portMaps: 0 } },
      ],
    });
    expect((await api.get('/me', { token: '' })).status).toBe(401);
    const machine = await api.token({ sub: 'edge', role: 'gateway', gateway: 'edge' });
    expect((await api.get('/me', { token: machine })).body).toMatchObject({ role: 'gateway', gateway: 'edge' });
  });
});
