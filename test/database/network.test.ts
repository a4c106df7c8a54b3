import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { bitsOf, formatAddress, maxOf, storedAddress } from '../../src/ip/address.js';
import { canonicalCidr, formatCidr, networkOf, nextAligned } from '../../src/ip/cidr.js';
import { hostmask, netmask } from '../../src/ip/mask.js';
import { contains, covers, overlaps } from '../../src/ip/range.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { anyAddress, networksAndAddress } from './addresses.js';

/** One question for a whole batch of cases: their columns go in as arrays, their answers come out in order. */
const BATCH = { minLength: 1, maxLength: 300 };

describe('our networks and those of PostgreSQL', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client(database.url);
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('contain, lie in and overlap each other alike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(networksAndAddress, BATCH), async (cases) => {
        const { rows } = await client.query<Record<string, boolean>>(
          `SELECT a >>= b AS covers, a <<= b AS covered, a >> b AS above, a << b AS below, a && b AS overlaps,
                  a >>= h AS holds, b >>= h AS "otherHolds"
           FROM unnest($1::cidr[], $2::cidr[], $3::inet[]) WITH ORDINALITY AS t (a, b, h, n) ORDER BY n`,
          [
            cases.map(({ one }) => formatCidr(one)),
            cases.map(({ other }) => formatCidr(other)),
            cases.map(({ address }) => formatAddress(address)),
          ],
        );
        const ours = cases.map(({ one, other, address }) => ({
          covers: covers(one, other),
          covered: covers(other, one),
          above: covers(one, other) && !covers(other, one),
          below: covers(other, one) && !covers(one, other),
          overlaps: overlaps(one, other),
          holds: contains(one, address),
          otherHolds: contains(other, address),
        }));
        expect(rows).toEqual(ours);
      }),
      { numRuns: 20 },
    );
  });

  it('have the same text, length, masks and ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(networksAndAddress, BATCH), async (cases) => {
        const networks = cases.map(({ one }) => one);
        const { rows } = await client.query<Record<string, string | number>>(
          `SELECT text(a) AS text, masklen(a) AS length, host(netmask(a)) AS net, host(hostmask(a)) AS hosts,
                  host(network(a)) AS first, host(broadcast(a)) AS last
           FROM unnest($1::cidr[]) WITH ORDINALITY AS t (a, n) ORDER BY n`,
          [networks.map(formatCidr)],
        );
        const read = (value: string | number | undefined): string => formatAddress(storedAddress(String(value)));
        for (const [index, row] of rows.entries()) {
          const network = networks[index]!;
          const { family, length } = network;
          // What PostgreSQL writes with an IPv4 tail reads back as ours; a mapped network as the IPv4 network it is.
          if (family === 4 || network.first >> 32n !== 0xffffn) {
            expect(canonicalCidr(String(row['text']))).toBe(formatCidr(network));
          }
          expect({ ...row, text: '', ...ends(row, read) }).toEqual({
            text: '',
            length,
            net: formatAddress(netmask(family, length)),
            hosts: formatAddress(hostmask(family, length)),
            first: formatAddress({ family, value: network.first }),
            last: formatAddress({ family, value: network.last }),
          });
        }
      }),
      { numRuns: 10 },
    );
  });

  it('are found around an address, and after it, where PostgreSQL finds them', async () => {
    const withLength = anyAddress.chain((address) =>
      fc.integer({ min: 0, max: bitsOf(address.family) }).map((length) => ({ address, length })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(withLength, BATCH), async (cases) => {
        const { rows } = await client.query<{ around: string; aligned: boolean; after: string | null }>(
          `SELECT host(network(set_masklen(h, l))) AS around,
                  host(network(set_masklen(h, l))) = host(h) AS aligned,
                  CASE WHEN host(broadcast(set_masklen(h, l)))::inet NOT IN
                            ('255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')
                       THEN host(host(broadcast(set_masklen(h, l)))::inet + 1) END AS after
           FROM unnest($1::inet[], $2::int[]) WITH ORDINALITY AS t (h, l, n) ORDER BY n`,
          [cases.map(({ address }) => formatAddress(address)), cases.map(({ length }) => length)],
        );
        for (const [index, { around, aligned, after }] of rows.entries()) {
          const { address, length } = cases[index]!;
          const here = networkOf(address, length);
          expect(storedAddress(around)).toEqual({ family: here.family, value: here.first });
          const next = aligned ? around : after;
          expect(nextAligned(address, length)).toEqual(
            next === null ? undefined : networkOf(storedAddress(next), length),
          );
        }
      }),
      { numRuns: 10 },
    );
  });

  it('reach to the top of both families', async () => {
    for (const family of [4, 6] as const) {
      const top = formatAddress({ family, value: maxOf(family) });
      const { rows } = await client.query<{ last: string }>(
        'SELECT host(broadcast(set_masklen($1::inet, l))) AS last FROM generate_series(0, $2::int) AS l ORDER BY l',
        [top, bitsOf(family)],
      );
      for (const [length, { last }] of rows.entries()) {
        expect([last, networkOf({ family, value: maxOf(family) }, length).last]).toEqual([top, maxOf(family)]);
      }
    }
  });
});

/** The columns that are addresses, in our text. */
function ends(
  row: Record<string, string | number>,
  read: (value: string | number | undefined) => string,
): Record<string, string> {
  return Object.fromEntries(['net', 'hosts', 'first', 'last'].map((column) => [column, read(row[column])]));
}
