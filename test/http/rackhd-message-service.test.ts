import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Api } from '../support/api.js';
import { plainListener, startWithPlainListener } from './doors.js';
import { GoClient, RESERVATION, type Doc, type Type } from './go-client.js';

/** contracts/rackhd.md section 11: what the message service does over HTTP for each of its requests. */
describe('the message service', () => {
  let api: Api;
  let client: GoClient;
  let pool: Doc;

  beforeAll(async () => {
    api = await startWithPlainListener();
    client = new GoClient(await plainListener(api));
    pool = await client.createShow('/pools', 'pool', {
      ...{ id: '', name: 'P', tags: null, metadata: '172.31.128.0/24' },
    });
  });
  afterAll(() => api.close());

  const subnet = (start: string, end: string): Promise<Doc> =>
    client.createShow(`/pools/${pool.id}/subnets`, 'subnet', {
      ...{ id: '', name: 'S', tags: null, metadata: null, pool: pool.id, start, end },
    });

  /** {"action":"request-ip"}: an empty reservation, its leases, of which there must be exactly one. */
  async function requestIp(subnetId: string): Promise<object> {
    try {
      const path = `/subnets/${subnetId}/reservations`;
      const reservation = await client.createShow(path, 'reservation', RESERVATION);
      const leases = await client.index(`/reservations/${reservation.id}/leases`, 'lease');
      if (leases.length !== 1) throw new Error(`${leases.length} leases`);
      return { failed: false, error: '', ip: leases[0].address as string, reservation: reservation.id as string };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { failed: true, error: `[ERROR] getting response from creating reservation ${reason}` };
    }
  }

  it('makes a pool whose metadata is a text', () => {
    expect(pool).toMatchObject({ name: 'P', tags: [], metadata: '172.31.128.0/24' });
  });

  it('answers request-ip with the first address and its reservation', async () => {
    const { id } = await subnet('192.168.1.10', '192.168.1.11');
    expect(await requestIp(id)).toEqual({
      ...{ failed: false, error: '', ip: '192.168.1.10', reservation: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });

  it('answers request-ip for an unknown, a malformed and a full subnet with the status line', async () => {
    const failed = (status: string): object => ({
      failed: true,
      error: `[ERROR] getting response from creating reservation ${status}`,
    });
    expect(await requestIp('6b024480686c824ea09e15b6')).toEqual(failed('404 Not Found'));
    expect(await requestIp('x')).toEqual(failed('404 Not Found'));
    const { id } = await subnet('10.0.0.1', '10.0.0.1');
    expect(await requestIp(id)).toMatchObject({ failed: false, ip: '10.0.0.1' });
    expect(await requestIp(id)).toEqual(failed('409 Conflict'));
  });

  it('makes a subnet up to .255 well inside the 5 s that its callers wait, and reserves in it', async () => {
    const began = performance.now();
    const made = await subnet('172.31.128.3', '172.31.128.255');
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(made).toMatchObject({ pool: pool.id, start: '172.31.128.3', end: '172.31.128.255' });
    expect(await requestIp(made.id)).toMatchObject({ ip: '172.31.128.3' });
    await api.make(`/subnets/${made.id}/reservations`, { count: 251 });
    expect(await requestIp(made.id)).toMatchObject({ ip: '172.31.128.255' });
    expect(await requestIp(made.id)).toMatchObject({ failed: true });
  });

  it('gets a status above 300 for what cannot be, and can delete the pool afterwards', async () => {
    const other = await client.createShow('/pools', 'pool', { id: '', name: 'Q', tags: null, metadata: null });
    const range = { id: '', name: 'S', tags: null, metadata: null, pool: other.id, start: '10.0.0.1', end: '10.0.0.9' };
    const bad: [string, Type, object, string][] = [
      ['/pools/x/subnets', 'subnet', range, '404 Not Found'],
      ['/pools/6b024480686c824ea09e15b6/subnets', 'subnet', range, '404 Not Found'],
      [`/pools/${other.id}/subnets`, 'subnet', { ...range, start: 'not an address' }, '422 Unprocessable Entity'],
      [`/pools/${other.id}/subnets`, 'subnet', { ...range, start: '', end: '' }, '422 Unprocessable Entity'],
      [`/pools/${other.id}/subnets`, 'subnet', { ...range, end: '10.0.0.0' }, '422 Unprocessable Entity'],
    ];
    for (const [path, type, body, status] of bad) await expect(client.create(path, type, body)).rejects.toThrow(status);
    expect(await client.index(`/pools/${other.id}/subnets`, 'subnet')).toEqual([]);
    expect(await client.delete(`/pools/${other.id}`, 'pool', other)).toBe('/pools');
  });
});
