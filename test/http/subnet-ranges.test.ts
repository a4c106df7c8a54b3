import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, dump, type Answer } from '../support/api.js';

/** contracts/rackhd.md, sections 4 and 5: the range of a subnet. */
describe('ranges', () => {
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

  it('"" and absent are unchanged; a new range is checked against what is held and what is beside it', async () => {
    const { leases } = await reserve({ addresses: ['192.168.1.15'] });
    const patch = (body: unknown): Promise<Answer> => api.patch(`/subnets/${subnet}`, body);
    expect((await patch({ start: '', end: '' })).body).toMatchObject({ start: '192.168.1.10', end: '192.168.1.19' });
    expect((await patch({ end: '192.168.1.30' })).body).toMatchObject({ start: '192.168.1.10', end: '192.168.1.30' });
    expect((await patch({ start: '192.168.1.15', end: '192.168.1.15' })).status).toBe(200);
    for (const range of [
      { start: '192.168.1.16', end: '192.168.1.20' },
      { start: '10.0.0.1', end: '10.0.0.2' },
      { start: '192.168.1.1', end: '192.168.1.14' },
    ]) {
      const refused = await patch(range);
      expect([refused.status, refused.body.code]).toEqual([409, 'range-in-use']);
    }
    await api.make(`/pools/${pool}/subnets`, { start: '192.168.1.100', end: '192.168.1.200' });
    expect((await patch({ end: '192.168.1.100' })).body.code).toBe('range-overlap');
    expect((await api.get(`/subnets/${subnet}`)).body).toMatchObject({ start: '192.168.1.15', end: '192.168.1.15' });
    expect((await reserve().catch((error: unknown) => String(error))) as string).toContain('subnet-exhausted');
    expect((await patch({ end: '192.168.1.16' })).status).toBe(200);
    expect((await reserve()).leases[0].address).toBe('192.168.1.16');
    expect((await api.get(`/leases/${leases[0].id}`)).body.address).toBe('192.168.1.15');
  });

  it('a free range may move anywhere, but stays of its family', async () => {
    expect((await api.patch(`/subnets/${subnet}`, { start: '10.5.0.0', end: '10.5.0.9' })).status).toBe(200);
    expect((await reserve()).leases[0].address).toBe('10.5.0.0');
    const refused = await api.patch(`/subnets/${subnet}`, { start: 'fd00::1', end: 'fd00::2' });
    expect([refused.status, refused.body.errors[0].field]).toEqual([422, 'start']);
  });

  it.each([
    [{ start: '10.0.0.2', end: '10.0.0.1' }, 'end'],
    [{ start: '10.0.0.1', end: 'fd00::1' }, 'end'],
    [{ start: '10.0.0.0/24', end: '10.0.0.1' }, 'start'],
    [{ start: '10.0.0.1', end: '10.0.0.256' }, 'end'],
    [{ start: 'fe80::1%eth0', end: 'fe80::2' }, 'start'],
    [{ start: '', end: '10.0.0.1' }, 'start'],
    [{ end: '10.0.0.1' }, 'start'],
    [{ start: '10.0.0.1' }, 'end'],
    [{ start: 167772161, end: '10.0.0.1' }, 'start'],
    [{ start: null, end: null }, 'start'],
  ])('%j is 422 and names %s', async (range, field) => {
    const before = await dump(api.database);
    const { status, body } = await api.post(`/pools/${pool}/subnets`, range);
    expect([status, body.code, body.errors[0].field]).toEqual([422, 'invalid-field', field]);
    expect(await dump(api.database)).toEqual(before);
  });

  it('overlap is refused in one pool only', async () => {
    for (const [start, end] of [
      ['192.168.1.19', '192.168.1.19'],
      ['192.168.1.0', '192.168.1.10'],
      ['0.0.0.0', '255.255.255.255'],
    ]) {
      const refused = await api.post(`/pools/${pool}/subnets`, { start, end });
      expect([refused.status, refused.body.code]).toEqual([409, 'range-overlap']);
    }
    expect((await api.post(`/pools/${pool}/subnets`, { start: '192.168.1.20', end: '192.168.1.20' })).status).toBe(201);
    expect(
      (await api.post(`/pools/${pool}/subnets`, { start: '::', end: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' }))
        .status,
    ).toBe(201);
    await api.subnet('192.168.1.10', '192.168.1.11');
  });

  it('addresses are answered in canonical form without a prefix length', async () => {
    const made = await api.make(`/pools/${pool}/subnets`, { start: '2001:DB8:0:0:0:0:0:0', end: '2001:0db8::00ff' });
    expect(made).toMatchObject({ start: '2001:db8::', end: '2001:db8::ff', family: 6 });
    const { leases } = await api.make(`/subnets/${made.id}/reservations`, { addresses: ['2001:DB8::00A0'] });
    expect(leases[0].address).toBe('2001:db8::a0');
    const mapped = await api.make(`/pools/${pool}/subnets`, { start: '::ffff:10.8.0.1', end: '10.8.0.2' });
    expect(mapped).toMatchObject({ start: '10.8.0.1', end: '10.8.0.2', family: 4 });
  });
});
