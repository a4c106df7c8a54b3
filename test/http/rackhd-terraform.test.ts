import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dump, type Api } from '../support/api.js';
import { plainListener, startWithPlainListener } from './doors.js';
import { GoClient, POOL, type Doc, type Type } from './go-client.js';

/** contracts/rackhd.md section 10: the Terraform provider's flows, on the plain listener. */
describe('the Terraform provider', () => {
  let api: Api;
  let client: GoClient;

  beforeAll(async () => {
    api = await startWithPlainListener();
    client = new GoClient(await plainListener(api));
  });
  afterAll(() => api.close());

  const EMPTY = { id: '', name: '', tags: null, metadata: null };

  /** POST, GET Location, GET item; a reservation also its leases. */
  async function create(path: string, type: Type, body: object): Promise<Doc> {
    const made = await client.createShow(path, type, body);
    const at = `/${type}s/${made.id}`;
    // How full it is is measured now and then, so perhaps between the two.
    const told = (doc: Doc): Doc => ({ ...doc, capacity: undefined });
    expect(told(await client.show(at, type))).toEqual(told(made));
    return { ...made, at, ip: type === 'reservation' ? await firstAddress(at) : undefined };
  }

  const firstAddress = async (reservation: string): Promise<string> =>
    (await client.index(`${reservation}/leases`, 'lease'))[0].address as string;

  it.each(['507f1f77bcf86cd799439011', ''])('applies, refreshes, renames and destroys with uuid %j', async (uuid) => {
    const id = (n: number): string => (uuid === '' ? '' : uuid.slice(0, -1) + String(n));
    const pool = await create('/pools', 'pool', { id: id(1), name: 'P', tags: null, metadata: {} });
    const subnet = await create(`/pools/${pool.id}/subnets`, 'subnet', {
      ...{ id: id(2), name: 'S', tags: null, metadata: {}, pool: pool.id },
      ...{ start: '192.168.1.10', end: '192.168.1.20' },
    });
    const reservation = await create(`/subnets/${subnet.id}/reservations`, 'reservation', {
      ...{ id: id(3), name: 'R', tags: null, metadata: {}, subnet: subnet.id },
    });
    expect(reservation.ip).toBe('192.168.1.10');
    if (uuid !== '') expect([pool.id, subnet.id, reservation.id]).toEqual([id(1), id(2), id(3)]);

    // The second plan is empty: what a refresh reads is what was written.
    expect(await client.show(pool.at, 'pool')).toMatchObject({ name: 'P', tags: [], metadata: {} });
    expect(await client.show(subnet.at, 'subnet')).toMatchObject({
      ...{ name: 'S', tags: [], metadata: {}, pool: pool.id, start: '192.168.1.10', end: '192.168.1.20' },
    });
    expect(await client.show(reservation.at, 'reservation')).toMatchObject({ name: 'R', subnet: subnet.id });
    expect(await firstAddress(reservation.at)).toBe('192.168.1.10');

    // Its updates, with the values that land in metadata by mistake.
    expect(await client.update(pool.at, 'pool', { id: pool.id, name: 'P2', tags: null, metadata: null })).toBe(pool.at);
    await client.update(subnet.at, 'subnet', {
      ...{ id: subnet.id, name: 'S2', tags: null, metadata: '192.168.1.20', pool: '', start: '', end: '' },
    });
    await client.update(reservation.at, 'reservation', {
      ...{ id: reservation.id, name: 'R2', tags: null, metadata: subnet.id, subnet: '' },
    });

    // And the plan after them is empty too: relations, range and address are as they were.
    expect(await client.show(pool.at, 'pool')).toMatchObject({ name: 'P2', metadata: null });
    expect(await client.show(subnet.at, 'subnet')).toMatchObject({
      ...{ name: 'S2', pool: pool.id, start: '192.168.1.10', end: '192.168.1.20', metadata: '192.168.1.20' },
    });
    expect(await client.show(reservation.at, 'reservation')).toMatchObject({ name: 'R2', subnet: subnet.id });
    expect(await firstAddress(reservation.at)).toBe('192.168.1.10');

    expect(await client.delete(reservation.at, 'reservation', { ...EMPTY, subnet: '' })).toBe('/reservations');
    expect(await client.delete(subnet.at, 'subnet', { ...EMPTY, pool: '', start: '', end: '' })).toBe('/subnets');
    expect(await client.delete(pool.at, 'pool', EMPTY)).toBe('/pools');
    for (const [at, type] of [
      [pool.at, 'pool'],
      [subnet.at, 'subnet'],
      [reservation.at, 'reservation'],
    ] as [string, Type][]) {
      await expect(client.show(at, type)).rejects.toThrow('application/problem+json');
    }
  });

  it('writes and reads tags and metadata, whose values are texts', async () => {
    const tagged = { id: '', tags: ['t', 'u'], metadata: { k: 'v', n: '1' } };
    const pool = await create('/pools', 'pool', { ...tagged, name: 'P' });
    const subnet = await create(`/pools/${pool.id}/subnets`, 'subnet', {
      ...{ ...tagged, name: 'S', pool: pool.id, start: '10.0.0.1', end: '10.0.0.9' },
    });
    const reservation = await create(`/subnets/${subnet.id}/reservations`, 'reservation', {
      ...{ ...tagged, name: 'R', subnet: subnet.id },
    });
    for (const made of [pool, subnet, reservation]) {
      expect(made).toMatchObject({ tags: ['t', 'u'], metadata: { k: 'v', n: '1' } });
    }
    await client.delete(pool.at, 'pool', EMPTY);
  });

  it('is told when a chosen uuid is taken', async () => {
    const body = { id: '507f1f77bcf86cd799439099', name: 'P', tags: null, metadata: {} };
    const pool = await create('/pools', 'pool', body);
    await expect(client.createShow('/pools', 'pool', body)).rejects.toThrow('409 Conflict');
    await client.delete(pool.at, 'pool', EMPTY);
  });

  it('does no harm with the empty ids that its uuid => "" makes it send', async () => {
    await client.create('/pools', 'pool', POOL);
    const before = await dump(api.database);
    const update = { id: '', name: 'P', tags: null, metadata: null };
    for (const type of ['pool', 'subnet', 'reservation', 'lease'] as const) {
      await expect(client.update(`/${type}s/`, type, update)).rejects.toThrow('405 Method Not Allowed');
      await expect(client.delete(`/${type}s/`, type, EMPTY)).rejects.toThrow('405 Method Not Allowed');
      // Read as a list, which is not one pool: an error to it.
      await expect(client.show(`/${type}s/`, type)).rejects.toThrow(`not ${type}`);
    }
    expect(await dump(api.database)).toEqual(before);
  });
});
