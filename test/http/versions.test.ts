import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, dump, type Answer } from '../support/api.js';
import { changesNoResource, makeFixture, OPERATIONS, pathOf, type Fixture, type Operation } from './operations.js';

const AN_ITEM = /^\/[a-z-]+\/\{(id|owner)\}$/;
const named = (operations: readonly Operation[]) => operations.map((operation) => [operation.id, operation] as const);

/** ETag, If-Match and If-None-Match of every route that the OpenAPI document has (RFC 9110 section 13). */
describe('the version of a resource', () => {
  const READS = OPERATIONS.filter(({ method, path }) => method === 'GET' && AN_ITEM.test(path));
  // A report is of the gateway's kernel, and a dead letter of a delivery; the row that it is about has no version of it.
  const WRITES = OPERATIONS.filter(
    (one) => one.method !== 'GET' && one.path.includes('{') && !one.path.endsWith('s') && !changesNoResource(one),
  );
  /** Deletes in an order in which each finds its resource there and unused. */
  const ORDER = [
    'quotas',
    'webhooks',
    'leases',
    'reservations',
    'components',
    'port-maps',
    'gateways',
    'subnets',
    'pools',
  ];
  const place = ({ path }: Operation): number => ORDER.indexOf(path.split('/')[1] ?? '');
  const DELETES = WRITES.filter(({ method }) => method === 'DELETE').sort((a, b) => place(a) - place(b));
  const CHANGES = WRITES.filter(({ method }) => method !== 'DELETE');

  let api: Api;
  let fixture: Fixture;

  beforeAll(async () => {
    api = await Api.start();
    fixture = await makeFixture(api);
    const { id, leases } = await api.make(`/subnets/${fixture.subnets}/reservations`, { count: 2 });
    // its own reservation stays when it is released
    fixture = { ...fixture, leases: leases[0].id as string };
    expect(id).not.toBe(fixture.reservations);
  });
  afterAll(() => api.close());

  const itemOf = ({ path }: Operation): string => pathOf({ path: path.replace(/\/(renew|rotate)$/, '') }, fixture);
  const versionOf = async (path: string): Promise<number> => (await api.get(path)).body.version as number;
  function send(operation: Operation, headers: Record<string, string>): Promise<Answer> {
    const body = operation.id === 'renewReservation' ? { ttl: 600 } : {};
    const { method } = operation;
    return api.request(method, pathOf(operation, fixture), { headers, ...(method === 'DELETE' ? {} : { body }) });
  }

  it('is looked at by every route that reads or writes one, and every POST has a key', () => {
    expect([READS.length, DELETES.length]).toEqual([ORDER.length, ORDER.length]);
    expect(READS.map(({ headers }) => headers)).toEqual(READS.map(() => ['If-None-Match']));
    for (const { id, headers } of [...CHANGES, ...DELETES]) {
      expect([id, headers]).toEqual([id, expect.arrayContaining(['If-Match', 'If-None-Match'])]);
    }
    // an import is one transaction and names what it makes: again, it finds that there; a test of a webhook makes nothing
    const posts = OPERATIONS.filter(
      ({ method, id }) => method === 'POST' && !['importAll', 'testWebhook'].includes(id),
    );
    for (const { id, headers } of posts)
      expect([id, headers]).toEqual([id, expect.arrayContaining(['Idempotency-Key'])]);
  });

  it.each(named(READS))('%s: is a strong ETag, and 304 for who has it', async (_id, operation) => {
    const path = itemOf(operation);
    const { status, headers, body } = await api.get(path);
    const tag = `"${body.version}"`;
    expect([status, headers.get('etag')]).toEqual([200, tag]);
    for (const method of ['GET', 'HEAD']) {
      for (const known of [tag, `W/${tag}`, `"0", ${tag}`, '*']) {
        const same = await api.request(method, path, { headers: { 'if-none-match': known } });
        expect([method, known, same.status, same.text, same.headers.get('etag')]).toEqual([
          method,
          known,
          304,
          '',
          tag,
        ]);
      }
      for (const other of ['"0"', '"a,*,b"', String(body.version)]) {
        expect((await api.request(method, path, { headers: { 'if-none-match': other } })).status).toBe(200);
      }
    }
  });

  it.each(named([...CHANGES, ...DELETES]))(
    '%s: refuses another version and leaves all as it was',
    async (_id, operation) => {
      const tag = `"${await versionOf(itemOf(operation))}"`;
      const before = await dump(api.database);
      const refused = [
        ...['"0"', `W/${tag}`, '"0", "00"', '"a,*,b"', tag.slice(1, -1), ''].map((value) => ({ 'if-match': value })),
        ...['*', tag, `W/${tag}`, `"0", ${tag}`].map((value) => ({ 'if-none-match': value })),
      ];
      for (const headers of refused) {
        const { status, body } = await send(operation, headers);
        expect([headers, status, body?.code]).toEqual([headers, 412, 'precondition-failed']);
      }
      expect(await dump(api.database)).toEqual(before);
    },
  );

  it.each(named(CHANGES))('%s: takes its own version, and answers with the next', async (_id, operation) => {
    const path = itemOf(operation);
    for (const match of [(tag: string) => tag, (tag: string) => `"x,y", ${tag}`, () => '*']) {
      const version = await versionOf(path);
      const { status, headers, body } = await send(operation, { 'if-match': match(`"${version}"`) });
      expect([status, headers.get('etag'), body.version]).toEqual([200, `"${version + 1}"`, version + 1]);
      expect((await api.get(path)).headers.get('etag')).toBe(`"${version + 1}"`);
      // one that has been changed meanwhile is found out
      expect((await send(operation, { 'if-match': `"${version}"` })).status).toBe(412);
    }
    expect((await send(operation, { 'if-none-match': '"0"' })).status).toBe(200);
  });

  it('is none before there is something: If-None-Match: * makes, and never overwrites', async () => {
    const put = (headers: Record<string, string>): Promise<Answer> =>
      api.put('/quotas/new', { addresses: 1 }, { headers });
    expect((await put({ 'if-match': '*' })).status).toBe(412);
    const answers = await Promise.all([1, 2, 3, 4].map(() => put({ 'if-none-match': '*' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    expect(await versionOf('/quotas/new')).toBe(1);
  });

  it.each(named(DELETES))('%s: takes its own version', async (_id, operation) => {
    const path = itemOf(operation);
    const { status } = await send(operation, { 'if-match': `"0", "${await versionOf(path)}"` });
    expect([status, (await api.get(path)).status]).toEqual([204, 404]);
    expect((await send(operation, { 'if-match': '*' })).status).toBe(404);
  });
});
