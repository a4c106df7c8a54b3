import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

interface Interval {
  first: string;
  last: string;
}

const TOP4 = 2n ** 32n - 1n;
const TOP6 = 2n ** 128n - 1n;

describe('space', () => {
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

  async function rows<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await client.query<Row>(sql, values)).rows;
  }

  async function newSpace(): Promise<string> {
    const [row] = await rows<{ id: string }>('INSERT INTO space DEFAULT VALUES RETURNING id');
    return row!.id;
  }

  const add = (space: string, first: bigint, last: bigint) =>
    rows('SELECT space_add($1, $2, $3)', [space, String(first), String(last)]);
  const give = (space: string, positions: readonly bigint[]) =>
    rows('SELECT space_give($1, $2::numeric[])', [space, positions.map(String)]);
  const intervals = (space: string) =>
    rows<Interval>('SELECT first, last FROM free_interval WHERE space_id = $1 ORDER BY last', [space]);
  const chunks = (space: string) =>
    rows<Interval>('SELECT first, last FROM space_chunk WHERE space_id = $1 ORDER BY last', [space]);

  async function take(space: string, count: number, wait = false): Promise<bigint[]> {
    return (await rows<Interval>('SELECT first, last FROM space_take($1, $2, $3)', [space, count, wait])).flatMap(
      expand,
    );
  }

  async function takeExact(space: string, positions: readonly bigint[]): Promise<bigint[]> {
    const got = await rows<{ p: string }>('SELECT p FROM space_take_exact($1, $2::numeric[]) AS p', [
      space,
      positions.map(String),
    ]);
    return got.map(({ p }) => BigInt(p));
  }

  async function remove(space: string, first: bigint, last: bigint): Promise<boolean> {
    const [row] = await rows<{ gone: boolean }>('SELECT space_remove($1, $2, $3) AS gone', [
      space,
      String(first),
      String(last),
    ]);
    return row!.gone;
  }

  /** Intervals are in one chunk each, do not touch inside it, and chunks do not overlap. */
  async function checkShape(space: string): Promise<void> {
    const spans = (await chunks(space)).map(({ first, last }) => [BigInt(first), BigInt(last)] as const);
    for (const [index, [first, last]] of spans.entries()) {
      expect(first <= last).toBe(true);
      const before = spans[index - 1];
      if (before !== undefined) expect(before[1] < first).toBe(true);
    }
    let previous: readonly [bigint, number] | undefined;
    for (const interval of await intervals(space)) {
      const [first, last] = [BigInt(interval.first), BigInt(interval.last)];
      const chunk = spans.findIndex((span) => span[0] <= first && last <= span[1]);
      expect(chunk).toBeGreaterThanOrEqual(0);
      if (previous !== undefined) {
        expect(first > previous[0]).toBe(true);
        if (chunk === previous[1]) expect(first > previous[0] + 1n).toBe(true); // else they should be one
      }
      previous = [last, chunk];
    }
  }

  it('does what a set of numbers does, whatever the sequence of calls', async () => {
    const position = fc.bigInt(0n, 79n);
    const call = fc.oneof(
      fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 30 }), wait: fc.boolean() }),
      fc.record({ do: fc.constant('exact' as const), positions: fc.array(position, { minLength: 1, maxLength: 8 }) }),
      fc.record({ do: fc.constant('give' as const), which: fc.array(fc.nat(), { minLength: 1, maxLength: 12 }) }),
      fc.record({ do: fc.constant('add' as const), first: position, size: fc.bigInt(1n, 40n) }),
      fc.record({ do: fc.constant('remove' as const), first: position, size: fc.bigInt(1n, 40n) }),
    );
    // around zero, at the top of IPv4, across 2^64 and at the top of IPv6
    const base = fc.constantFrom(0n, TOP4 - 119n, 2n ** 64n - 40n, TOP6 - 119n);
    await fc.assert(
      fc.asyncProperty(base, fc.array(call, { minLength: 1, maxLength: 25 }), async (offset, calls) => {
        const space = await newSpace();
        const free = new Set<bigint>();
        const held = new Set<bigint>();
        const lowest = (count: number): bigint[] => [...free].sort(ascending).slice(0, count);
        const hold = (positions: readonly bigint[]): void => {
          for (const one of positions) {
            free.delete(one);
            held.add(one);
          }
        };
        await add(space, offset, offset + 39n);
        for (let n = 0n; n < 40n; n++) free.add(offset + n);

        for (const step of calls) {
          if (step.do === 'take') {
            const expected = lowest(step.count);
            expect(await take(space, step.count, step.wait)).toEqual(expected);
            hold(expected);
          } else if (step.do === 'exact') {
            const wanted = step.positions.map((one) => offset + one);
            const expected = [...new Set(wanted)].filter((one) => free.has(one)).sort(ascending);
            expect((await takeExact(space, wanted)).sort(ascending)).toEqual(expected);
            hold(expected);
          } else if (step.do === 'give') {
            const all = [...held].sort(ascending);
            if (all.length === 0) continue;
            const back = [...new Set(step.which.map((n) => all[n % all.length]!))];
            await give(space, back);
            for (const one of back) {
              held.delete(one);
              free.add(one);
            }
          } else {
            const first = offset + step.first;
            const last = first + step.size - 1n;
            const range = Array.from({ length: Number(step.size) }, (_, n) => first + BigInt(n));
            if (step.do === 'add') {
              if (range.some((one) => free.has(one) || held.has(one))) continue;
              await add(space, first, last);
              for (const one of range) free.add(one);
            } else {
              const possible = !range.some((one) => held.has(one));
              expect(await remove(space, first, last)).toBe(possible);
              if (possible) for (const one of range) free.delete(one);
            }
          }
          expect((await intervals(space)).flatMap(expand)).toEqual([...free].sort(ascending));
        }
        await checkShape(space);
      }),
      { numRuns: 120 },
    );
  });

  it.each([
    ['a /30', 0n, 3n],
    ['a /24', 0n, 255n],
    ['a /8', 0x0a000000n, 0x0affffffn],
    ['all of IPv4', 0n, TOP4],
    ['an IPv6 /64', 0x20010db8n << 96n, (0x20010db8n << 96n) + 2n ** 64n - 1n],
    ['all of IPv6', 0n, TOP6],
  ])('keeps %s in at most 16 rows that cover it exactly', async (_name, first, last) => {
    const space = await newSpace();
    await add(space, first, last);
    const rowsOf = await intervals(space);
    expect(rowsOf.length).toBeLessThanOrEqual(16);
    expect(await chunks(space)).toEqual(rowsOf);
    expect(BigInt(rowsOf[0]!.first)).toBe(first);
    expect(BigInt(rowsOf.at(-1)!.last)).toBe(last);
    for (const [index, { first: from }] of rowsOf.slice(1).entries()) {
      expect(BigInt(from)).toBe(BigInt(rowsOf[index]!.last) + 1n);
    }
    expect(await takeExact(space, [first, last])).toEqual([first, last]);
    await give(space, [last, first]);
    expect(await intervals(space)).toEqual(rowsOf);
  });

  it('joins released positions to the intervals that were there, in whatever order they come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(Array.from({ length: 64 }, (_, n) => BigInt(n))), async (order) => {
        const space = await newSpace();
        await add(space, 0n, 63n);
        const before = await intervals(space);
        expect(await take(space, 64)).toHaveLength(64);
        expect(await intervals(space)).toEqual([]);
        const missing = Array.from({ length: 64 }, (_, n) => BigInt(n)).filter((one) => !order.includes(one));
        for (const one of order) await give(space, [one]);
        await give(space, missing);
        expect(await intervals(space)).toEqual(before);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses to free what is free, and changes nothing then', async () => {
    const space = await newSpace();
    await add(space, 0n, 9n);
    expect(await take(space, 2)).toEqual([0n, 1n]);
    const before = await intervals(space);
    await expect(give(space, [0n, 5n])).rejects.toThrow(/free already/);
    expect(await intervals(space)).toEqual(before);
    await expect(give(space, [0n, 0n])).rejects.toThrow(/free already/);
    expect(await intervals(space)).toEqual(before);
  });

  it('passes over chunks that another transaction holds, and gets them by waiting', async () => {
    const space = await newSpace();
    await add(space, 0n, 255n);
    const other = new pg.Client(database.url);
    await other.connect();
    await other.query('BEGIN');
    await other.query('SELECT * FROM space_take($1, 1, false)', [space]); // holds the first chunk, 0 to 15
    expect(await take(space, 1)).toEqual([16n]);
    expect(await take(space, 300)).toHaveLength(239);
    const waiting = take(space, 300, true);
    await other.query('ROLLBACK');
    expect(await waiting).toEqual(Array.from({ length: 16 }, (_, n) => BigInt(n)));
    await other.end();
  });
});

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : Number(a > b));
const expand = ({ first, last }: Interval): bigint[] =>
  Array.from({ length: Number(BigInt(last) - BigInt(first)) + 1 }, (_, n) => BigInt(first) + BigInt(n));
