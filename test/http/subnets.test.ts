import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, dump, type Answer } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { expectSoundSpaces } from '../database/spaces.js';

const NONE = { first: 0, last: 0, ranges: [], network: false, broadcast: false, anycast: false };

describe('subnets', () => {
  let api: Api;

  beforeAll(async () => {
    api = await Api.start();
  });
  afterAll(async () => {
    await expectSoundSpaces(api.database);
    await api.close();
  });

  const pool = async (body: object = {}): Promise<string> => ((await api.make('/pools', body)) as { id: string }).id;
  const subnet = async (body: object): Promise<Answer['body']> => api.make(`/pools/${await pool()}/subnets`, body);
  const refusal = ({ status, body }: Answer): unknown[] => [status, body.code, body.errors?.[0]?.field];
  const reserve = (id: string, body: object = {}): Promise<Answer> => api.post(`/subnets/${id}/reservations`, body);
  const take = async (id: string, ...addresses: string[]): Promise<string> => {
    const answer = await reserve(id, { addresses });
    expect([answer.text, answer.status]).toEqual([answer.text, 201]);
    return answer.headers.get('location')!;
  };
  /** Claims to exhaustion; what could be had. */
  async function drain(id: string): Promise<string[]> {
    const got: string[] = [];
    for (;;) {
      const answer = await reserve(id);
      if (answer.status !== 201) {
        expect(refusal(answer)).toEqual([409, 'subnet-exhausted', undefined]);
        return got;
      }
      got.push(answer.body.leases[0].address as string);
    }
  }

  describe('exclusions', () => {
    it('a range gives out every address, a network those that machines can have', async () => {
      expect(await subnet({ start: '10.0.0.0', end: '10.0.0.255' })).toMatchObject({
        cidr: '10.0.0.0/24',
        gatewayAddress: null,
        exclusions: NONE,
      });
      expect(await subnet({ start: '10.0.0.0', end: '10.0.0.254' })).toMatchObject({ cidr: null });
      expect(await subnet({ cidr: '10.1.0.0/24', gatewayAddress: '10.1.0.1' })).toMatchObject({
        start: '10.1.0.0',
        end: '10.1.0.255',
        family: 4,
        cidr: '10.1.0.0/24',
        gatewayAddress: '10.1.0.1',
        exclusions: { ...NONE, network: true, broadcast: true, anycast: true },
      });
    });

    it.each([
      [{ cidr: '10.0.0.0/29', gatewayAddress: '10.0.0.1' }, ['2', '3', '4', '5', '6'].map((n) => `10.0.0.${n}`)],
      [{ start: '10.0.0.0', end: '10.0.0.7' }, Array.from({ length: 8 }, (_, n) => `10.0.0.${n}`)],
      [
        { start: '10.0.0.0', end: '10.0.0.15', exclusions: { first: 10, last: 1, ranges: ['10.0.0.11-10.0.0.12'] } },
        ['10.0.0.10', '10.0.0.13', '10.0.0.14'],
      ],
      [{ cidr: '10.0.0.0/30', exclusions: { broadcast: false } }, ['10.0.0.1', '10.0.0.2', '10.0.0.3']],
      [{ cidr: '10.0.0.0/30', exclusions: null }, ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3']],
      [{ cidr: '10.0.0.4/31' }, ['10.0.0.4', '10.0.0.5']],
      [{ cidr: '255.255.255.255/32' }, ['255.255.255.255']],
      [{ cidr: '255.255.255.252/30' }, ['255.255.255.253', '255.255.255.254']],
      [{ cidr: '2001:db8::/127' }, ['2001:db8::', '2001:db8::1']],
      [{ cidr: '2001:db8::/126' }, ['2001:db8::1', '2001:db8::2', '2001:db8::3']],
      [
        { cidr: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127' },
        ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
      ],
    ])('claims on %j get all that is not excluded', async (body, expected) => {
      const { id } = await subnet(body);
      expect(await drain(id)).toEqual(expected);
    });

    it('of an IPv6 /64 the anycast address is left out, and the last address is there', async () => {
      const { id } = await subnet({ cidr: '2001:db8:0:1::/64' });
      expect((await reserve(id)).body.leases[0].address).toBe('2001:db8:0:1::1');
      await take(id, '2001:db8:0:1:ffff:ffff:ffff:ffff');
      expect(refusal(await reserve(id, { addresses: ['2001:db8:0:1::'] }))).toEqual([
        422,
        'invalid-field',
        'addresses',
      ]);
    });

    it('an excluded address cannot be asked for, and the answer says why', async () => {
      const { id, pool: parent } = await subnet({ cidr: '10.0.0.0/24', gatewayAddress: '10.0.0.1' });
      for (const [address, why] of [
        ['10.0.0.0', 'is excluded'],
        ['10.0.0.255', 'is excluded'],
        ['10.0.0.1', 'is the gateway address'],
      ] as const) {
        for (const path of [`/subnets/${id}`, `/pools/${parent}`]) {
          const answer = await api.post(`${path}/reservations`, { addresses: ['10.0.0.9', address] });
          expect(refusal(answer)).toEqual([422, 'invalid-field', 'addresses']);
          expect(answer.body.detail).toContain(`${address} ${why}`);
        }
      }
      await take(id, '10.0.0.9');
    });

    it('many ranges are one space', async () => {
      const ranges = Array.from({ length: 256 }, (_, n) => `10.9.${n}.1-10.9.${n}.254`);
      const { id } = await subnet({ start: '10.9.0.0', end: '10.9.255.255', exclusions: { ranges } });
      expect((await reserve(id, { count: 512 })).body.leases).toHaveLength(512);
      expect(await drain(id)).toEqual([]);
    });

    it.each([
      [{}, 'start'],
      [{ start: '10.0.0.1' }, 'end'],
      [{ cidr: '10.0.0.1/24' }, 'cidr'],
      [{ cidr: '10.0.0.0/24', start: '10.0.0.0', end: '10.0.0.254' }, 'cidr'],
      [{ cidr: '10.0.0.0/24', prefixLength: 24 }, 'prefixLength'],
      [{ prefixLength: 24 }, 'prefixLength'],
      [{ cidr: '10.0.0.0/24', family: 6 }, 'family'],
      [{ cidr: '10.0.0.0/24', gatewayAddress: '10.0.1.1' }, 'gatewayAddress'],
      [{ cidr: '10.0.0.0/24', gatewayAddress: '::1' }, 'gatewayAddress'],
      [{ cidr: '10.0.0.0/24', exclusions: { first: -1 } }, 'exclusions.first'],
      [{ cidr: '10.0.0.0/24', exclusions: { last: 1.5 } }, 'exclusions.last'],
      [{ cidr: '10.0.0.0/24', exclusions: { first: null } }, 'exclusions.first'],
      [{ cidr: '10.0.0.0/24', exclusions: { zebra: 1 } }, 'exclusions.zebra'],
      [{ cidr: '10.0.0.0/24', exclusions: { network: 'yes' } }, 'exclusions.network'],
      [{ cidr: '10.0.0.0/24', exclusions: { ranges: ['10.0.0.9-8'] } }, 'exclusions.ranges'],
      [{ cidr: '10.0.0.0/24', exclusions: { ranges: ['10.0.1.1'] } }, 'exclusions.ranges.0'],
      [{ cidr: '10.0.0.0/24', exclusions: { ranges: Array(257).fill('10.0.0.1') } }, 'exclusions.ranges'],
      [{ start: '10.0.0.0', end: '10.0.0.9', exclusions: { network: true } }, 'exclusions.network'],
      [{ cidr: '10.0.0.0/24', exclusions: { first: 256 } }, 'exclusions'],
      [{ cidr: '10.0.0.7/32', gatewayAddress: '10.0.0.7' }, 'exclusions'],
    ])('refuses %j', async (body, field) => {
      const parent = await pool();
      const before = await dump(api.database);
      expect(refusal(await api.post(`/pools/${parent}/subnets`, body))).toEqual([422, 'invalid-field', field]);
      expect(await dump(api.database)).toEqual(before);
    });

    it('a preview shows what would be made, and makes nothing', async () => {
      const parent = await pool({ supernets: ['10.0.0.0/16'] });
      const before = await dump(api.database);
      const post = (body: object, query: string): Promise<Answer> =>
        api.post(`/pools/${parent}/subnets?${query}`, body);
      for (const body of [{ prefixLength: 24 }, { cidr: '10.0.0.0/24' }, { start: '10.0.0.0', end: '10.0.0.255' }]) {
        const answer = await post(body, 'dryRun=true');
        expect([answer.status, answer.headers.get('location'), answer.headers.get('etag')]).toEqual([200, null, null]);
        expect(answer.body).toMatchObject({ pool: parent, start: '10.0.0.0', cidr: '10.0.0.0/24', version: 1 });
      }
      expect(refusal(await post({ cidr: '10.1.0.0/24' }, 'dryRun=true'))).toEqual([422, 'invalid-field', 'cidr']);
      expect(refusal(await post({ prefixLength: 8 }, 'dryRun=true'))).toEqual([409, 'pool-exhausted', undefined]);
      expect(await dump(api.database)).toEqual(before);
      expect((await post({ prefixLength: 24 }, 'dryRun=false')).status).toBe(201);
    });
  });

  describe('changes', () => {
    const patch = (id: string, body: object): Promise<Answer> => api.patch(`/subnets/${id}`, body);

    it('"" and what is left out change nothing', async () => {
      const made = await subnet({
        name: 'a',
        cidr: '10.0.0.0/24',
        gatewayAddress: '10.0.0.1',
        exclusions: { last: 4 },
      });
      const changed = { ...made, name: 'b', version: 2, updatedAt: expect.any(String) };
      const same = { start: '', end: '', cidr: '', gatewayAddress: '', pool: '' };
      expect((await patch(made.id, { name: 'b', ...same })).body).toEqual(changed);
      const { start, end, cidr, gatewayAddress, exclusions } = made;
      expect((await patch(made.id, { start, end, cidr, gatewayAddress, exclusions })).body).toEqual({
        ...changed,
        version: 3,
      });
      expect((await api.put(`/subnets/${made.id}`, {})).body).toEqual({ ...changed, name: '', version: 4 });
      expect((await patch(made.id, { exclusions: {} })).body).toEqual({ ...changed, name: '', version: 5 });
      expect(await api.get(`/subnets/${made.id}`)).toMatchObject({ body: { exclusions, gatewayAddress } });
    });

    it('names, tags and metadata alone', async () => {
      const { id, ...made } = await subnet({
        name: 'a',
        tags: ['x'],
        metadata: { a: 1, b: { c: 2 } },
        cidr: '10.0.0.0/24',
      });
      expect((await patch(id, { tags: null, metadata: { b: { c: null, d: 3 } } })).body).toMatchObject({
        name: 'a',
        tags: [],
        metadata: { a: 1, b: { d: 3 } },
        exclusions: made.exclusions,
      });
      expect(refusal(await api.patch(`/subnets/${id}`, { name: 'c' }, { headers: { 'if-match': '"1"' } }))).toEqual([
        412,
        'precondition-failed',
        undefined,
      ]);
    });

    it('grows and shrinks, by its ends or as a network; an address in use stays', async () => {
      const { id } = await subnet({ start: '10.0.0.8', end: '10.0.0.15' });
      const held = await take(id, '10.0.0.12');
      expect((await patch(id, { start: '10.0.0.0' })).body).toMatchObject({ start: '10.0.0.0', cidr: '10.0.0.0/28' });
      expect((await patch(id, { end: '10.0.0.12' })).body).toMatchObject({ end: '10.0.0.12', cidr: null });
      const refused = await patch(id, { end: '10.0.0.11' });
      expect(refusal(refused)).toEqual([409, 'range-in-use', undefined]);
      expect(refused.body.detail).toContain('10.0.0.12');
      expect((await patch(id, { cidr: '10.0.0.0/24' })).body).toMatchObject({ end: '10.0.0.255' });
      expect((await patch(id, { cidr: '10.0.0.12/32' })).body).toMatchObject({ start: '10.0.0.12', end: '10.0.0.12' });
      expect(await drain(id)).toEqual([]);
      expect((await patch(id, { start: '10.0.0.10', end: '10.0.0.13' })).status).toBe(200);
      expect(await drain(id)).toEqual(['10.0.0.10', '10.0.0.11', '10.0.0.13']);
      expect(refusal(await patch(id, { cidr: '10.7.0.0/24' }))).toEqual([409, 'range-in-use', undefined]);
      await api.delete(held);
      expect(await drain(id)).toEqual(['10.0.0.12']);
    });

    it('moves when nothing is held, never to the other family', async () => {
      const { id } = await subnet({ cidr: '10.0.0.0/24' });
      expect((await patch(id, { cidr: '10.7.0.0/24' })).status).toBe(200);
      expect((await reserve(id)).body.leases[0].address).toBe('10.7.0.1');
      expect(refusal(await patch(id, { cidr: '2001:db8::/64' }))).toEqual([422, 'invalid-field', 'cidr']);
      expect(refusal(await patch(id, { start: '::', end: '::9' }))).toEqual([422, 'invalid-field', 'start']);
      expect(refusal(await patch(id, { cidr: '10.7.0.0/24', end: '10.7.0.9' }))).toEqual([
        422,
        'invalid-field',
        'cidr',
      ]);
      expect(refusal(await patch(id, { start: '10.7.0.9', end: '10.7.0.1' }))).toEqual([422, 'invalid-field', 'end']);
      expect(refusal(await patch(id, { cidr: 'x' }))).toEqual([422, 'invalid-field', 'cidr']);
      expect(refusal(await patch(id, { gatewayAddress: 'x' }))).toEqual([422, 'invalid-field', 'gatewayAddress']);
    });

    it('does not grow over a neighbour', async () => {
      const { id, pool: parent } = await subnet({ start: '10.0.0.0', end: '10.0.0.9' });
      await api.make(`/pools/${parent}/subnets`, { start: '10.0.0.20', end: '10.0.0.29' });
      expect(refusal(await patch(id, { end: '10.0.0.20' }))).toEqual([409, 'range-overlap', undefined]);
      expect((await patch(id, { end: '10.0.0.19' })).status).toBe(200);
      expect(await drain(id)).toHaveLength(20);
    });

    it('exclusions come and go; one that is held cannot be excluded', async () => {
      const { id } = await subnet({ start: '10.0.0.0', end: '10.0.0.15' });
      await take(id, '10.0.0.5', '10.0.0.6');
      for (const exclusions of [{ first: 6 }, { last: 11 }, { ranges: ['10.0.0.4/31'] }]) {
        const refused = await patch(id, { exclusions });
        expect(refusal(refused)).toEqual([409, 'range-in-use', undefined]);
        expect(refused.body.detail).toContain('10.0.0.5');
      }
      const ranges = ['10.0.0.7-10.0.0.14'];
      expect((await patch(id, { exclusions: { first: 5, ranges, network: true } })).body.exclusions).toEqual({
        ...NONE,
        first: 5,
        ranges,
        network: true,
      });
      expect((await patch(id, { exclusions: { first: 4 } })).body.exclusions).toMatchObject({ first: 4, ranges });
      expect(await drain(id)).toEqual(['10.0.0.4', '10.0.0.15']);
      expect((await patch(id, { exclusions: null })).body.exclusions).toEqual(NONE);
      expect(await drain(id)).toHaveLength(12);
    });

    it('the gateway address comes, goes and stays inside', async () => {
      const { id } = await subnet({ cidr: '10.0.0.0/29' });
      await take(id, '10.0.0.2');
      expect(refusal(await patch(id, { gatewayAddress: '10.0.0.2' }))).toEqual([409, 'range-in-use', undefined]);
      expect((await patch(id, { gatewayAddress: '10.0.0.6' })).body.gatewayAddress).toBe('10.0.0.6');
      const refused = await patch(id, { cidr: '10.0.0.0/30' });
      expect(refusal(refused)).toEqual([409, 'range-in-use', undefined]);
      expect(refused.body.detail).toContain('10.0.0.6');
      expect((await patch(id, { cidr: '10.0.0.0/30', gatewayAddress: '10.0.0.1' })).status).toBe(200);
      expect(await drain(id)).toEqual([]);
      expect((await patch(id, { gatewayAddress: null })).body.gatewayAddress).toBeNull();
      expect(await drain(id)).toEqual(['10.0.0.1']);
    });

    it('an address to which a gateway still forwards does not hold a subnet, and is not free when it comes back', async () => {
      const { gateway, subnet: id } = await api.gateway();
      await api.put(`/gateways/${gateway}/status`, { generation: 0, mode: 'apply', maps: [], gone: [] });
      const reservation = await api.make(`/subnets/${id}/reservations`, { addresses: ['10.20.0.9'] });
      const map = await api.make('/port-maps', { gateway, lease: reservation.leases[0].id, targetPort: 22 });
      await api.delete(`/reservations/${reservation.id}`);
      expect(refusal(await reserve(id, { addresses: ['10.20.0.9'] }))).toEqual([409, 'address-in-use', undefined]);
      expect((await patch(id, { start: '10.20.0.10' })).status).toBe(200);
      expect((await patch(id, { start: '10.20.0.8' })).status).toBe(200);
      await expectSoundSpaces(api.database);
      expect(refusal(await reserve(id, { addresses: ['10.20.0.9'] }))).toEqual([409, 'address-in-use', undefined]);
      await api.put(`/gateways/${gateway}/status`, { generation: 0, mode: 'apply', maps: [], gone: [map.id] });
      await take(id, '10.20.0.9');
    });

    it('tells everybody, and tells of all when the pool goes', async () => {
      const made = await subnet({
        cidr: '10.0.0.0/24',
        gatewayAddress: '10.0.0.9',
        exclusions: { ranges: ['10.0.0.3'] },
      });
      const odd = await api.make(`/pools/${made.pool}/subnets`, { start: '10.1.0.0', end: '10.1.0.2' });
      expect((await api.delete(`/pools/${made.pool}`)).status).toBe(204);
      const seen: { type: string; data: { id: string } }[] = [];
      let after = 0;
      const of = (id: string): Promise<unknown> =>
        eventually('the event', async () => {
          const { events, last } = (await api.get(`/events?after=${after}`)).body as {
            events: typeof seen;
            last: number;
          };
          after = last;
          seen.push(...events);
          return seen.find(({ type, data }) => type === 'ipam.subnet.deleted.v1' && data.id === id)?.data;
        });
      const times = { createdAt: expect.any(String), updatedAt: expect.any(String) };
      expect(await of(made.id)).toEqual({ ...made, ...times });
      expect(await of(odd.id)).toEqual({ ...odd, ...times });
    });
  });
});
