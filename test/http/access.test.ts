import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UnsecuredJWT } from 'jose';
import { Api, dump, newSecret, token } from '../support/api.js';
import { goodBody, makeFixture, OPERATIONS, pathOf, type Fixture, type Operation } from './operations.js';

/** Who may do what: a new route must be added here. Admin may everything; `anyone` needs no token. */
const ALLOWED: Record<string, readonly string[]> = {
  getLiveness: ['anyone'],
  getReadiness: ['anyone'],
  listEventSchemas: ['anyone'],
  getEventSchema: ['anyone'],
  ...each(
    ['member', 'reader'],
    [
      ...['getPoolCapacity', 'getSubnetCapacity'],
      ...['listReachability', 'getLeaseReachability', 'listBadRecords'],
      ...['listEvents', 'listPools', 'getPool', 'listSubnets', 'listPoolSubnets', 'getSubnet', 'listReservations'],
      ...['listPoolReservations', 'listSubnetReservations', 'getReservation', 'listLeases', 'listReservationLeases'],
      ...[
        'getLease',
        'listGateways',
        'getGateway',
        'listGatewayDrift',
        'listPortMaps',
        'getPortMap',
        'listComponentKinds',
        'listComponents',
      ],
      ...['getComponentUsage', 'getPortMapCounters', 'listPortMapCounters'],
      ...['getComponent', 'getAddress', 'listAddressHistory', 'listPortHistory'],
      ...['listQuotas', 'getQuota', 'getQuotaUsage'],
    ],
  ),
  ...each(
    ['member'],
    [
      ...[
        'reserveInPool',
        'reserveInSubnet',
        'bulkReservations',
        'updateReservation',
        'replaceReservation',
        'deleteReservation',
      ],
      ...[
        'renewReservation',
        'deleteLease',
        'updateLease',
        'replaceLease',
        'createPortMap',
        'updatePortMap',
        'deletePortMap',
      ],
      ...['createComponent', 'updateComponent', 'deleteComponent'],
    ],
  ),
  ...each(
    [],
    [
      ...['createPool', 'updatePool', 'replacePool', 'deletePool', 'createSubnet', 'updateSubnet', 'replaceSubnet'],
      ...['deleteSubnet', 'createGateway', 'updateGateway', 'deleteGateway'],
      ...['setQuota', 'deleteQuota', 'importAll'],
      ...['listWebhooks', 'createWebhook', 'getWebhook', 'updateWebhook', 'deleteWebhook', 'rotateWebhookSecret'],
      ...['testWebhook', 'listDeadLetters', 'replayDeadLetters', 'replayDeadLetter', 'deleteDeadLetters'],
      'deleteDeadLetter',
    ],
  ),
  ...each(['reader'], ['getMetrics', 'exportAll', 'listParkedEvents', 'listDnsZones']),
  ...each(['gateway'], ['getDesiredState', 'putStatus', 'putUsage', 'putReachability']),
  ...each(['member', 'reader', 'gateway'], ['getMe']),
};

function each(roles: readonly string[], operations: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(operations.map((operation) => [operation, roles]));
}

