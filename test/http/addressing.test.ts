import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, type Answer } from '../support/api.js';

/** The edges of addressing, through the API: what is stored is what is answered, up to the top of both families. */
describe('addressing', () => {
  let api: Api;

  beforeAll(async () => {
    api = await Api.start();
  });
  afterAll(() => api.close());

  const reserve = (subnet: string, body: object = {}): Promise<Answer> =>
    api.post(`/subnets/${subnet}/reservations`, body);
  const addresses = (answer: Answer): string[] =>
    (answer.body.leases as { address: string }[]).map(({ address }) => address);

  const TOP6 = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  it.each([
    ['255.255.255.254', '255.255.255.255'], // the top of IPv4; also a /31 (RFC 3021)
    [`${TOP6}:fffe`, `${TOP6}:ffff`], // the top of IPv6; also a /127 (RFC 6164)
    ['0.0.0.0', '0.0.0.1'],
    ['::', '::1'],
    ['10.0.0.255', '10.0.1.0'],
    ['2001:db8::ffff:ffff:ffff:ffff', '2001:db8:0:1::'],
  ])('%s to %s are two addresses, both given out, and no third', async (start, end) => {
    const { subnet } = await api.subnet(start, end);
    expect((await api.get(`/subnets/${subnet}`)).body).toMatchObject({ start, end });
    expect(addresses(await reserve(subnet))).toEqual([start]);
    expect(addresses(await reserve(subnet))).toEqual([end]);
    expect((await reserve(subnet)).body.code).toBe('subnet-exhausted');
    expect((await api.get(`/leases?address=${end}`)).body.leases).toHaveLength(1);
  });

  it.each([
    ['0.0.0.0', '255.255.255.255'],
    ['::', `${TOP6}:ffff`],
    ['10.0.0.0', '10.255.255.255'],
  ])('%s to %s: made at once, its ends given out', async (start, end) => {
    const { subnet } = await api.subnet(start, end);
    expect(addresses(await reserve(subnet))).toEqual([start]);
    expect(addresses(await reserve(subnet, { addresses: [end] }))).toEqual([end]);
    expect((await reserve(subnet, { addresses: [end] })).body.code).toBe('address-in-use');
  });

  it('a single address, /32 or /128, is a subnet', async () => {
    for (const one of ['203.0.113.7', '2001:db8::7']) {
      const { subnet } = await api.subnet(one, one);
      expect(addresses(await reserve(subnet))).toEqual([one]);
      expect((await reserve(subnet)).body.code).toBe('subnet-exhausted');
    }
  });

  it('however an address is written, it is one address, stored and answered in canonical text', async () => {
    const { pool, subnet } = await api.subnet('2001:DB8:0:0:0::1', '2001:0db8::0:000f');
    expect((await api.get(`/subnets/${subnet}`)).body).toMatchObject({ start: '2001:db8::1', end: '2001:db8::f' });
    expect(addresses(await reserve(subnet, { addresses: ['2001:DB8::000A'] }))).toEqual(['2001:db8::a']);
    expect((await reserve(subnet, { addresses: ['2001:db8:0::a'] })).body.code).toBe('address-in-use');

    // IPv4-mapped input is that IPv4 address
    const mapped = await api.make(`/pools/${pool}/subnets`, { start: '::ffff:10.8.0.1', end: '::FFFF:a08:9' });
    expect(mapped).toMatchObject({ start: '10.8.0.1', end: '10.8.0.9', family: 4 });
    expect(addresses(await reserve(mapped.id as string, { addresses: ['::ffff:10.8.0.5'] }))).toEqual(['10.8.0.5']);
    expect((await reserve(mapped.id as string, { addresses: ['10.8.0.5'] })).body.code).toBe('address-in-use');
    for (const text of ['10.8.0.5', '::ffff:10.8.0.5', '::ffff:a08:5']) {
      expect((await api.get(`/leases?address=${text}`)).body.leases).toHaveLength(1);
    }
    expect((await api.post(`/pools/${pool}/subnets`, { start: '10.8.0.9', end: '10.8.0.9' })).body.code).toBe(
      'range-overlap',
    );
    const [row] = await api.sql('SELECT host(address) AS address, family(address) FROM lease WHERE address <<= $1', [
      '10.8.0.0/24',
    ]);
    expect(row).toEqual({ address: '10.8.0.5', family: 4 });
  });

  it('no range of IPv6 ends in the IPv4-mapped block, since what is written there is IPv4', async () => {
    const { pool } = await api.subnet('192.0.2.1', '192.0.2.1');
    for (const [start, end, field] of [
      ['::fffe:ffff:ffff', '::ffff:10.0.0.0', 'end'],
      ['::ffff:10.0.0.0', '::1:0:0:0', 'end'],
    ]) {
      const refused = await api.post(`/pools/${pool}/subnets`, { start, end });
      expect([refused.status, refused.body.errors[0].field]).toEqual([422, field]);
    }
  });

  it("a gateway's networks are canonical too, and a mapped one is IPv4", async () => {
    const { gateway } = await api.gateway({
      networks: ['2001:DB8:0::/48', '::ffff:10.30.0.0/112', '::1.2.3.0/120', '10.40.0.0/16'],
    });
    const networks = ['2001:db8::/48', '10.30.0.0/16', '::102:300/120', '10.40.0.0/16'];
    expect((await api.get(`/gateways/${gateway}`)).body.networks).toEqual(networks);
    const token = await api.token({ sub: 'agent', role: 'gateway', gateway });
    const state = await api.get(`/gateways/${gateway}/desired-state`, { token });
    expect(state.body.gateway.networks).toEqual(networks);
    expect((await api.post('/port-maps', { gateway, address: '10.30.0.9', targetPort: 22 })).status).toBe(201);
    for (const network of ['::ffff:10.0.0.0/8', '10.0.0.1/8', 'fe80::%1/64', '10.0.0.0/08']) {
      const refused = await api.patch(`/gateways/${gateway}`, { networks: [network] });
      expect([network, refused.status, refused.body.errors[0].field]).toEqual([network, 422, 'networks']);
    }
  });

  it('a cascade that races with makers below leaves no orphan', async () => {
    for (let round = 0; round < 5; round++) {
      const { pool, subnet } = await api.subnet('10.0.0.1', '10.0.0.99');
      const answers = await Promise.all([
        ...Array.from({ length: 6 }, () => reserve(subnet, { count: 2 })),
        api.delete(`/pools/${pool}`),
        ...Array.from({ length: 6 }, () => reserve(subnet)),
        ...[1, 2, 3].map((n) => api.post(`/pools/${pool}/subnets`, { start: `10.1.${n}.1`, end: `10.1.${n}.9` })),
      ]);
      expect(answers.map(({ status }) => status).filter((status) => ![201, 204, 404].includes(status))).toEqual([]);
      const [left] = await api.sql(
        `SELECT (SELECT count(*)::int FROM subnet WHERE pool_id = $1) AS subnets,
                (SELECT count(*)::int FROM reservation WHERE subnet_id = $2) AS reservations,
                (SELECT count(*)::int FROM lease WHERE subnet_id = $2) AS leases`,
        [pool, subnet],
      );
      expect(left).toEqual({ subnets: 0, reservations: 0, leases: 0 });
    }
  });
});
