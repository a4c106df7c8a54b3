import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, dump } from '../support/api.js';
import { ended, send } from './importing.js';

const P = '6b024480686c824ea09e0001';
const S = '6b024480686c824ea09e0002';
const R = '6b024480686c824ea09e0003';
const NEW = (n: number): string => `7c024480686c824ea09e${String(n).padStart(4, '0')}`;

type Row = Record<string, unknown>;
const pool = (more: Row = {}): Row => ({ type: 'pool', id: NEW(1), ...more });
const subnet = (more: Row = {}): Row => ({ type: 'subnet', id: NEW(2), pool: P, cidr: '10.7.0.0/24', ...more });
const reservation = (more: Row = {}): Row => ({ type: 'reservation', id: NEW(3), subnet: S, ...more });
const lease = (more: Row = {}): Row => ({ type: 'lease', reservation: NEW(3), address: '10.0.0.20', ...more });

describe('bad lines of an import', () => {
  let api: Api;
  let before: Record<string, string>;

  beforeAll(async () => {
    api = await Api.start({ env: { IMPORT_MAX_BYTES: '1MiB' } });
    await api.make('/pools', { id: P, name: 'P', supernets: ['10.0.0.0/8'] });
    for (const n of [1, 2]) await api.make('/pools', { name: `twin`, tags: [`${n}`] });
    await api.make(`/pools/${P}/subnets`, { id: S, cidr: '10.0.0.0/24', gatewayAddress: '10.0.0.1' });
    await api.make(`/subnets/${S}/reservations`, { id: R, addresses: ['10.0.0.9'] });
    before = await dump(api.database);
  });
  afterAll(() => api.close());

  it.each<[string, Row[], string, RegExp]>([
    ['a member that is not there', [pool({ zebra: 1 })], 'zebra', /should not exist/],
    ['a name with a line break', [pool({ name: 'a\nb' })], 'name', /control characters/],
    ['a policy that is none', [pool({ policy: 'worst' })], 'policy', /must be one of/],
    ['supernets that overlap', [pool({ supernets: ['10.0.0.0/8', '10.1.0.0/16'] })], 'supernets.1', /must not overlap/],
    ['an id that is taken', [pool({ id: P })], 'id', /^is taken$/],
    ['an id that is none', [pool({ id: 'x' })], 'id', /24 hexadecimal digits/],
    ['an id twice', [pool(), pool()], 'id', /^is that of line 1$/],
    ['an unknown pool', [subnet({ pool: 'nobody' })], 'pool', /names no pool/],
    ['a pool of an ambiguous name', [subnet({ pool: 'twin' })], 'pool', /more than one pool/],
    ['a subnet without a range', [subnet({ cidr: null })], 'start', /must be given with end/],
    ['bits behind the length', [subnet({ cidr: '10.7.0.1/24' })], 'cidr', /no bits set/],
    ['nothing to give out', [subnet({ exclusions: { first: 256 } })], 'exclusions', /at least one address/],
    ['a gateway elsewhere', [subnet({ gatewayAddress: '10.8.0.1' })], 'gatewayAddress', /must lie in the subnet/],
    ['a subnet on one of the pool', [subnet({ cidr: '10.0.0.0/16' })], 'start', /overlaps the subnet 10\.0\.0\.0 to/],
    [
      'a subnet on one of the file',
      [subnet({ cidr: '10.7.0.0/16' }), subnet({ id: NEW(9) })],
      'start',
      /overlaps the subnet of line/,
    ],
    ['a subnet outside of the supernets', [subnet({ cidr: '192.0.2.0/24' })], 'start', /one of the supernets/],
    ['an unknown subnet', [reservation({ subnet: NEW(99) }), lease()], 'subnet', /names no subnet$/],
    ['a range that is no subnet', [reservation({ subnet: '10.5.0.0/24' }), lease()], 'subnet', /names no subnet$/],
    ['no subnet', [reservation({ subnet: null }), lease()], 'subnet', /must be an id/],
    ['a reservation without leases', [reservation()], 'id', /has no lease/],
    ['an end in the past', [reservation({ expiresAt: '2001-01-01T00:00:00Z' }), lease()], 'expiresAt', /in the future/],
    ['a ttl of nothing', [reservation({ ttl: 0 }), lease()], 'ttl', /whole number from 1/],
    ['a lease of an unknown reservation', [lease({ reservation: NEW(98) })], 'reservation', /names no reservation/],
    [
      "a lease of another's reservation",
      [lease({ reservation: R })],
      'reservation',
      /names no reservation of the file/,
    ],
    ['a lease of nothing', [lease({ reservation: null })], 'reservation', /must be the id or the name/],
    ['an address that is none', [reservation(), lease({ address: '10.0.0.256' })], 'address', /must be an IPv4/],
    ['an address elsewhere', [reservation(), lease({ address: '10.0.1.1' })], 'address', /must lie in the subnet/],
    ['an address of the other family', [reservation(), lease({ address: '::1' })], 'address', /must lie in the subnet/],
    ['an address that is held', [reservation(), lease({ address: '10.0.0.9' })], 'address', /^is held$/],
    ['the gateway address', [reservation(), lease({ address: '10.0.0.1' })], 'address', /is excluded/],
    ['the broadcast address', [reservation(), lease({ address: '10.0.0.255' })], 'address', /is excluded/],
    ['an address twice', [reservation(), lease(), lease()], 'address', /^is that of line 2$/],
    [
      'metadata too deep',
      [reservation({ metadata: JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`) }), lease()],
      'metadata',
      /64 levels/,
    ],
    ['tags that are none', [reservation({ tags: 'x' }), lease()], 'tags', /must be a list/],
    ['a type that is none', [{ type: 'zebra' }], 'type', /must be pool, subnet/],
    ['a count that differs', [pool(), { type: 'end', pool: 2 }], 'type', /not have as many/],
  ])('%s is told, and nothing applied', async (_what, rows, field, reason) => {
    const outcome = await ended(send(api, rows.map((row) => `${JSON.stringify(row)}\n`).join(''), 'ndjson'));
    expect(outcome.done).toBe(false);
    expect(outcome.lines).toContainEqual(expect.objectContaining({ field, reason: expect.stringMatching(reason) }));
    expect(await dump(api.database)).toEqual(before);
  });

  it.each([
    ['csv', '', 0, /no lines|header/],
    ['csv', 'type,zebra\r\n', 1, /column "zebra"/],
    ['csv', 'name,address\r\n', 1, /no column "type"/],
    ['csv', 'type,name\r\npool,a"b\r\n', 2, /quote in the middle/],
    ['csv', 'type,name\r\npool,"a\r\n', 2, /not closed/],
    ['csv', 'type,name\r\npool,a,b\r\n', 2, /more cells/],
    ['csv', 'type,name,tags\r\npool,a,b\r\n', 2, /must be JSON/],
    ['json', '[]', 0, /not the JSON document/],
    ['json', '{"pools":[{"name":"a"}', 1, /not the JSON document/],
    ['json', '{"zebras":[]}', 0, /not the JSON document/],
    ['json', '{"pools":[{"name":a}]}', 1, /not a JSON object/],
    ['ndjson', '{"type":"pool"}\n{"type":\n', 2, /not a JSON object/],
    ['ndjson', `{"type":"pool","name":"${'x'.repeat(600_000)}`, 1, /longer than|not a JSON/],
  ])('a file of %s that is none is told: %j', async (format, text, line, reason) => {
    const outcome = await ended(send(api, text, format));
    expect(outcome.done).toBe(false);
    const told = outcome.lines.find((bad) => reason.test(bad.reason));
    expect([told?.line, outcome.lines.map((bad) => bad.reason)]).toEqual([expect.any(Number), expect.anything()]);
    if (line > 0) expect(told?.line).toBe(line);
    expect(await dump(api.database)).toEqual(before);
  });

  it('counts all of them and tells the first thousand', async () => {
    const outcome = await ended(send(api, '{"type":"lease"}\n'.repeat(3000), 'ndjson'));
    expect([outcome.badLines, outcome.lines.length, outcome.lines[999]?.line]).toEqual([3000, 1000, 1000]);
  });

  it('refuses a file that is too large, whether it says so or not', async () => {
    const file = '{"type":"pool"}\n'.repeat(70_000);
    expect((await send(api, file, 'ndjson')).status).toBe(413);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(file));
        controller.close();
      },
    });
    const response = await fetch(`${api.url}/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.admin}`, 'content-type': 'application/x-ndjson' },
      body: stream,
      duplex: 'half',
    });
    expect(await response.text()).toContain('"code":"body-too-large"');
    expect(await dump(api.database)).toEqual(before);
  });
});
