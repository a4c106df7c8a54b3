import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DesiredMap } from '../../src/contract/desired-state.js';
import { parseDesiredState } from '../../src/contract/desired-state.schema.js';
import { ruleId } from '../../src/contract/rule-id.js';
import { Api, type Answer } from '../support/api.js';
import { eventually } from '../support/eventually.js';

describe('for whom a port map is, and until when', () => {
  let api: Api;
  let gateway: string;
  let agent: string;

  beforeAll(async () => {
    api = await Api.start();
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    ({ gateway } = await api.gateway());
    agent = await api.token({ sub: 'agent', role: 'gateway', gateway });
  });

  const make = (body: object = {}): Promise<Answer['body']> =>
    api.make('/port-maps', { gateway, address: '10.30.0.1', targetPort: 22, ...body });
  /** The map as its gateway gets it, checked as the gateway checks it. */
  async function desired(id: string): Promise<DesiredMap | undefined> {
    const { body } = await api.get(`/gateways/${gateway}/desired-state`, { token: agent });
    return parseDesiredState(body).maps.find((map) => map.id === id);
  }
  async function confirm(id: string): Promise<void> {
    const maps = [{ id, ruleId: (await desired(id))?.ruleId, status: 'active', reason: null }];
    const body = { generation: 0, mode: 'apply', maps, gone: [] };
    expect((await api.put(`/gateways/${gateway}/status`, body, { token: agent })).status).toBe(204);
  }

  it('is for everybody and without end, unless it is said', async () => {
    const map = await make();
    expect([map.sources, map.expiresAt]).toEqual([[], null]);
    expect(await desired(map.id)).not.toHaveProperty('sources');
  });

  it('tells the gateway who may connect, in order and each once; its rule is another', async () => {
    const map = await make({ sources: ['203.0.113.7/32', '198.51.100.0/24', '203.0.113.7/32'] });
    const sources = ['198.51.100.0/24', '203.0.113.7/32'];
    expect(map.sources).toEqual(sources);
    const { protocol, connectionPort, address, targetPort, ...told } = (await desired(map.id)) as DesiredMap;
    expect(told.sources).toEqual(sources);
    expect(told.ruleId).toBe(ruleId({ protocol, connectionPort, address, targetPort, sources }));
    expect(told.ruleId).not.toBe(ruleId({ protocol, connectionPort, address, targetPort }));
  });

  it('waits for the gateway again when others may connect, and only then', async () => {
    const { id } = await make();
    await confirm(id);
    const renamed = await api.patch(`/port-maps/${id}`, { name: 'web', ttl: 3_600 });
    expect([renamed.body.status, renamed.body.sources]).toEqual(['active', []]);
    const narrowed = await api.patch(`/port-maps/${id}`, { sources: ['198.51.100.0/24'] });
    expect(narrowed.body).toMatchObject({ status: 'pending', sources: ['198.51.100.0/24'], name: 'web' });
    expect(narrowed.body.expiresAt).toBe(renamed.body.expiresAt);
    await confirm(id);
    expect((await api.patch(`/port-maps/${id}`, { sources: ['198.51.100.0/24'] })).body.status).toBe('active');
    expect((await api.patch(`/port-maps/${id}`, { sources: null })).body).toMatchObject({
      status: 'pending',
      sources: [],
    });
    expect(await desired(id)).not.toHaveProperty('sources');
    const events = await api.sql(
      `SELECT EXISTS (SELECT FROM outbox_desired d WHERE d.batch_id = o.seq >> 20 AND d.desired_by = $2) AS changes
       FROM outbox o WHERE o.data->>'id' = $1 AND o.type LIKE '%port-map.updated%' ORDER BY o.seq`,
      [id, gateway],
    );
    // Only what changes the rule is a new generation of the desired state.
    expect(events.map((event) => event.changes)).toEqual([false, true, false, true]);
  });

  it.each<[string, object, string, RegExp]>([
    ['another family', { sources: ['2001:db8::/32'] }, 'sources', /must be IPv4 networks/],
    ['everybody as a network', { sources: ['0.0.0.0/0'] }, 'sources', /narrower than everybody/],
    ['host bits', { sources: ['198.51.100.7/24'] }, 'sources', /no bits set/],
    ['both ends', { ttl: 60, expiresAt: '2040-01-01T00:00:00Z' }, 'ttl', /not both/],
    ['a past end', { expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt', /in the future/],
  ])('refuses %s, and changes nothing', async (_what, body, field, message) => {
    const { id, ...before } = await make();
    for (const answer of [
      await api.post('/port-maps', { gateway, address: '10.30.0.1', targetPort: 22, ...body }),
      await api.patch(`/port-maps/${id}`, body),
    ]) {
      expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, field]);
      expect(answer.body.detail).toMatch(message);
    }
    expect((await api.get(`/port-maps/${id}`)).body).toEqual({ id, ...before });
  });

  it('cannot be given to others while it is being removed', async () => {
    const { id } = await make();
    await confirm(id);
    expect((await api.delete(`/port-maps/${id}`)).status).toBe(204);
    const refused = await api.patch(`/port-maps/${id}`, { sources: ['198.51.100.0/24'] });
    expect([refused.status, refused.body.code]).toEqual([409, 'in-use']);
  });

  it('ends by itself: it leaves the desired state, and keeps its port until the gateway confirms', async () => {
    const staying = await make({ ttl: 3_600 });
    const { id, connectionPort, expiresAt } = await make({ ttl: 1, name: 'trial' });
    await confirm(id);
    const map = await eventually('the end of its time', async () => {
      const { body } = await api.get(`/port-maps/${id}`);
      return body.status === 'removing' && body;
    });
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now());
    expect(map.connectionPort).toBe(connectionPort);
    expect(await desired(id)).toBeUndefined();
    expect(await desired(staying.id)).toBeDefined();
    const body = { generation: 0, mode: 'apply', maps: [], gone: [id] };
    await api.put(`/gateways/${gateway}/status`, body, { token: agent });
    expect((await api.get(`/port-maps/${id}`)).status).toBe(404);
    const [event] = await api.sql(
      `SELECT actor FROM outbox WHERE data->>'id' = $1 AND type LIKE '%port-map.removing%'`,
      [id],
    );
    expect(event).toEqual({ actor: null });
  });

  it('lives on when its end is moved or taken away in time', async () => {
    const { id } = await make({ ttl: 2 });
    const moved = await api.patch(`/port-maps/${id}`, { expiresAt: null });
    expect([moved.status, moved.body.expiresAt]).toEqual([200, null]);
    const short = await make({ ttl: 1 });
    await eventually('the other to end', async () => (await api.get(`/port-maps/${short.id}`)).status === 404);
    expect((await api.get(`/port-maps/${id}`)).body.status).toBe('pending');
  });
});
