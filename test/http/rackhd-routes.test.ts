import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, type Answer } from '../support/api.js';
import { exactly } from './raw.js';

/** contracts/rackhd.md, sections 2, 3, 6 and 7, on a listener without authentication as those clients need it. */
const vendor = (type: string): string => `application/vnd.ipam.${type}+json; version=1.0.0`;
const UNKNOWN = '6b024480686c824ea09e15b6';

describe('the RackHD routes', () => {
  let api: Api;
  let pool: string;
  let subnet: string;
  let reservation: string;
  let lease: string;

  beforeAll(async () => {
    api = await Api.start({ auth: 'none' });
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    ({ pool, subnet } = await api.subnet('192.168.1.10', '192.168.1.20'));
    const made = await api.make(`/subnets/${subnet}/reservations`, {});
    reservation = made.id as string;
    lease = made.leases[0].id as string;
  });

  const go = (method: string, path: string, type?: string, body?: unknown): Promise<Answer> =>
    api.request(method, path, {
      ...(type === undefined ? {} : { headers: { 'content-type': vendor(type) } }),
      ...(body === undefined ? {} : { body }),
    });

  const lists = (): [string, string][] => [
    ['/pools', 'pools'],
    [`/pools/${pool}/subnets`, 'subnets'],
    [`/pools/${pool}/reservations`, 'reservations'],
    [`/subnets/${subnet}/reservations`, 'reservations'],
    [`/reservations/${reservation}/leases`, 'leases'],
    ['/subnets', 'subnets'],
    ['/reservations', 'reservations'],
    ['/leases', 'leases'],
  ];
  const items = (): [string, string, string][] => [
    [`/pools/${pool}`, 'pool', pool],
    [`/subnets/${subnet}`, 'subnet', subnet],
    [`/reservations/${reservation}`, 'reservation', reservation],
    [`/leases/${lease}`, 'lease', lease],
  ];

  it('answer every list as its plural type, with one array of that name', async () => {
    for (const [path, type] of lists()) {
      const { status, headers, body } = await go('GET', path);
      expect([path, status, headers.get('content-type')]).toEqual([path, 200, vendor(type)]);
      expect(Array.isArray(body[type])).toBe(true);
      expect(body[type].length).toBeGreaterThan(0);
    }
  });

  it('answer every item as its singular type, with an ETag', async () => {
    for (const [path, type, id] of items()) {
      const { status, headers, body } = await go('GET', path);
      expect([path, status, headers.get('content-type')]).toEqual([path, 200, vendor(type)]);
      expect(headers.get('etag')).toBe('"1"');
      expect(headers.get('location')).toBeNull();
      expect(body).toMatchObject({ id, tags: [], metadata: null, version: 1 });
      expect(body).toHaveProperty('name');
      expect(Date.parse(body.createdAt as string)).not.toBeNaN();
    }
  });

  it('answer an empty list with an empty array', async () => {
    const { id } = await api.make('/pools', {});
    expect((await go('GET', `/pools/${id}/subnets`)).text).toBe('{"subnets":[]}');
    expect((await go('GET', `/pools/${id}/reservations`)).text).toBe('{"reservations":[]}');
  });

  it.each([
    ['pool', () => '/pools', () => ({ name: 'x' }), 'pools'],
    ['subnet', () => `/pools/${pool}/subnets`, () => ({ start: '10.0.0.1', end: '10.0.0.1' }), 'subnets'],
    ['reservation', () => `/subnets/${subnet}/reservations`, () => ({}), 'reservations'],
    ['reservation', () => `/pools/${pool}/reservations`, () => ({}), 'reservations'],
  ])('POST of a %s is 201 with its body and a root-relative Location', async (type, path, body, collection) => {
    const made = await go('POST', path(), type, body());
    expect([made.status, made.headers.get('content-type')]).toEqual([201, vendor(type)]);
    expect(made.headers.get('location')).toBe(`/${collection}/${made.body.id}`);
    expect(made.headers.get('etag')).toBe('"1"');
    expect((await go('GET', made.headers.get('location') ?? '')).body).toMatchObject(made.body);
  });

  it('PATCH and PUT are 200 with the body and the Location of the resource itself', async () => {
    for (const [path, type, id] of items()) {
      for (const [method, version] of [
        ['PATCH', 2],
        ['PUT', 3],
      ] as const) {
        const { status, headers, body } = await go(method, path, type, { name: method });
        expect([path, method, status]).toEqual([path, method, 200]);
        expect(headers.get('content-type')).toBe(vendor(type));
        expect(headers.get('location')).toBe(path);
        expect(headers.get('etag')).toBe(`"${version}"`);
        expect(body).toMatchObject({ id, name: method, version });
        // a reading may say more: how full it is
        expect((await go('GET', path)).body).toMatchObject(body);
      }
    }
  });

  it('DELETE is 204 without a body, with the Location of the collection', async () => {
    for (const [path, collection] of [
      [`/reservations/${reservation}`, '/reservations'],
      [`/subnets/${subnet}`, '/subnets'],
      [`/pools/${pool}`, '/pools'],
    ] as const) {
      const { status, headers, text } = await go('DELETE', path);
      expect([path, status, headers.get('location'), text]).toEqual([path, 204, collection, '']);
      expect((await go('GET', path)).status).toBe(404);
    }
  });

  it('a lease is not made by itself; the last one that is released takes its reservation along', async () => {
    const refused = await go('POST', `/leases`, 'lease', {});
    expect([refused.status, refused.body.code, refused.headers.get('allow')]).toEqual([
      405,
      'method-not-allowed',
      'GET, HEAD',
    ]);
    const released = await go('DELETE', `/leases/${lease}`);
    expect([released.status, released.headers.get('location'), released.text]).toEqual([204, '/leases', '']);
    expect((await go('GET', `/leases/${lease}`)).body.code).toBe('not-found');
    expect((await go('GET', `/reservations/${reservation}`)).body.code).toBe('not-found');
  });

  it('leases are gone with their reservation', async () => {
    expect((await go('DELETE', `/reservations/${reservation}`)).status).toBe(204);
    expect((await go('GET', `/leases/${lease}`)).body.code).toBe('not-found');
  });

  it('HEAD is GET without the body', async () => {
    for (const path of [...lists().map(([list]) => list), ...items().map(([item]) => item)]) {
      const [head, get] = [await go('HEAD', path), await go('GET', path)];
      expect([path, head.status, head.text, head.headers.get('content-type'), head.headers.get('etag')]).toEqual([
        path,
        200,
        '',
        get.headers.get('content-type'),
        get.headers.get('etag'),
      ]);
    }
    expect((await go('HEAD', `/pools/${UNKNOWN}`)).status).toBe(404);
  });

  it.each([
    ['DELETE', '/pools', 'GET, HEAD, POST'],
    ['PUT', '/pools', 'GET, HEAD, POST'],
    ['OPTIONS', '/pools', 'GET, HEAD, POST'],
    ['POST', `/pools/${UNKNOWN}`, 'DELETE, GET, HEAD, PATCH, PUT'],
    ['POST', '/subnets', 'GET, HEAD'],
    ['PATCH', `/pools/${UNKNOWN}/subnets`, 'GET, HEAD, POST'],
    ['DELETE', `/reservations/${UNKNOWN}/leases`, 'GET, HEAD'],
  ])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
    const { status, headers, body } = await go(method, path);
    expect([status, headers.get('allow'), body.code]).toEqual([405, allow, 'method-not-allowed']);
    expect(headers.get('content-type')).toBe('application/problem+json');
  });

  it.each(['/', '/pool', '/pools/x/y', '/pools/1/subnets/2', '/api/1.0/pools', '/POOLS'])(
    'GET %s is no route',
    async (path) => {
      const { status, body, headers } = await go('GET', path);
      expect([status, body.code, headers.get('content-type')]).toEqual([404, 'no-route', 'application/problem+json']);
    },
  );

  it('a trailing slash names the same list; with PATCH and DELETE it hits nothing', async () => {
    expect((await go('GET', '/pools/')).body).toEqual((await go('GET', '/pools')).body);
    for (const path of ['/pools/', '/subnets/', '/reservations/', '/leases/']) {
      const before = await go('GET', path);
      for (const method of ['PATCH', 'DELETE', 'PUT']) {
        const { status, body } = await exactly(
          api,
          method,
          path,
          { 'content-type': vendor('pool') },
          '{"id":"","name":"hit","tags":null,"metadata":null}',
        );
        expect([path, method, status, body.code]).toEqual([path, method, 405, 'method-not-allowed']);
      }
      expect((await go('GET', path)).text).toBe(before.text);
    }
  });

  it('ids are found in whatever case, and answered in lower case', async () => {
    const id = '6B024480686C824EA09E15C7';
    const made = await go('POST', '/pools', 'pool', { id });
    expect(made.body.id).toBe(id.toLowerCase());
    expect(made.headers.get('location')).toBe(`/pools/${id.toLowerCase()}`);
    expect((await go('GET', `/pools/${id}`)).body.id).toBe(id.toLowerCase());
    expect((await go('GET', `/pools/${pool.toUpperCase()}`)).body.id).toBe(pool);
    expect((await go('DELETE', `/pools/${id}`)).status).toBe(204);
  });

  it('unknown and malformed ids and parents are 404, never an empty list', async () => {
    for (const id of [UNKNOWN, '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f', 'x', '%20', '-1', 'null', `${UNKNOWN}0`]) {
      for (const path of ['pools/{}', 'subnets/{}', 'reservations/{}', 'leases/{}']) {
        for (const method of ['GET', 'PATCH', 'PUT']) {
          const type = path.split('s/')[0];
          const { status, body } = await go(
            method,
            `/${path.replace('{}', id)}`,
            type,
            method === 'GET' ? undefined : {},
          );
          expect([method, path, id, status, body.code]).toEqual([method, path, id, 404, 'not-found']);
        }
      }
      for (const path of ['pools/{}', 'subnets/{}', 'reservations/{}', 'pools/{}/reservations', 'pools/{}/subnets']) {
        const method = path.endsWith('}') ? 'DELETE' : 'GET';
        const { status, body } = await go(method, `/${path.replace('{}', id)}`);
        expect([method, path, id, status, body.code]).toEqual([method, path, id, 404, 'not-found']);
      }
      for (const path of ['subnets/{}/reservations', 'pools/{}/reservations']) {
        const { status, body } = await go('POST', `/${path.replace('{}', id)}`, 'reservation', {});
        expect([path, id, status, body.code]).toEqual([path, id, 404, 'not-found']);
      }
      const range = { start: '10.0.0.1', end: '10.0.0.2' };
      expect((await go('POST', `/pools/${id}/subnets`, 'subnet', range)).status).toBe(404);
      expect((await go('GET', `/reservations/${id}/leases`)).status).toBe(404);
      expect((await go('GET', `/subnets/${id}/reservations`)).status).toBe(404);
    }
  });
});
