import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

interface Row {
  first: string;
  last: string;
  owner?: string | null;
  until?: string | null;
}

interface Found {
  place: bigint;
  taken: boolean;
  due: boolean;
  owner: string | null;
}

interface Resting {
  owner: string;
  /** Place in the order of the releases. */
  turn: number;
  due: boolean;
}

const OWNERS = ['ann', 'bob'];
/** Rests are over, or last, by hours: no test waits. */
const DUE = '2001-01-01T00:00:00Z';
const LATER = '2999-01-01T00:00:00Z';

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : Number(a > b));
const expand = ({ first, last }: Row): bigint[] =>
  Array.from({ length: Number(BigInt(last) - BigInt(first)) + 1 }, (_, n) => BigInt(first) + BigInt(n));

/** The stretches of a set of numbers. */
function stretches(set: ReadonlySet<bigint>): (readonly [bigint, bigint])[] {
  const list: [bigint, bigint][] = [];
  for (const one of [...set].sort(ascending)) {
    const last = list.at(-1);
    if (last !== undefined && last[1] === one - 1n) last[1] = one;
    else list.push([one, one]);
  }
  return list;
}

/** Where a block goes: into the shortest stretch where it fits, the lowest of those. */
function bestFit(open: ReadonlySet<bigint>, count: bigint, align: bigint): bigint[] | undefined {
  const fits = stretches(open)
    .map(([first, last]) => ({ start: ((first + align - 1n) / align) * align, size: last - first, first, last }))
    .filter(({ start, last }) => start + count - 1n <= last)
    .sort((a, b) => ascending(a.size, b.size) || ascending(a.first, b.first));
  const best = fits[0];
  return best && Array.from({ length: Number(count) }, (_, n) => best.start + BigInt(n));
}

