import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dump, type Api } from '../support/api.js';
import { plainListener, startWithPlainListener } from './doors.js';
import { GoClient, POOL, SUBNET, vendor, type Type } from './go-client.js';

/**
 * contracts/rackhd.md section 6, every row, as the Go client reads errors: on writes by the status, on reads by the media
 * type alone. An error of a vendor type would be an empty resource to it. The database being away: rackhd-go-client,
 * faults. No hook is there yet to refuse.
 */
describe('errors, to a RackHD client', () => {
  let api: Api;
  let client: GoClient;
  let pool: string;
  let subnet: string;
  let full: string;
  let before: Record<string, string>;

  const UNKNOWN = '6b024480686c824ea09e15b6';
  const TAKEN = '507f1f77bcf86cd799439011';

  beforeAll(async () => {
    api = await startWithPlainListener();
    client = new GoClient(await plainListener(api));
    pool = (await api.make('/pools', { id: TAKEN })).id as string;
    const path = `/pools/${pool}/subnets`;
    subnet = (await api.make(path, { start: '192.168.1.10', end: '192.168.1.19' })).id as string;
    await api.make(`/subnets/${subnet}/reservations`, { addresses: ['192.168.1.15'] });
    const one = await api.subnet('10.0.0.1', '10.0.0.1');
    await api.make(`/subnets/${one.subnet}/reservations`, {});
    full = one.subnet;
    before = await dump(api.database);
  });
  afterAll(async () => {
    expect(await dump(api.database)).toEqual(before);
    await api.close();
  });

  const range = (start: unknown, end: unknown): string => JSON.stringify({ ...SUBNET, start, end });
  const rows: [string, string, () => string, Type, string | undefined, number, string][] = [
    ['unknown id', 'GET', () => `/pools/${UNKNOWN}`, 'pool', undefined, 404, 'not-found'],
    ['malformed id', 'GET', () => '/subnets/x', 'subnet', undefined, 404, 'not-found'],
    ['malformed id', 'PATCH', () => '/leases/x', 'lease', '{}', 404, 'not-found'],
    ['malformed id', 'DELETE', () => '/reservations/%00', 'reservation', '{}', 404, 'not-found'],
    ['unknown parent', 'GET', () => `/pools/${UNKNOWN}/subnets`, 'subnet', undefined, 404, 'not-found'],
    ['unknown parent', 'POST', () => `/subnets/${UNKNOWN}/reservations`, 'reservation', '{}', 404, 'not-found'],
    ['unknown path', 'GET', () => '/nothing', 'pool', undefined, 404, 'no-route'],
    ['other method', 'DELETE', () => '/pools', 'pool', '{}', 405, 'method-not-allowed'],
    ['empty body', 'POST', () => '/pools', 'pool', '', 400, 'malformed-body'],
    ['bad JSON', 'POST', () => '/pools', 'pool', '{"id":', 400, 'malformed-body'],
    ['two values', 'PATCH', () => `/pools/${pool}`, 'pool', '{}{}', 400, 'malformed-body'],
    ['null', 'POST', () => '/pools', 'pool', 'null\n', 400, 'malformed-body'],
    ['an array', 'PATCH', () => `/subnets/${subnet}`, 'subnet', '[]\n', 400, 'malformed-body'],
    ['wrong JSON type', 'POST', () => '/pools', 'pool', '{"name":7}', 422, 'invalid-field'],
    ['wrong JSON type', 'PATCH', () => `/pools/${pool}`, 'pool', '{"tags":{"a":1}}', 422, 'invalid-field'],
    [
      'bad address',
      'POST',
      () => `/pools/${pool}/subnets`,
      'subnet',
      range('10.0.0', '10.0.0.9'),
      422,
      'invalid-field',
    ],
    ['no address', 'POST', () => `/pools/${pool}/subnets`, 'subnet', range('', ''), 422, 'invalid-field'],
    ['zone', 'POST', () => `/pools/${pool}/subnets`, 'subnet', range('fe80::1%1', 'fe80::2'), 422, 'invalid-field'],
    [
      'leading 0',
      'POST',
      () => `/pools/${pool}/subnets`,
      'subnet',
      range('10.0.0.01', '10.0.0.2'),
      422,
      'invalid-field',
    ],
    [
      'start > end',
      'POST',
      () => `/pools/${pool}/subnets`,
      'subnet',
      range('10.0.0.9', '10.0.0.1'),
      422,
      'invalid-field',
    ],
    ['mixed', 'POST', () => `/pools/${pool}/subnets`, 'subnet', range('10.0.0.9', '::ffff'), 422, 'invalid-field'],
    ['bad id form', 'POST', () => '/pools', 'pool', '{"id":"mine"}', 422, 'invalid-field'],
    ['duplicate id', 'POST', () => '/pools', 'pool', JSON.stringify({ ...POOL, id: TAKEN }), 409, 'duplicate-id'],
    [
      ...(['overlap', 'POST', () => `/pools/${pool}/subnets`, 'subnet'] as const),
      ...([range('192.168.1.19', '192.168.1.30'), 409, 'range-overlap'] as const),
    ],
    ['in use', 'PATCH', () => `/subnets/${subnet}`, 'subnet', '{"end":"192.168.1.14"}', 409, 'range-in-use'],
    ['full subnet', 'POST', () => `/subnets/${full}/reservations`, 'reservation', '{}', 409, 'subnet-exhausted'],
    ['full pool', 'POST', () => `/pools/${pool}/reservations`, 'reservation', '{"count":10}', 409, 'pool-exhausted'],
  ];

  it.each(rows)('%s: %s', async (_what, method, path, type, body, status, code) => {
    const answer = await client.send(method, path(), vendor(type), body);
    const problem = JSON.parse(answer.body.toString()) as { code: string; status: number };
    expect([answer.status, problem.status, problem.code]).toEqual([status, status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('connection')).toBe('close');
    expect(answer.body.toString()).not.toMatch(/postgres|constraint|SELECT|relation "/i);
  });

  it.each([
    vendor('subnet'),
    'application/vnd.ipam.pool+xml; version=1.0.0',
    'application/vnd.ipam.pool+json; version=2.0.0',
    'application/vnd.ipam.pool+json',
    '+json; version=""',
    'text/plain',
  ])('a body of type %s: unsupported-media-type', async (type) => {
    const answer = await client.send('POST', '/pools', type, '{"id":"","name":"","tags":null,"metadata":null}\n');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([415, 'application/problem+json']);
  });

  it('name the field of a bad input', async () => {
    const answer = await client.send('POST', `/pools/${pool}/subnets`, vendor('subnet'), range('10.0.0.9', '10.0.0.1'));
    expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ field: 'end' }] });
  });

  it('of a precondition: 412', async () => {
    for (const method of ['PATCH', 'PUT', 'DELETE']) {
      const refused = await api.request(method, `/pools/${pool}`, {
        ...(method === 'DELETE' ? {} : { body: {} }),
        headers: { 'if-match': '"7"', accept: vendor('pool') },
      });
      expect([method, refused.status, refused.body.code]).toEqual([method, 412, 'precondition-failed']);
      expect(refused.headers.get('content-type')).toBe('application/problem+json');
    }
  });
});
