import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MapUsage } from '../../src/contract/usage.js';
import { Api, type Answer } from '../support/api.js';

describe('who used a component', () => {
  let api: Api;
  let gateway: string;
  let agent: string;
  let ann: string;
  let map: string;
  const epoch = '0123456789abcdef';
  const today = new Date().toISOString().slice(0, 10);
  const at = `${today}T00:00:01.000Z`;

  beforeAll(async () => {
    api = await Api.start();
    ({ gateway } = await api.gateway());
    agent = await api.token({ sub: 'agent', role: 'gateway', gateway });
    ann = await api.token({ sub: 'ann', role: 'member' });
    const made = await api.post(
      '/components',
      { name: 'vm1', kind: 'x', gateway, ports: [{ targetPort: 22 }] },
      { token: ann },
    );
    expect(made.status).toBe(201);
    map = (made.body.portMaps as { id: string }[])[0]?.id ?? '';
  });
  afterAll(() => api.close());

  const used = (connections: number, more: Partial<MapUsage> = {}): MapUsage => ({
    id: map,
    day: today,
    connections,
    packets: connections * 10,
    bytes: connections * 1_000,
    lastUsed: at,
    clients: [{ address: '198.51.100.7', connections, bytes: connections * 1_000, lastUsed: at }],
    otherConnections: 0,
    owner: 'mallory',
    name: 'forged',
    component: 'forged',
    ...more,
  });
  const report = (maps: object[], life = epoch, token = agent): Promise<Answer> =>
    api.put(`/gateways/${gateway}/usage`, { epoch: life, maps }, { token });
  const usage = async (token = ann, name = 'vm1'): Promise<Answer['body']> =>
    (await api.get(`/components/${name}/usage`, { token })).body;

  it('is summed over days, maps and lives of the gateway; a report told twice, or late, counts once', async () => {
    expect(await usage()).toMatchObject({ component: 'vm1', owner: 'ann', lastUsed: null, connections: 0, days: [] });
    expect((await report([used(2)])).status).toBe(204);
    expect((await report([used(5)])).status).toBe(204);
    expect((await report([used(5)])).status).toBe(204);
    expect((await report([used(3)])).status).toBe(204);
    expect((await report([used(1)], 'fedcba9876543210')).status).toBe(204);
    expect(await usage()).toEqual({
      component: 'vm1',
      owner: 'ann',
      lastUsed: at,
      ...{ connections: 6, packets: 60, bytes: 6_000 },
      days: [
        {
          day: today,
          ...{ connections: 6, packets: 60, bytes: 6_000, otherConnections: 0 },
          clients: [{ address: '198.51.100.7', connections: 6, bytes: 6_000, lastUsed: at }],
        },
      ],
    });
    expect((await api.get(`/port-maps/${map}/counters`)).body).toEqual({
      ...{ portMap: map, connections: 6, packets: 60, bytes: 6_000, lastUsed: at },
    });
    const none = '0'.repeat(24);
    expect((await api.get(`/port-map-counters?ids=${none},${map}`)).body.counters).toMatchObject([{ portMap: map }]);
  });

  it('names clients to its owner, to readers and to admins, and to no other member', async () => {
    const bob = await api.token({ sub: 'bob', role: 'member' });
    const days = async (token: string): Promise<object[]> => (await usage(token)).days as object[];
    expect(Object.keys((await days(bob))[0] ?? {})).toEqual(['day', 'connections', 'packets', 'bytes']);
    expect((await days(await api.token({ sub: 'eve', role: 'reader' })))[0]).toHaveProperty('clients');
    expect((await days(api.admin))[0]).toHaveProperty('clients');
  });

  it('is not taken from another gateway, neither by token nor by map', async () => {
    const other = await api.post('/gateways', { name: 'other', externalAddress: '192.0.2.99' });
    const id = String(other.body.id);
    const token = await api.token({ sub: 'agent', role: 'gateway', gateway: id });
    expect((await report([used(9)], epoch, token)).status).toBe(403);
    const path = `/gateways/${id}/usage`;
    expect((await api.put(path, { epoch, maps: [used(9)] }, { token })).status).toBe(204);
    expect(await usage()).toMatchObject({ connections: 6 });
    expect((await api.get('/components/forged/usage')).status).toBe(404);
  });

  it.each<[string, object]>([
    ['a day that is none', { day: '2030-02-30' }],
    ['a count below zero', { bytes: -1 }],
    ['an address that is none', { clients: [{ address: 'x', connections: 1, bytes: 1, lastUsed: at }] }],
    ['too many clients', { clients: Array.from({ length: 21 }, () => used(1).clients[0]) }],
    ['an id that is none', { id: 'x' }],
    ['a member it does not know', { colour: 'red' }],
  ])('is refused with %s', async (_what, more) => {
    expect((await report([{ ...used(7), ...more }])).status).toBe(422);
  });

  it('comes with labels in the desired state only when asked for', async () => {
    const read = async (query: string): Promise<object> =>
      ((await api.get(`/gateways/${gateway}/desired-state${query}`, { token: agent })).body.maps as object[])[0] ?? {};
    expect(await read('')).not.toHaveProperty('labels');
    expect(await read('?labels=true')).toMatchObject({ labels: { owner: 'ann', component: 'vm1' } });
  });

  it('outlives the component, by its name', async () => {
    expect((await api.delete('/components/vm1', { token: ann })).status).toBe(204);
    expect((await report([used(8)])).status).toBe(204);
    expect(await usage()).toMatchObject({ component: 'vm1', owner: 'ann', connections: 9 });
    expect((await api.get('/components/vm2/usage')).status).toBe(404);
  });
});
