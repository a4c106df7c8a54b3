import type { Unit } from '../events/unit-of-work.js';
import {
  GIVE_POSITIONS,
  REST_AGAIN,
  RESTING_IN,
  TAKE_BLOCK,
  TAKE_POSITIONS,
  TAKE_RANDOM_POSITIONS,
  TAKE_RESTED_POSITIONS,
  TAKE_THESE_POSITIONS,
} from './allocation.queries.js';
import { bySpace, type CountNeed, type PositionsNeed, type Rest, type Resting, type Taken } from './need.js';

/** Positions first...last; single ones that rested come with their rest. */
interface Interval {
  first: string;
  last: string;
  owner?: string | null;
  releasedAt?: string | null;
  until?: string | null;
}

/** What counts as free beside what is free: nothing, what has rested its time, or all that rests. */
export type Reach = 'free' | 'due' | 'early';

/** Up to n positions of a space. With `wait` false only what can be had at once. */
export async function takeCount(
  unit: Unit,
  space: string,
  count: number,
  policy: NonNullable<CountNeed['terms']>['policy'] | undefined,
  reach: Reach,
  wait: boolean,
): Promise<Taken[]> {
  const rows =
    reach !== 'free'
      ? await unit.query<Interval>(TAKE_RESTED_POSITIONS, [space, count, reach === 'early', wait])
      : await unit.query<Interval>(policy === 'random' ? TAKE_RANDOM_POSITIONS : TAKE_POSITIONS, [space, count, wait]);
  return rows.flatMap((row) => positionsOf(space, row));
}

/** n positions in a row, the first a multiple of `align`; or none. */
export async function takeBlock(
  unit: Unit,
  space: string,
  count: number,
  align: number,
  reach: Reach,
  wait: boolean,
): Promise<Taken[]> {
  const parameters = [space, count, align, reach !== 'free', reach === 'early', wait];
  return (await unit.query<Interval>(TAKE_BLOCK, parameters)).flatMap((row) => positionsOf(space, row));
}

/** What became of a position that was asked for. */
export interface Found extends Taken {
  taken: boolean;
  /** Nobody has more right to it than anybody else. */
  due: boolean;
  ends: Date | null;
}

/** Takes what may be had of given positions; those that are held are not in the answer. Waits for their chunks. */
export async function takeThese(
  unit: Unit,
  space: string,
  needs: readonly PositionsNeed[],
): Promise<Map<bigint, Found>> {
  const rows = await unit.query<
    { position: string; taken: boolean; due: boolean; ends: Date | null } & Pick<
      Interval,
      'owner' | 'releasedAt' | 'until'
    >
  >(TAKE_THESE_POSITIONS, [
    space,
    needs.flatMap(({ positions }) => positions.map(String)),
    needs.flatMap(({ positions, owner }) => positions.map(() => owner ?? null)),
  ]);
  return new Map(
    rows.map(({ position: text, taken, due, ends, ...row }) => {
      const position = BigInt(text);
      return [position, { space, position, taken, due, ends, ...restOf(row) }];
    }),
  );
}

/** Undoes a taking: what was free is free again, what rested goes on resting. */
export async function putBack(unit: Unit, taken: readonly Taken[]): Promise<void> {
  for (const [space, items] of bySpace(taken)) {
    const free = items.filter(({ rest }) => rest === undefined);
    const resting = items.flatMap(({ position, rest }) => (rest === undefined ? [] : [{ position, ...rest }]));
    if (free.length > 0) await unit.query(GIVE_POSITIONS, [space, free.map(({ position }) => String(position))]);
    if (resting.length > 0) {
      await unit.query(REST_AGAIN, [
        space,
        resting.map(({ position }) => String(position)),
        resting.map(({ owner }) => owner),
        resting.map(({ releasedAt }) => releasedAt),
        resting.map(({ until }) => until),
      ]);
    }
  }
}

/** The spaces in which something rests, that with the oldest first, and what there is still to wait for. */
export async function restingIn(
  unit: Unit,
  spaces: readonly string[],
): Promise<{ spaces: string[]; resting: Resting | undefined }> {
  const rows = await unit.query<{ space: string; count: number; until: Date | null }>(RESTING_IN, [spaces]);
  const waits = rows.flatMap(({ count, until }) => (until === null ? [] : [{ count, until }]));
  const resting = waits.reduce<Resting | undefined>(
    (all, { count, until }) =>
      all === undefined
        ? { count, until }
        : { count: Math.min(1000, all.count + count), until: until < all.until ? until : all.until },
    undefined,
  );
  return { spaces: rows.map(({ space }) => space), resting };
}

function positionsOf(space: string, row: Interval): Taken[] {
  const first = BigInt(row.first);
  const rest = restOf(row);
  return Array.from({ length: Number(BigInt(row.last) - first) + 1 }, (_, n) => ({
    space,
    position: first + BigInt(n),
    ...rest,
  }));
}

function restOf({ owner, releasedAt, until }: Partial<Interval>): { rest?: Rest } {
  return owner == null || releasedAt == null || until == null ? {} : { rest: { owner, releasedAt, until } };
}
