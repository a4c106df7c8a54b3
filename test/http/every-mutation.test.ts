import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { EVENT_TYPES } from '../../src/control-plane/events/event-types.js';
import { Api, type Answer } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { goodBody, makeFixture, OPERATIONS, pathOf, type Fixture, type Operation } from './operations.js';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const WRITES = OPERATIONS.filter(({ method }) => method !== 'GET');

/** What an operation is asked for, where the smallest good body does not change anything, and what it tells. */
interface Step {
  body?: (fixture: Fixture, api: Api) => unknown;
  headers?: Record<string, string>;
  /** Types of events, without `ipam.`; each must be among those told. */
  tells: string[];
}

const named = (noun: string): Step => ({ body: () => ({ name: 'renamed' }), tells: [`${noun}.updated`] });

/** In the order in which they can be done with one fixture: what ends comes last, from the leaves to the root. */
const STEPS: Readonly<Record<string, Step>> = {
  createPool: { tells: ['pool.created'] },
  updatePool: named('pool'),
  replacePool: { body: () => ({ name: 'replaced' }), tells: ['pool.updated'] },
  createSubnet: { tells: ['subnet.created'] },
  updateSubnet: named('subnet'),
  replaceSubnet: { body: () => ({ name: 'replaced' }), tells: ['subnet.updated'] },
  reserveInPool: { tells: ['reservation.created', 'lease.created'] },
  reserveInSubnet: { body: () => ({ ttl: 60 }), tells: ['reservation.created', 'lease.created'] },
  bulkReservations: {
    body: ({ subnets }) => ({ create: [{ subnet: subnets }] }),
    tells: ['reservation.created', 'lease.created'],
  },
  updateReservation: { body: () => ({ ttl: 600, metadata: { a: [1, null] } }), tells: ['reservation.updated'] },
  replaceReservation: named('reservation'),
  renewReservation: { tells: ['reservation.renewed'] },
  updateLease: named('lease'),
  replaceLease: { body: () => ({ metadata: 'text' }), tells: ['lease.updated'] },
  createGateway: { tells: ['gateway.created'] },
  updateGateway: { body: () => ({ networks: ['10.30.0.0/15'] }), tells: ['gateway.updated'] },
  createPortMap: { tells: ['port-map.created'] },
  updatePortMap: named('port-map'),
  createComponent: { tells: ['component.created', 'reservation.created', 'lease.created', 'port-map.created'] },
  updateComponent: { body: () => ({ tags: ['t'] }), tells: ['component.updated'] },
  putStatus: {
    body: async ({ gateways, 'port-maps': id }, api) => {
      const { maps } = (await api.get(`/gateways/${gateways}/desired-state`)).body as { maps: { id: string }[] };
      const rule = maps.find((map) => map.id === id) as { ruleId: string } | undefined;
      const drift = [{ at: '2026-01-01T00:00:00.000Z', program: null, found: ['x'], maps: 1, outcome: 'repaired' }];
      const seen = [{ id, ruleId: rule?.ruleId, status: 'active', reason: 'it is there' }];
      return { generation: 0, mode: 'apply', maps: seen, gone: [], drift };
    },
    tells: ['port-map.status', 'gateway.drift'],
  },
  putReachability: {
    body: () => {
      const at = '2026-01-01T00:00:00.000Z';
      const times = { since: at, checkedAt: at, seenAt: at };
      return { results: [{ address: '10.30.0.2', state: 'reachable', ...times, rttUs: 420, ports: [] }], gone: [] };
    },
    tells: ['gateway.reachability'],
  },
  createWebhook: { tells: ['webhook.created'] },
  updateWebhook: named('webhook'),
  rotateWebhookSecret: { tells: ['webhook.updated'] },
  deleteWebhook: { tells: ['webhook.deleted'] },
  setQuota: { body: () => ({ addresses: 1000 }), tells: ['quota.updated'] },
  importAll: {
    body: () => '{"type":"pool","id":"6b024480686c824ea09e15b6","name":"imported"}\n',
    headers: { 'content-type': 'application/x-ndjson' },
    tells: ['pool.created'],
  },
  deleteQuota: { tells: ['quota.deleted'] },
  deletePortMap: { tells: ['port-map.removing'] },
  deleteComponent: { tells: ['component.deleted', 'reservation.deleted', 'lease.deleted', 'port-map.removing'] },
  deleteReservation: { tells: ['reservation.deleted', 'lease.deleted'] },
  deleteLease: { tells: ['lease.deleted'] },
  deleteSubnet: { tells: ['subnet.deleted'] },
  deleteGateway: { tells: ['gateway.deleted', 'port-map.deleted'] },
  deletePool: { tells: ['pool.deleted'] },
};

