import { Injectable } from '@nestjs/common';
import type { Unit } from '../events/unit-of-work.js';
import {
  ADD_POSITIONS,
  BEGIN_REST,
  COUNT_FREE,
  CREATE_SPACE,
  GIVE_POSITIONS,
  LOCK_POSITIONS,
  LOCK_SPACES,
  REMOVE_POSITIONS,
  TAKE_SORTED,
} from './allocation.queries.js';
import { bySpace, type Claim, type Outcome, type Released, type Taken } from './need.js';
import { Round } from './round.js';

/**
 * The only code that takes space or gives it back. Everything happens in the caller's transaction, which also inserts
 * what holds the positions; unique constraints there are the last word.
 */
@Injectable()
export class Allocation {
  /** A new space with the positions first...last free. */
  async create(unit: Unit, first: bigint, last: bigint): Promise<string> {
    const [row] = await unit.query<{ id: string }>(CREATE_SPACE);
    if (row === undefined) throw new Error('space was not created');
    await unit.query(ADD_POSITIONS, [row.id, String(first), String(last)]);
    return row.id;
  }

  /**
   * Changes a space from the range `before` to `after` (they overlap, or nothing of the old one is held). False, with
   * the transaction to be rolled back, when a position that is not free would fall out.
   */
  async resize(unit: Unit, space: string, before: PositionRange, after: PositionRange): Promise<boolean> {
    for (const [first, last] of subtract(before, after)) {
      const [row] = await unit.query<{ removed: boolean }>(REMOVE_POSITIONS, [space, String(first), String(last)]);
      if (row?.removed !== true) return false;
    }
    for (const [first, last] of subtract(after, before)) {
      await unit.query(ADD_POSITIONS, [space, String(first), String(last)]);
    }
    return true;
  }

  /**
   * Grants each claim wholly or not at all; one that cannot be met does not fail its neighbours. Needs for given
   * positions go first, then those for any, in the order of the claims.
   *
   * Deadlock-free: what waits, waits in the order (space, chunk) and holds nothing behind it. With `wait` false only
   * given positions wait, before anything else is taken; where too little is free at once, Contended is thrown. With
   * `wait` true every chunk of every space concerned is locked first, so that "exhausted" is the truth.
   */
  async claim(unit: Unit, claims: readonly Claim[], wait: boolean): Promise<Outcome[]> {
    if (wait) await this.lock(unit, [...new Set(claims.flatMap((claim) => claim.flatMap((need) => [...need.spaces])))]);
    return new Round(unit, claims, wait).run();
  }

  /**
   * Takes exactly these positions of a space, for the owner that stands beside each, and answers with those that could not
   * be had. For thousands at a time: it waits for every chunk that it needs, so callers with several spaces lock them
   * first, in one call.
   */
  async takeMany(
    unit: Unit,
    space: string,
    positions: readonly string[],
    owners: readonly string[],
  ): Promise<string[]> {
    const rows = await unit.query<{ position: string }>(TAKE_SORTED, [space, positions, owners]);
    return rows.map(({ position }) => position);
  }

  /**
   * Makes positions free again, or lays them to rest first. Whatever held them must be deleted in the same transaction. Nobody
   * waits for the statements; that something was free already is an error of the commit.
   */
  give(unit: Unit, released: readonly Released[]): void {
    for (const [space, items] of bySpace(released)) {
      const free = items.filter(({ rest }) => rest === undefined).map(({ position }) => String(position));
      const resting = items.flatMap(({ position, rest }) => (rest === undefined ? [] : [{ position, ...rest }]));
      if (free.length > 0) unit.write(GIVE_POSITIONS, [space, free]);
      if (resting.length > 0) {
        unit.write(BEGIN_REST, [
          space,
          resting.map(({ position }) => String(position)),
          resting.map(({ owner }) => owner),
          resting.map(({ seconds }) => seconds),
        ]);
      }
    }
  }

  /** Locks spaces against every taker, before the rows that they belong to are deleted. */
  async lock(unit: Unit, spaces: readonly string[]): Promise<void> {
    await unit.query(LOCK_SPACES, [spaces]);
  }

  /**
   * Locks the chunks of positions that are about to be given back. To be done before any row that holds them is locked:
   * whoever deletes a subnet or a gateway has its chunks first and waits for those rows.
   */
  async lockPositions(unit: Unit, taken: readonly Taken[]): Promise<void> {
    if (taken.length === 0) return;
    await unit.query(LOCK_POSITIONS, [taken.map(({ space }) => space), taken.map(({ position }) => String(position))]);
  }

  async countFree(unit: Unit, space: string): Promise<bigint> {
    const [row] = await unit.query<{ free: string }>(COUNT_FREE, [space]);
    return BigInt(row?.free ?? 0);
  }
}

export type PositionRange = readonly [first: bigint, last: bigint];

/** What of `a` is not in `b`. */
export function subtract(a: PositionRange, b: PositionRange): PositionRange[] {
  if (a[1] < b[0] || b[1] < a[0]) return [a];
  const rest: PositionRange[] = [];
  if (a[0] < b[0]) rest.push([a[0], b[0] - 1n]);
  if (a[1] > b[1]) rest.push([b[1] + 1n, a[1]]);
  return rest;
}
