import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, type Answer } from '../support/api.js';
import { makeFixture, methodsOf, OPERATIONS, pathOf, PATHS, type Fixture } from './operations.js';

/** What holds for every path that the OpenAPI document has: HEAD, OPTIONS and other methods, slashes, the case of ids. */
describe('every route', () => {
  let api: Api;
  let fixture: Fixture;

  beforeAll(async () => {
    api = await Api.start();
    fixture = await makeFixture(api);
  });
  afterAll(() => api.close());

  const READS = OPERATIONS.filter(({ method }) => method === 'GET');
  const gateway = async (path: string): Promise<{ token?: string }> =>
    path.endsWith('/desired-state')
      ? { token: await api.token({ sub: 'agent', role: 'gateway', gateway: fixture.gateways }) }
      : {};
  const allowedAt = (path: string): string[] => {
    const known = methodsOf(path);
    return known.includes('GET') ? [...known, 'HEAD'] : known;
  };
  /** What is counted anew for each answer: the time of the counting, and all of the metrics, which count this request. */
  const steady = (path: string, text: string): string =>
    path === '/metrics' ? '' : text.replace(/"measuredAt":"[^"]+"/g, '"measuredAt":""');
  const heads = ({ headers }: Answer): (string | null)[] =>
    ['content-type', 'etag', 'location', 'link', 'vary'].map((name) => headers.get(name));

  it.each(READS.map((operation) => [operation.id, operation] as const))(
    '%s: HEAD says what GET says, without the body',
    async (_id, { path }) => {
      const [url, options] = [pathOf({ path }, fixture), await gateway(path)];
      const [get, head] = [await api.get(url, options), await api.request('HEAD', url, options)];
      expect([head.status, head.text]).toEqual([get.status, '']);
      expect(heads(head)).toEqual(heads(get));
    },
  );

  it.each(READS.map((operation) => [operation.id, operation] as const))(
    '%s: a trailing slash changes nothing',
    async (_id, { path }) => {
      const [url, options] = [pathOf({ path }, fixture), await gateway(path)];
      const [plain, slashed] = [await api.get(url, options), await api.get(`${url}/`, options)];
      expect(slashed.status).toBe(plain.status);
      // a problem has an instance of its own each time
      if (plain.status === 200) expect(steady(path, slashed.text)).toBe(steady(path, plain.text));
    },
  );

  it.each(PATHS)(
    '%s: other methods, OPTIONS among them, are 405 with Allow, with and without a slash',
    async (path) => {
      const allow = allowedAt(path).sort().join(', ');
      const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
      for (const method of methods.filter((one) => !allowedAt(path).includes(one))) {
        for (const slash of ['', '/']) {
          const { status, headers, body } = await api.request(method, `${pathOf({ path }, fixture)}${slash}`);
          expect([method, slash, status, headers.get('allow')]).toEqual([method, slash, 405, allow]);
          expect(headers.get('content-type')).toBe('application/problem+json');
          if (method !== 'HEAD') expect(body.code).toBe('method-not-allowed');
        }
      }
    },
  );

  it.each(PATHS.filter((path) => path.endsWith('{id}')))('%s: no id at all hits nothing', async (path) => {
    const empty = path.replace('{id}', '');
    for (const method of ['PATCH', 'PUT', 'DELETE']) {
      expect([method, (await api.request(method, empty)).status]).toEqual([method, 405]);
    }
  });

  it.each(READS.filter(({ path }) => path.includes('{id}')).map((operation) => [operation.id, operation] as const))(
    '%s: the id is found in capitals too, and answered in small letters',
    async (_id, { path }) => {
      const options = await gateway(path);
      const id = fixture[path.split('/')[1] as keyof Fixture];
      const [small, capital] = [
        await api.get(pathOf({ path }, fixture), options),
        await api.get(pathOf({ path }, fixture, id.toUpperCase()), options),
      ];
      expect([capital.status, steady(path, capital.text)]).toEqual([200, steady(path, small.text)]);
    },
  );
});