/** Operations that change no resource: what gateways count, and what is done with the deliveries of a webhook. */
const CHANGE_NOTHING: readonly string[] = [
  ...['putUsage', 'testWebhook'],
  ...['replayDeadLetter', 'replayDeadLetters', 'deleteDeadLetter', 'deleteDeadLetters'],
];

interface Told {
  id: string;
  type: string;
  subject: string;
  time: string;
  dataschema: string;
  traceparent?: string;
  actor?: string;
  data: Record<string, unknown>;
}

describe('every operation that changes something', () => {
  let api: Api;
  let fixture: Fixture;
  let last = 0;

  beforeAll(async () => {
    api = await Api.start({ env: { CAPACITY_INTERVAL_SECONDS: '1', WEBHOOKS_ALLOW: 'http,loopback' } });
    fixture = await makeFixture(api);
    await sequenced();
    last = (await told(0)).last;
  });
  afterAll(() => api.close());

  const sequenced = (): Promise<unknown> =>
    eventually('positions', async () => (await api.sql('SELECT FROM outbox WHERE position IS NULL')).length === 0);
  const told = async (after: number): Promise<{ events: Told[]; last: number }> =>
    (await api.get(`/events?after=${after}&limit=1000`)).body as { events: Told[]; last: number };

  /** Does it, and gives what it has told; capacity is told by time, whatever is done. */
  async function does(operation: Operation, query = ''): Promise<{ answer: Answer; events: Told[] }> {
    const { body = () => (operation.body === undefined ? undefined : goodBody(operation, fixture)), headers = {} } =
      STEPS[operation.id] ?? {};
    // what this one ends, the steps before may have ended
    if (operation.id === 'deleteLease' || operation.id === 'deleteSubnet') {
      const { leases } = (await api.make(`/pools/${fixture.pools}/reservations`, { count: 2 })) as {
        leases: { id: string }[];
      };
      fixture.leases = leases[0]?.id ?? '';
      await sequenced();
      last = (await told(last)).last;
    }
    const answer = await api.request(operation.method, pathOf(operation, fixture) + query, {
      body: await body(fixture, api),
      headers: { ...headers, traceparent: TRACEPARENT },
    });
    await sequenced();
    const { events, last: now } = await told(last);
    last = now;
    return { answer, events: events.filter(({ type }) => !type.includes('.threshold')) };
  }

  it('has a step here, or a reason why it changes nothing', () => {
    const known = [...Object.keys(STEPS), ...CHANGE_NOTHING].sort();
    expect(WRITES.map(({ id }) => id).sort()).toEqual(known);
  });

  it.each(
    WRITES.filter(({ query }) => query.some(({ name }) => name === 'dryRun')).map((one) => [one.id, one] as const),
  )('%s: with dryRun tells nothing', async (_id, operation) => {
    const { answer, events } = await does(operation, '?dryRun=true');
    expect([answer.status, events]).toEqual([200, []]);
  });

  it.each(Object.entries(STEPS))('%s tells it', async (id, { tells }) => {
    const operation = OPERATIONS.find((one) => one.id === id)!;
    const { answer, events } = await does(operation, id === 'deleteGateway' ? '?force=true' : '');
    expect([answer.status >= 200 && answer.status < 300, answer.text]).toEqual([true, answer.text]);
    const types = events.map(({ type }) => type.replace(/^ipam\.|\.v1$/g, ''));
    expect(types).toEqual(expect.arrayContaining(tells));
    // and all that comes of it has the trace of the request, also what SQL has written
    const traced = events.map(({ type, traceparent, actor }) => [type, traceparent, actor]);
    expect(traced).toEqual(events.map(({ type }) => [type, TRACEPARENT, 'root']));
    const changes = events.filter(({ type }) => /\.(updated|renewed|status)\.v1$/.test(type));
    for (const { data } of changes) expect(Object.keys(data['changed'] as object)).not.toHaveLength(0);
  });

  it('takes no trace from a header that is none', async () => {
    for (const traceparent of ['00-x', `${TRACEPARENT}-more`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`]) {
      await api.make('/pools', {}, { headers: { traceparent } });
      await sequenced();
      const { events, last: now } = await told(last);
      last = now;
      const [created] = events.filter(({ type }) => type === 'ipam.pool.created.v1');
      expect(created).toBeDefined();
      expect(created).not.toHaveProperty('traceparent');
    }
  });

  it('tells of changes what was before, and of those of one at a time all that did', async () => {
    const { id, version } = (await api.make('/pools', { name: 'old', tags: ['a'], metadata: { n: 1 } })) as {
      id: string;
      version: number;
    };
    await api.patch(`/pools/${id}`, { name: 'new', metadata: { n: 2 }, quarantine: 5 });
    await sequenced();
    const { events } = (await api.get(`/events?subject=pools/${id}&type=ipam.pool.updated`)).body as { events: Told[] };
    expect(events.map(({ data }) => data)).toMatchObject([
      {
        ...{ name: 'new', metadata: { n: 2 }, quarantine: 5, version: version + 1 },
        changed: { name: { from: 'old' }, metadata: { from: { n: 1 } }, quarantine: { from: 0 } },
      },
    ]);
    expect(Object.keys(events[0]?.data['changed'] as object)).toHaveLength(3);
  });

  describe('and its events', () => {
    let events: Told[];
    const ajv = formats.default(new Ajv({ strict: true, strictTypes: false, allErrors: true }));
    const schemas = new Map<string, ValidateFunction>();

    /** A receiver that wants no more of it. */
    const receiver = createServer((_request, response) => response.writeHead(410).end()).listen(0, '127.0.0.1');
    afterAll(() => void receiver.close());

    beforeAll(async () => {
      const { port } = receiver.address() as AddressInfo;
      await api.make('/webhooks', { url: `http://127.0.0.1:${port}/` });
      // what time tells: that a reservation ends soon, that a pool is full, that a receiver is gone
      const { id } = (await api.make('/pools', { thresholds: [50] })) as { id: string };
      await api.make(`/pools/${id}/subnets`, { start: '10.99.0.1', end: '10.99.0.1' });
      const { id: held } = (await api.make(`/pools/${id}/reservations`, { ttl: 10 })) as { id: string };
      const tells = (type: string): Promise<unknown> =>
        eventually(type, async () => (await api.sql('SELECT FROM outbox WHERE type = $1', [type])).length > 0);
      await tells('ipam.reservation.expiring');
      await tells('ipam.pool.threshold');
      await api.delete(`/reservations/${held}`);
      await tells('ipam.pool.threshold-cleared');
      await tells('ipam.webhook.disabled');
      await sequenced();
      events = (await told(0)).events;
      const { schemas: types } = (await api.get('/schemas', { token: '' })).body as { schemas: string[] };
      for (const type of types) {
        const { status, headers, body } = await api.get(`/schemas/${type}.json`, { token: '' });
        expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
        schemas.set(type, ajv.compile(body as object));
      }
    });

    it('are of every type that there is', () => {
      expect([...new Set(events.map(({ type }) => type))].sort()).toEqual(
        EVENT_TYPES.map((type) => `${type}.v1`).sort(),
      );
      expect([...schemas.keys()].sort()).toEqual(EVENT_TYPES.map((type) => `${type}.v1`).sort());
    });

    it('are what their schemas say', () => {
      for (const { type, dataschema, data } of events) {
        expect(dataschema).toBe(`http://127.0.0.1:8000/schemas/${type}.json`);
        const validate = schemas.get(type)!;
        expect([type, validate(data), validate.errors]).toEqual([type, true, null]);
      }
    });

    it('are CloudEvents, as the OpenAPI document has them', () => {
      const document = JSON.parse(readFileSync('openapi/openapi.json', 'utf8')) as {
        components: { schemas: { EventDocument: { properties: object; required: string[] } } };
      };
      const { properties, required } = document.components.schemas.EventDocument;
      for (const event of events) {
        expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(event)));
        expect(Object.keys(event)).toEqual(expect.arrayContaining(required));
        // CloudEvents 1.0.2 section 3: extension names are of small letters and digits; times are RFC 3339
        expect(Object.keys(event).every((name) => /^[a-z0-9]{1,20}$/.test(name))).toBe(true);
        expect(new Date(event.time).toISOString()).toBe(event.time);
      }
    });

    it('have a schema that a cache may keep, and none of what is no type', async () => {
      const path = '/schemas/ipam.lease.created.v1.json';
      const etag = (await api.get(path)).headers.get('etag')!;
      expect((await api.get(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
      for (const name of ['ipam.lease.created.v1', 'ipam.lease.created.v2.json', 'x.json'])
        expect((await api.get(`/schemas/${name}`)).body.code).toBe('not-found');
    });
  });
});
