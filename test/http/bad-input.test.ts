import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, dump, type Answer } from '../support/api.js';
import {
  goodBody,
  makeFixture,
  methodsOf,
  OPERATIONS,
  pathOf,
  PATHS,
  resolve,
  type Fixture,
  type Operation,
  type Schema,
} from './operations.js';
import { exactly } from './raw.js';

const WRITES = OPERATIONS.filter(({ body }) => body !== undefined);
const ITEMS = OPERATIONS.filter(({ path }) => path.includes('{id}'));
const json = { 'content-type': 'application/json' };

/** Values that are none of this type. */
function wrongFor(schema: Schema): unknown[] {
  const { type, enum: values, items } = resolve(schema);
  if (type === 'string')
    return [7, true, {}, [], ['x'], { toString: 'x' }, ...(values === undefined ? [] : ['other', ''])];
  if (type === 'number' || type === 'integer') return ['x', '1', true, {}, [], [1], 1.5, -1, 1e300];
  if (type === 'boolean') return ['x', 'true', 0, 1, {}, [], [true]];
  if (type === 'array')
    return ['x', 7, {}, items?.type === 'integer' ? [0] : [7], [null], [[]], [{}], [['x']], { length: 1 }];
  return ['x', 7, true, [], [{}]];
}

describe('bad input, for every route', () => {
  let api: Api;
  let fixture: Fixture;
  let before: Record<string, string>;

  beforeAll(async () => {
    api = await Api.start();
    fixture = await makeFixture(api);
    before = await dump(api.database);
  });
  afterAll(() => api.close());

  /** A refusal is a problem with the code, names the field, and has changed nothing. */
  async function refused(
    answer: Pick<Answer, 'status' | 'body' | 'text'>,
    status: number,
    code: string,
    field?: string,
  ): Promise<void> {
    const names = ((answer.body?.errors ?? []) as { field: string }[]).map((error) => error.field);
    const fits = field === undefined || names.some((name) => name === field || name.startsWith(`${field}.`));
    expect([answer.status, answer.body?.code, fits ? field : names]).toEqual([status, code, field]);
    expect(answer.body.detail.length).toBeGreaterThan(5);
    expect(answer.text).not.toMatch(/postgres|sql|constraint|relation "|violates|at [A-Z]\w+\.\w+ \(/i);
  }
  const unchanged = async (): Promise<void> => expect(await dump(api.database)).toEqual(before);

  const send = (operation: Operation, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    api.request(operation.method, pathOf(operation, fixture), { body, headers });

  it.each(WRITES.map((operation) => [operation.id, operation] as const))(
    '%s: what is not one JSON object',
    async (_id, operation) => {
      const texts = [
        '',
        ' ',
        '{',
        '{"a":1,}',
        '{"a":1}}',
        "{'a':1}",
        'null',
        '[]',
        '[{}]',
        '1',
        '"x"',
        'true',
        '\u0000',
        '{"a":\u0001}',
      ];
      for (const text of texts) {
        const answer = await exactly(
          api,
          operation.method,
          pathOf(operation, fixture),
          { ...json, authorization: `Bearer ${api.admin}` },
          text,
        );
        await refused(answer, 400, 'malformed-body');
      }
      const latin1 = await fetch(`${api.url}${pathOf(operation, fixture)}`, {
        method: operation.method,
        headers: { ...json, authorization: `Bearer ${api.admin}` },
        body: Buffer.from('{"name":"\xff"}', 'latin1'),
      });
      expect([latin1.status, ((await latin1.json()) as { code: string }).code]).toEqual([400, 'malformed-body']);
      await refused(await send(operation, '{}', { 'content-type': 'text/plain' }), 415, 'unsupported-media-type');
      await refused(
        await send(operation, '{}', { 'content-type': 'application/vnd.ipam.zebra+json; version=1.0.0' }),
        415,
        'unsupported-media-type',
      );
      await unchanged();
    },
  );

  it.each(WRITES.map((operation) => [operation.id, operation] as const))(
    '%s: wrong types and missing fields',
    async (_id, operation) => {
      const { properties = {}, required = [] } = operation.body ?? {};
      const good = goodBody(operation, fixture);
      const named = ['createGateway', 'createComponent'].includes(operation.id) ? ['name'] : [];
      for (const name of [...required, ...named]) {
        const { [name]: _left, ...rest } = good;
        await refused(await send(operation, rest), 422, 'invalid-field', name);
      }
      for (const [name, schema] of Object.entries(properties)) {
        if (name === 'metadata') continue; // any JSON
        for (const value of wrongFor(schema)) {
          await refused(await send(operation, { ...good, [name]: value }), 422, 'invalid-field', name);
        }
      }
      await unchanged();
    },
  );

  it.each(WRITES.map((operation) => [operation.id, operation] as const))(
    '%s: null is a value or is refused, never a fault',
    async (_id, operation) => {
      for (const name of Object.keys(operation.body?.properties ?? {})) {
        const answer = await send(operation, { ...goodBody(operation, fixture), [name]: null });
        if (answer.status >= 400) await refused(answer, 422, 'invalid-field', name);
        else expect([name, answer.status < 300]).toEqual([name, true]);
        if (answer.status === 201) {
          expect((await api.delete(answer.headers.get('location') ?? '')).status).toBe(204);
        }
      }
      // PATCH and PUT of null are changes; start again from what is there now.
      await api.patch(`/gateways/${fixture.gateways}`, { pool: fixture.pools });
      before = await dump(api.database);
    },
  );

  it.each(WRITES.map((operation) => [operation.id, operation] as const))(
    '%s: fields and parameters that do not exist',
    async (_id, operation) => {
      const good = goodBody(operation, fixture);
      await refused(await send(operation, { ...good, zebra: 1 }), 422, 'invalid-field', 'zebra');
      const text = JSON.stringify(good).replace(
        '{',
        '{"__proto__":{"role":"admin"}' + (Object.keys(good).length > 0 ? ',' : ''),
      );
      await refused(await send(operation, text), 422, 'invalid-field', '__proto__');
      await unchanged();
    },
  );

  it.each(OPERATIONS.map((operation) => [operation.id, operation] as const))(
    '%s: query parameters',
    async (_id, operation) => {
      const path = pathOf(operation, fixture);
      const ask = (query: string): Promise<Answer> =>
        api.request(
          operation.method,
          `${path}?${query}`,
          operation.id === 'importAll'
            ? { body: '', headers: { 'content-type': 'application/x-ndjson' } }
            : operation.body === undefined
              ? {}
              : { body: goodBody(operation, fixture) },
        );
      await refused(await ask('zebra=1'), 422, 'invalid-field', 'zebra');
      await refused(await ask('__proto__=1'), 422, 'invalid-field', '__proto__');
      for (const { name, schema } of operation.query) {
        const { type, enum: values } = resolve(schema);
        const bad =
          type === 'array'
            ? ['%00', 'x'.repeat(10_000), Array.from({ length: 65 }, (_, n) => `t${n}`).join(`&${name}=`)]
            : type === 'string'
              ? ['%00', '%0a', 'x'.repeat(10_000), `a&${name}=b`]
              : ['x', '', '-1', '1.5', '1e99', 'NaN', `1&${name}=2`];
        if (values !== undefined || ['address', 'within', 'contains'].includes(name)) bad.push('x');
        if (name === 'cursor') bad.push('x', 'AAAA', Buffer.from('not-an-id').toString('base64url'));
        if (name === 'limit') bad.push('0', '1001');
        if (name === 'wait') bad.push('61');
        for (const value of bad) {
          if (value === '' && ['force', 'after', 'wait', 'days'].includes(name)) continue; // ?force= means yes, ?after= is 0
          await refused(await ask(`${name}=${value}`), 422, 'invalid-field', name);
        }
      }
      await unchanged();
    },
  );

  it.each(ITEMS.map((operation) => [operation.id, operation] as const))(
    '%s: ids that name nothing',
    async (_id, operation) => {
      const unknown = [
        '6b024480686c824ea09e15b6',
        '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f',
        '0',
        '%00',
        '%0A',
        'x'.repeat(300),
        'x'.repeat(10_000),
        "'%20OR%201=1--",
        '..%2f..',
      ];
      for (const id of unknown) {
        const body = operation.body === undefined ? {} : { body: goodBody(operation, fixture) };
        await refused(await api.request(operation.method, pathOf(operation, fixture, id), body), 404, 'not-found');
      }
      for (const id of ['%zz', '%', '%f', '%ff', '%c0%80']) {
        const headers = { ...json, authorization: `Bearer ${api.admin}` };
        const answer = await exactly(
          api,
          operation.method,
          pathOf(operation, fixture, id),
          headers,
          operation.body === undefined ? undefined : '{}',
        );
        await refused(answer, 400, 'malformed-request');
      }
      await unchanged();
    },
  );

  it('methods that are not there, on every path', async () => {
    for (const path of PATHS) {
      const known = methodsOf(path);
      const allow = [...known, ...(known.includes('GET') ? ['HEAD'] : [])].sort().join(', ');
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((one) => !known.includes(one))) {
        const answer = await api.request(method, pathOf({ path }, fixture));
        await refused(answer, 405, 'method-not-allowed');
        expect([path, method, answer.headers.get('allow')]).toEqual([path, method, allow]);
      }
    }
    await unchanged();
  });

  const NAMED = WRITES.filter(({ body, id }) => body?.properties?.['name'] !== undefined && id !== 'updateComponent');

  it.each(NAMED.map((operation) => [operation.id, operation] as const))(
    '%s: names and tags that cannot be',
    async (_id, operation) => {
      const good = goodBody(operation, fixture);
      for (const name of [
        'x'.repeat(10_000),
        'x'.repeat(256),
        'a\u0000b',
        'a\nb',
        '\u007f',
        '\u001b[31m',
        '\ud800',
        'x\udfff',
      ]) {
        await refused(await send(operation, { ...good, name }), 422, 'invalid-field', 'name');
        await refused(await send(operation, { ...good, tags: ['good', name] }), 422, 'invalid-field', 'tags');
      }
      await refused(
        await send(operation, { ...good, tags: Array.from({ length: 65 }, (_, n) => `t${n}`) }),
        422,
        'invalid-field',
        'tags',
      );
      await unchanged();
    },
  );

  it.each(NAMED.map((operation) => [operation.id, operation] as const))(
    '%s: metadata too deep or too large',
    async (_id, operation) => {
      const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
      const withMetadata = (metadata: string): string =>
        JSON.stringify({ ...goodBody(operation, fixture), zz: 0 }).replace(/"zz":0}$/, `"metadata":${metadata}}`);
      await refused(await send(operation, withMetadata(deep(65))), 422, 'invalid-field', 'metadata');
      await refused(
        await send(operation, withMetadata(JSON.stringify('x'.repeat(64 * 1024)))),
        422,
        'invalid-field',
        'metadata',
      );
      await refused(await send(operation, withMetadata(deep(10_000))), 400, 'malformed-body');
      await refused(
        await send(operation, withMetadata(JSON.stringify('x'.repeat(1024 * 1024)))),
        413,
        'body-too-large',
      );
      for (const field of ['tags', 'zebra', 'name']) {
        const list = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
        const keyed = { 'idempotency-key': 'deep' };
        await refused(await send(operation, `{"${field}":${list}}`, keyed), 400, 'malformed-body');
      }
      await unchanged();
    },
  );

  it.each([
    [
      'ports 0 and 65536',
      '/port-maps',
      () => ({ gateway: fixture.gateways, address: '10.30.0.1', targetPort: 0 }),
      422,
      'invalid-field',
      'targetPort',
    ],
    [
      '',
      '/port-maps',
      () => ({ gateway: fixture.gateways, address: '10.30.0.1', targetPort: 65_536 }),
      422,
      'invalid-field',
      'targetPort',
    ],
    [
      '',
      '/port-maps',
      () => ({ gateway: fixture.gateways, address: '10.30.0.1', targetPort: 1, connectionPort: 65_536 }),
      422,
      'invalid-field',
      'connectionPort',
    ],
    [
      'a port outside the range',
      '/port-maps',
      () => ({ gateway: fixture.gateways, address: '10.30.0.1', targetPort: 1, connectionPort: 49_999 }),
      422,
      'invalid-field',
      'connectionPort',
    ],
    [
      'a taken port',
      '/port-maps',
      () => ({ gateway: fixture.gateways, address: '10.30.0.1', targetPort: 1, connectionPort: 50_000 }),
      409,
      'port-in-use',
      undefined,
    ],
    [
      'an address that the gateway may not reach',
      '/port-maps',
      () => ({ gateway: fixture.gateways, address: '10.31.0.1', targetPort: 1 }),
      422,
      'invalid-field',
      'address',
    ],
    [
      'an address of the other family',
      '/port-maps',
      () => ({ gateway: fixture.gateways, address: 'fd00::1', targetPort: 1 }),
      422,
      'invalid-field',
      'address',
    ],
    [
      'neither lease nor address',
      '/port-maps',
      () => ({ gateway: fixture.gateways, targetPort: 1 }),
      422,
      'invalid-field',
      'address',
    ],
    [
      'both',
      '/port-maps',
      () => ({ gateway: fixture.gateways, address: '10.30.0.1', lease: fixture.leases, targetPort: 1 }),
      422,
      'invalid-field',
      'address',
    ],
    [
      'a lease that is not there',
      '/port-maps',
      () => ({ gateway: fixture.gateways, lease: '6b024480686c824ea09e15b6', targetPort: 1 }),
      422,
      'invalid-field',
      'lease',
    ],
    [
      'a gateway that is not there',
      '/port-maps',
      () => ({ gateway: 'nowhere', address: '10.30.0.1', targetPort: 1 }),
      422,
      'invalid-field',
      'gateway',
    ],
    [
      '',
      '/port-maps',
      () => ({ gateway: '\u0000', address: '10.30.0.1', targetPort: 1 }),
      422,
      'invalid-field',
      'gateway',
    ],
    [
      'a used name',
      '/gateways',
      async () => ({
        name: ((await api.get(`/gateways/${fixture.gateways}`)).body as { name: string }).name,
        externalAddress: '1.2.3.4',
      }),
      409,
      'duplicate-name',
      undefined,
    ],
    ['an empty name', '/gateways', () => ({ name: '', externalAddress: '1.2.3.4' }), 422, 'invalid-field', 'name'],
    [
      'a network with host bits',
      '/gateways',
      () => ({ name: 'g', externalAddress: '1.2.3.4', networks: ['10.0.0.1/8'] }),
      422,
      'invalid-field',
      'networks',
    ],
    [
      'ports upside down',
      '/gateways',
      () => ({ name: 'g', externalAddress: '1.2.3.4', ports: { tcp: { first: 2, last: 1 } } }),
      422,
      'invalid-field',
      'ports',
    ],
    [
      'port 0',
      '/gateways',
      () => ({ name: 'g', externalAddress: '1.2.3.4', ports: { udp: { first: 0, last: 1 } } }),
      422,
      'invalid-field',
      'ports',
    ],
    [
      'half a range',
      '/gateways',
      () => ({ name: 'g', externalAddress: '1.2.3.4', ports: { udp: { first: 1 } } }),
      422,
      'invalid-field',
      'ports',
    ],
    [
      'a protocol that there is not',
      '/gateways',
      () => ({ name: 'g', externalAddress: '1.2.3.4', ports: { sctp: { first: 1, last: 2 } } }),
      422,
      'invalid-field',
      'ports',
    ],
    [
      'a pool that is not there',
      '/gateways',
      () => ({ name: 'g', externalAddress: '1.2.3.4', pool: 'nowhere' }),
      422,
      'invalid-field',
      'pool',
    ],
    [
      'pool and subnet',
      '/components',
      () => ({ name: 'c', kind: 'centos', pool: fixture.pools, subnet: fixture.subnets }),
      422,
      'invalid-field',
      'subnet',
    ],
    [
      'a subnet that is not there',
      '/components',
      () => ({ name: 'c', kind: 'centos', subnet: '6b024480686c824ea09e15b6' }),
      422,
      'invalid-field',
      'subnet',
    ],
    [
      'a pool that is not there',
      '/components',
      () => ({ name: 'c', kind: 'centos', pool: 'nowhere' }),
      422,
      'invalid-field',
      'pool',
    ],
    [
      'an unknown kind without ports',
      '/components',
      () => ({ name: 'c', kind: 'zebra' }),
      422,
      'invalid-field',
      'ports',
    ],
    ['no name', '/components', () => ({ name: '', kind: 'centos' }), 422, 'invalid-field', 'name'],
    [
      'a connection port outside the range',
      '/components',
      () => ({ name: 'c', kind: 'x', ports: [{ targetPort: 1, connectionPort: 1 }] }),
      422,
      'invalid-field',
      'ports',
    ],
    [
      'a connection port twice',
      '/components',
      () => ({
        name: 'c',
        kind: 'x',
        ports: [
          { targetPort: 1, connectionPort: 50_050 },
          { targetPort: 2, connectionPort: 50_050 },
        ],
      }),
      422,
      'invalid-field',
      'ports',
    ],
    [
      'a taken connection port',
      '/components',
      () => ({ name: 'c', kind: 'x', ports: [{ targetPort: 1, connectionPort: 50_000 }] }),
      409,
      'port-in-use',
      undefined,
    ],
    [
      'a bad port in the list',
      '/components',
      () => ({ name: 'c', kind: 'x', ports: [{ targetPort: 1 }, { targetPort: '2' }] }),
      422,
      'invalid-field',
      'ports',
    ],
    [
      'another body for a name',
      '/components',
      () => ({ name: 'fixture', kind: 'centos', tags: ['other'] }),
      409,
      'component-exists',
      undefined,
    ],
    ['too many addresses', `/subnets/{subnets}/reservations`, () => ({ count: 4097 }), 422, 'invalid-field', 'count'],
    [
      'more addresses than there are',
      `/subnets/{subnets}/reservations`,
      () => ({ count: 4096 }),
      409,
      'subnet-exhausted',
      undefined,
    ],
    [
      'an address twice',
      `/subnets/{subnets}/reservations`,
      () => ({ addresses: ['10.20.0.9', '::ffff:10.20.0.9'] }),
      422,
      'invalid-field',
      'addresses',
    ],
    [
      'an address outside',
      `/pools/{pools}/reservations`,
      () => ({ addresses: ['10.21.0.9'] }),
      422,
      'invalid-field',
      'addresses',
    ],
    ['no addresses', `/subnets/{subnets}/reservations`, () => ({ addresses: [] }), 422, 'invalid-field', 'addresses'],
  ] as const)('%s: POST %s', async (_what, path, body, status, code, field) => {
    const real = path.replace(/\{(.*)\}/, (_all, kind: keyof Fixture) => fixture[kind]);
    await refused(await api.post(real, await body()), status, code, field);
    await unchanged();
  });

  it('reports of a gateway that cannot be', async () => {
    const path = `/gateways/${fixture.gateways}/status`;
    const map = { id: fixture['port-maps'], ruleId: 'berth1:0000000000000000', status: 'active', reason: null };
    for (const [report, field] of [
      [{ generation: 1e300 }, 'generation'],
      [{ generation: 2 ** 53 }, 'generation'],
      [{ mode: 'off' }, 'mode'],
      [{ gone: ['\u0000'] }, 'gone'],
      [{ gone: Array.from({ length: 5001 }, () => 'x') }, 'gone'],
      [{ maps: [{ ...map, id: '\u0000' }] }, 'maps'],
      [{ maps: [{ ...map, ruleId: 'x' }] }, 'maps'],
      [{ maps: [{ ...map, status: 'removing' }] }, 'maps'],
      [{ maps: [{ ...map, reason: 'a\u0000b' }] }, 'maps'],
      [{ maps: [{ ...map, reason: 'x'.repeat(1001) }] }, 'maps'],
    ] as const) {
      await refused(
        await api.put(path, { generation: 0, mode: 'plan', maps: [], gone: [], ...report }),
        422,
        'invalid-field',
        field,
      );
    }
    await unchanged();
  });
});
