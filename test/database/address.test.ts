import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { compareAddresses, formatAddress, parseAddress, storedAddress } from '../../src/ip/address.js';
import { parseCidr } from '../../src/ip/cidr.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { anyAddress, isDotted } from './addresses.js';

describe('our addresses and those of PostgreSQL', () => {
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

  it('are written alike, and read back from what PostgreSQL writes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAddress, { minLength: 1, maxLength: 100 }), async (addresses) => {
        const { rows } = await client.query<{ host: string }>(
          'SELECT host(t::inet) AS host FROM unnest($1::text[]) WITH ORDINALITY AS a (t, n) ORDER BY n',
          [addresses.map(formatAddress)],
        );
        for (const [index, one] of addresses.entries()) {
          const host = rows[index]?.host ?? '';
          if (!isDotted(one)) expect(host).toBe(formatAddress(one));
          expect(storedAddress(host)).toEqual(one);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAddress, { minLength: 2, maxLength: 50 }), async (addresses) => {
        const { rows } = await client.query<{ t: string }>('SELECT t FROM unnest($1::text[]) AS t ORDER BY t::inet', [
          addresses.map(formatAddress),
        ]);
        const ours = [...addresses].sort(compareAddresses);
        expect(rows.map(({ t }) => t)).toEqual(ours.map(formatAddress));
      }),
      { numRuns: 50 },
    );
  });

  it('are accepted alike: whatever text we read PostgreSQL reads, as the same address', async () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcF:.%/ ')), maxLength: 20 }),
      fc
        .array(fc.constantFrom('0', '1', '255', '256', 'ffff', ':', '::', '.', ''), { maxLength: 12 })
        .map((p) => p.join('')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 200, maxLength: 200 }), async (texts) => {
        const read = texts.filter((one) => parseAddress(one) !== undefined);
        const { rows } = await client.query<{ host: string }>(
          'SELECT host(t::inet) AS host FROM unnest($1::text[]) WITH ORDINALITY AS a (t, n) ORDER BY n',
          [read],
        );
        expect(rows.map(({ host }) => parseAddress(host))).toEqual(read.map(parseAddress));
      }),
      { numRuns: 30 },
    );
  });

  it('networks are accepted by the type cidr exactly when we accept them', async () => {
    const network = fc.tuple(anyAddress, fc.integer({ min: 0, max: 130 }), fc.boolean()).map(([one, length, cut]) => {
      const bits = BigInt(Math.max(0, (one.family === 4 ? 32 : 128) - length));
      const value = cut ? (one.value >> bits) << bits : one.value;
      return `${formatAddress({ family: one.family, value })}/${length}`;
    });
    await fc.assert(
      fc.asyncProperty(fc.array(network, { minLength: 1, maxLength: 50 }), async (networks) => {
        const { rows } = await client.query<{ good: boolean }>(
          `SELECT pg_input_is_valid(t, 'cidr') AS good FROM unnest($1::text[]) WITH ORDINALITY AS a (t, n) ORDER BY n`,
          [networks],
        );
        expect(networks.map((one) => parseCidr(one) !== undefined)).toEqual(rows.map(({ good }) => good));
      }),
      { numRuns: 50 },
    );
  });
});