describe('who may do what', () => {
  let api: Api;
  let fixture: Fixture;
  let before: Record<string, string>;

  beforeAll(async () => {
    api = await Api.start();
    fixture = await makeFixture(api);
    before = await dump(api.database);
  });
  afterAll(() => api.close());

  const ask = (operation: Operation, bearer: string) =>
    api.request(operation.method, pathOf(operation, fixture), {
      token: bearer,
      ...(operation.body === undefined ? {} : { body: goodBody(operation, fixture) }),
    });

  it('is told for every route', () => {
    expect(OPERATIONS.map(({ id }) => id).filter((id) => ALLOWED[id] === undefined)).toEqual([]);
  });

  it('nobody gets in without a good token, and what they sent is not even read', async () => {
    const claims = { sub: 'root', role: 'admin', exp: Math.floor(Date.now() / 1000) + 600 };
    const bad: Record<string, string> = {
      none: '',
      expired: await api.token({ ...claims, exp: claims.exp - 1200 }),
      'other key': await token(newSecret(), claims),
      'alg none': new UnsecuredJWT(claims).encode(),
      'no role': await api.token({ ...claims, role: undefined }),
      'unknown role': await api.token({ ...claims, role: 'root' }),
      garbage: 'x.y.z',
    };
    for (const operation of OPERATIONS) {
      for (const [name, bearer] of Object.entries(bad)) {
        const { status, body, headers } = await ask(operation, bearer);
        if (ALLOWED[operation.id]?.[0] === 'anyone') {
          expect([operation.id, name, status]).toEqual([operation.id, name, 200]);
        } else {
          expect([operation.id, name, status, body?.code]).toEqual([operation.id, name, 401, 'unauthenticated']);
          expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="berth"/);
          expect(headers.get('content-type')).toBe('application/problem+json');
        }
      }
    }
    const unread = await api.post('/pools', '{', { token: '', headers: { 'content-type': 'text/nonsense' } });
    expect(unread.status).toBe(401);
    expect(await dump(api.database)).toEqual(before);
  });

  it.each(['reader', 'member', 'gateway'])('the role %s may do what it is for and nothing else', async (role) => {
    const bearer = await api.token({ sub: 'kim', role, gateway: 'another' });
    for (const operation of OPERATIONS) {
      const allowed = ALLOWED[operation.id] ?? [];
      if (allowed[0] === 'anyone' || (allowed.includes(role) && operation.method !== 'GET')) continue; // below
      const { status, body } = await ask(operation, bearer);
      if (allowed.includes(role) && (role !== 'gateway' || operation.id === 'getMe')) {
        expect([operation.id, status]).toEqual([operation.id, 200]);
      } else {
        expect([operation.id, status, body.code]).toEqual([operation.id, 403, 'forbidden']);
      }
    }
    expect(await dump(api.database)).toEqual(before);
  });

  it("a member changes its own and its project's things, and nobody else's", async () => {
    const kim = await api.token({ sub: 'kim', role: 'member', project: 'blue' });
    const lou = await api.token({ sub: 'lou', role: 'member', project: 'blue' });
    const max = await api.token({ sub: 'max', role: 'member', project: 'red' });
    const gateway = fixture.gateways;
    const make: [string, object, string][] = [
      [`/subnets/${fixture.subnets}/reservations`, {}, '/reservations'],
      [`/pools/${fixture.pools}/reservations`, {}, '/reservations'],
      ['/port-maps', { gateway, address: '10.30.0.9', targetPort: 9 }, '/port-maps'],
      ['/components', { name: 'theirs', kind: 'router', gateway }, '/components'],
    ];
    for (const [path, body, collection] of make) {
      const own = await api.make(path, body, { token: kim });
      expect(own.owner).toBe('kim');
      const shared = await api.make(path, { ...body, owner: 'blue' }, { token: kim });
      for (const owner of ['lou', 'red', 'root']) {
        const state = await dump(api.database);
        const refused = await api.post(path, { ...body, owner }, { token: kim });
        expect([path, owner, refused.status, refused.body.code]).toEqual([path, owner, 403, 'forbidden']);
        expect(await dump(api.database)).toEqual(state);
      }
      for (const [bearer, id] of [
        [lou, own.id],
        [max, own.id],
        [max, shared.id],
      ]) {
        const state = await dump(api.database);
        expect((await api.patch(`${collection}/${id}`, { tags: ['x'] }, { token: bearer as string })).body.code).toBe(
          'forbidden',
        );
        expect((await api.delete(`${collection}/${id}`, { token: bearer as string })).body.code).toBe('forbidden');
        expect(await dump(api.database)).toEqual(state);
      }
      if (collection === '/reservations') {
        const lease = `/leases/${own.leases[0].id}`;
        expect((await api.patch(lease, { name: 'x' }, { token: max })).body.code).toBe('forbidden');
        expect((await api.patch(lease, { name: 'x' }, { token: kim })).status).toBe(200);
      }
      expect((await api.patch(`${collection}/${shared.id}`, { tags: ['x'] }, { token: lou })).status).toBe(200);
      expect((await api.delete(`${collection}/${shared.id}`, { token: lou })).status).toBe(204);
      expect((await api.delete(`${collection}/${own.id}`, { token: kim })).status).toBe(204);
    }
  });

  it("a member leads no port to another's lease", async () => {
    const kim = await api.token({ sub: 'kim', role: 'member' });
    const body = { gateway: fixture.gateways, lease: fixture.leases, targetPort: 22 };
    expect((await api.post('/port-maps', body, { token: kim })).body.code).toBe('forbidden');
    expect((await api.post('/port-maps', body)).status).toBe(201);
  });

  it('a gateway reads and reports its own state only, by id or by name', async () => {
    const other = await api.gateway();
    const { name } = (await api.get(`/gateways/${other.gateway}`)).body as { name: string };
    const report = { generation: 0, mode: 'plan', maps: [], gone: [] };
    for (const claim of [other.gateway, name]) {
      const bearer = await api.token({ sub: 'agent', role: 'gateway', gateway: claim });
      for (const path of [other.gateway, name]) {
        expect((await api.get(`/gateways/${path}/desired-state`, { token: bearer })).body.gateway.id).toBe(
          other.gateway,
        );
        expect((await api.put(`/gateways/${path}/status`, report, { token: bearer })).status).toBe(204);
      }
      for (const path of [fixture.gateways, 'nowhere']) {
        expect((await api.get(`/gateways/${path}/desired-state`, { token: bearer })).status).toBe(403);
        expect((await api.put(`/gateways/${path}/status`, report, { token: bearer })).status).toBe(403);
      }
    }
  });
});