describe('space with policies and rest', () => {
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

  async function rows<R extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<R[]> {
    return (await client.query<R>(sql, values)).rows;
  }

  async function newSpace(first: bigint, last: bigint): Promise<string> {
    const [row] = await rows<{ id: string }>('INSERT INTO space DEFAULT VALUES RETURNING id');
    await rows('SELECT space_add($1, $2, $3)', [row!.id, String(first), String(last)]);
    return row!.id;
  }

  const positions = async (sql: string, values: unknown[]): Promise<bigint[]> =>
    (await rows<Row>(sql, values)).flatMap(expand);
  const random = (space: string, count: number, wait = true): Promise<bigint[]> =>
    positions('SELECT * FROM space_take_random($1, $2, $3)', [space, count, wait]);
  const rested = (space: string, count: number, early: boolean, wait: boolean): Promise<bigint[]> =>
    positions('SELECT * FROM space_take_rested($1, $2, $3, $4)', [space, count, early, wait]);
  const block = (space: string, count: number, align: number, due: boolean, early: boolean, wait = true) =>
    positions('SELECT * FROM space_take_block($1, $2, $3, $4, $5, $6)', [space, count, align, due, early, wait]);
  const free = (space: string): Promise<bigint[]> =>
    positions('SELECT first, last FROM free_interval WHERE space_id = $1 ORDER BY last', [space]);
  const rest = (space: string, list: readonly bigint[], owner: string, turn: number, due: boolean) => {
    const until = new Date(Date.parse(due ? DUE : LATER) + turn * 1000).toISOString();
    return rows(
      `SELECT space_rest($1, array_agg(p), array_agg($3::text), array_agg(now()), array_agg($4::timestamptz))
       FROM unnest($2::numeric[]) AS p`,
      [space, list.map(String), owner, until],
    );
  };

  it('does what a set of numbers does, whatever the sequence of calls', async () => {
    const size = 60n;
    const which = fc.array(fc.nat(), { minLength: 1, maxLength: 10 });
    const count = fc.integer({ min: 1, max: 20 });
    const call = fc.oneof(
      fc.record({ do: fc.constant('random' as const), count, wait: fc.boolean() }),
      fc.record({ do: fc.constant('rested' as const), count, early: fc.boolean(), wait: fc.boolean() }),
      fc.record({
        do: fc.constant('block' as const),
        count: fc.integer({ min: 1, max: 12 }),
        align: fc.constantFrom(1, 2, 4, 8),
        reach: fc.constantFrom('free', 'due', 'early'),
        wait: fc.boolean(),
      }),
      fc.record({
        do: fc.constant('these' as const),
        asked: fc.array(fc.tuple(fc.bigInt(0n, size + 5n), fc.constantFrom(...OWNERS)), { minLength: 1, maxLength: 8 }),
      }),
      fc.record({ do: fc.constant('give' as const), which }),
      fc.record({ do: fc.constant('rest' as const), which, owner: fc.constantFrom(...OWNERS), due: fc.boolean() }),
      fc.record({ do: fc.constant('wake' as const), limit: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ do: fc.constant('remove' as const), first: fc.bigInt(0n, size), size: fc.bigInt(1n, 20n) }),
    );
    const base = fc.constantFrom(0n, 2n ** 32n - 160n, 2n ** 64n - 32n, 2n ** 128n - 160n);
    await fc.assert(
      fc.asyncProperty(base, fc.array(call, { minLength: 1, maxLength: 25 }), async (offset, calls) => {
        const space = await newSpace(offset, offset + size - 1n);
        const open = new Set(Array.from({ length: Number(size) }, (_, n) => offset + BigInt(n)));
        const held = new Set<bigint>();
        const resting = new Map<bigint, Resting>();
        const hold = (list: readonly bigint[]): void => {
          for (const one of list) {
            open.delete(one);
            resting.delete(one);
            held.add(one);
          }
        };
        const inTurn = (early: boolean): bigint[] =>
          [...resting]
            .filter(([, { due }]) => early || due)
            .sort(([p, a], [q, b]) => Number(b.due) - Number(a.due) || a.turn - b.turn || ascending(p, q))
            .map(([position]) => position);
        const someHeld = (chosen: readonly number[]): bigint[] => {
          const all = [...held].sort(ascending);
          return all.length === 0 ? [] : [...new Set(chosen.map((n) => all[n % all.length]!))];
        };

        for (const [turn, step] of calls.entries()) {
          if (step.do === 'random') {
            const got = await random(space, step.count, step.wait);
            expect(got).toHaveLength(Math.min(step.count, open.size));
            expect(new Set(got).size).toBe(got.length);
            expect(got.every((one) => open.has(one))).toBe(true);
            hold(got);
          } else if (step.do === 'rested') {
            const expected = [...[...open].sort(ascending), ...inTurn(step.early)].slice(0, step.count);
            expect(await rested(space, step.count, step.early, step.wait)).toEqual(expected);
            hold(expected);
          } else if (step.do === 'block') {
            const [due, early] = [step.reach !== 'free', step.reach === 'early'];
            const all = new Set([...open, ...(due ? inTurn(early) : [])]);
            const expected = bestFit(all, BigInt(step.count), BigInt(step.align)) ?? [];
            const got = await block(space, step.count, step.align, due, early, step.wait);
            expect(got.sort(ascending)).toEqual(expected);
            hold(expected);
          } else if (step.do === 'these') {
            const asked = step.asked.map(([position, owner]) => [offset + position, owner] as const);
            const got = await rows<{ place: string; taken: boolean; due: boolean; owner: string | null }>(
              'SELECT * FROM space_take_these($1, $2::numeric[], $3::text[])',
              [space, asked.map(([position]) => String(position)), asked.map(([, owner]) => owner)],
            );
            const expected = [...new Set(asked.map(([position]) => position))]
              .sort(ascending)
              .flatMap((place): Found[] => {
                if (open.has(place)) return [{ place, taken: true, due: true, owner: null }];
                const rests = resting.get(place);
                if (rests === undefined) return [];
                const { due, owner } = rests;
                return [{ place, taken: due || asked.some(([p, o]) => p === place && o === owner), due, owner }];
              });
            expect(
              got
                .map(({ place, taken, due, owner }) => ({ place: BigInt(place), taken, due, owner }))
                .sort((a, b) => ascending(a.place, b.place)),
            ).toEqual(expected);
            hold(expected.filter(({ taken }) => taken).map(({ place }) => place));
          } else if (step.do === 'give') {
            const back = someHeld(step.which);
            await rows('SELECT space_give($1, $2::numeric[])', [space, back.map(String)]);
            for (const one of back) {
              held.delete(one);
              open.add(one);
            }
          } else if (step.do === 'rest') {
            const back = someHeld(step.which);
            if (back.length === 0) continue;
            await rest(space, back, step.owner, turn, step.due);
            for (const one of back) {
              held.delete(one);
              resting.set(one, { owner: step.owner, turn, due: step.due });
            }
          } else if (step.do === 'wake') {
            const expected = inTurn(false).slice(0, step.limit);
            const [row] = await rows<{ woken: number }>('SELECT space_wake($1, $2) AS woken', [space, step.limit]);
            expect(row!.woken).toBe(expected.length);
            for (const one of expected) {
              resting.delete(one);
              open.add(one);
            }
          } else {
            const [first, last] = [offset + step.first, offset + step.first + step.size - 1n];
            const within = (one: bigint): boolean => first <= one && one <= last;
            const possible = ![...held].some(within);
            const [row] = await rows<{ gone: boolean }>('SELECT space_remove($1, $2, $3) AS gone', [
              space,
              String(first),
              String(last),
            ]);
            expect(row!.gone).toBe(possible);
            if (possible)
              for (const one of [...open, ...resting.keys()].filter(within)) {
                open.delete(one);
                resting.delete(one);
              }
          }
          expect(await free(space)).toEqual([...open].sort(ascending));
          const atRest = await rows<{ position: string; owner: string }>(
            'SELECT position, owner FROM quarantine WHERE space_id = $1 ORDER BY position',
            [space],
          );
          expect(atRest.map(({ position, owner }) => [BigInt(position), owner])).toEqual(
            [...resting].sort(([p], [q]) => ascending(p, q)).map(([position, { owner }]) => [position, owner]),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('finds a block across chunks, in the smallest hole where it fits', async () => {
    const space = await newSpace(0n, 1023n); // chunks of 64
    expect(await block(space, 100, 1, false, false)).toEqual(Array.from({ length: 100 }, (_, n) => BigInt(n)));
    expect(await block(space, 512, 512, false, false)).toEqual(Array.from({ length: 512 }, (_, n) => BigInt(512 + n)));
    // 100 to 511 is free; make a hole of 5 and one of 20 in it
    await rows('SELECT * FROM space_take_these($1, $2::numeric[], $3::text[])', [space, [105, 126], [null, null]]);
    expect(await block(space, 5, 1, false, false)).toEqual([100n, 101n, 102n, 103n, 104n]);
    expect(await block(space, 16, 4, false, false)).toEqual(Array.from({ length: 16 }, (_, n) => BigInt(108 + n)));
    expect(await block(space, 1000, 1, false, false)).toEqual([]);
  });

  it('draws positions that are spread evenly, however large the space and whatever is taken', async () => {
    for (const [first, last] of [
      [0n, 1023n],
      [0n, 2n ** 128n - 1n],
    ] as const) {
      const space = await newSpace(first, last);
      const drawn = await random(space, 800);
      expect(new Set(drawn).size).toBe(800);
      // 16 equal parts: 50 each are expected, with a deviation of at most 7
      const width = (last - first + 1n) / 16n;
      const parts = Array.from({ length: 16 }, (_, n) => drawn.filter((one) => one / width === BigInt(n)).length);
      expect(Math.max(...parts)).toBeLessThan(50 + 50);
      expect(Math.min(...parts)).toBeGreaterThan(8);
      expect(drawn.slice(0, 100)).not.toEqual([...drawn.slice(0, 100)].sort(ascending));
    }
    const full = await newSpace(0n, 255n);
    expect((await random(full, 300)).sort(ascending)).toEqual(Array.from({ length: 256 }, (_, n) => BigInt(n)));
  });

  it('refuses to lay to rest what is free or rests', async () => {
    const space = await newSpace(0n, 9n);
    await expect(rest(space, [3n], 'ann', 0, false)).rejects.toThrow(/free already/);
    await rows('SELECT * FROM space_take($1, 3, true)', [space]);
    await rest(space, [1n, 2n, 77n], 'ann', 0, false); // 77 is not of the space any more, as after a shrinking
    await expect(rest(space, [1n], 'ann', 1, false)).rejects.toThrow(/quarantine_pkey/);
    expect(await free(space)).toEqual([3n, 4n, 5n, 6n, 7n, 8n, 9n]);
  });

  it('passes over what another transaction holds, and gets it by waiting', async () => {
    const space = await newSpace(0n, 255n); // chunks of 16
    await rows('SELECT * FROM space_take($1, 256, true)', [space]);
    await rows('SELECT space_give($1, $2::numeric[])', [space, [20, 21, 22, 23, 24]]);
    await rest(space, [40n], 'ann', 1, true);
    await rest(space, [4n], 'ann', 2, true);
    const other = new pg.Client(database.url);
    await other.connect();
    await other.query('BEGIN');
    await other.query('SELECT * FROM space_take($1, 1, false)', [space]); // holds the chunk of 16 to 31
    expect(await random(space, 1, false)).toEqual([]);
    expect(await block(space, 2, 1, true, true, false)).toEqual([]);
    expect(await rested(space, 1, false, false)).toEqual([]);
    const [woken] = await rows<{ woken: number }>('SELECT space_wake($1, 1) AS woken', [space]);
    expect(woken!.woken).toBe(1); // 40, whose chunk nobody holds
    const waiting = rested(space, 10, false, true);
    await other.query('ROLLBACK');
    expect(await waiting).toEqual([20n, 21n, 22n, 23n, 24n, 40n, 4n]);
    await other.end();
  });
});
