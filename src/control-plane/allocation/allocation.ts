import { Injectable } from '@nestjs/common';
import type { Unit } from '../events/unit-of-work.js';
import {
  ADD_POSITIONS,
  COUNT_FREE,
  CREATE_SPACE,
  GIVE_POSITIONS,
  LOCK_POSITIONS,
  LOCK_SPACES,
  REMOVE_POSITIONS,
  TAKE_EXACT_POSITIONS,
  TAKE_POSITIONS,
} from './allocation.queries.js';

/** What a claim needs of one kind of space: n positions of one of the spaces, or exactly these of one. */
export type Need =
  { spaces: readonly string[]; count: number } | { spaces: readonly [string]; positions: readonly bigint[] };

/** All needs of a claim are met, or none. */
export type Claim = readonly Need[];

export interface Taken {
  space: string;
  position: bigint;
}

export type Outcome =
  | { granted: true; taken: Taken[][] }
  /** Which need could not be met, and why: a given position is held (or does not exist), or too few are left. */
  | { granted: false; need: number; reason: 'exhausted' | 'taken' };

/** Thrown inside a transaction when too little was free at once: run it again, waiting for others' locks. */
export class Contended extends Error {}

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
    const outcomes: Outcome[] = claims.map((claim) => ({ granted: true, taken: claim.map(() => []) }));
    if (wait) await this.lock(unit, [...new Set(claims.flatMap((claim) => claim.flatMap((need) => [...need.spaces])))]);
    await this.claimExact(unit, claims, outcomes);
    for (let index = 0; index < Math.max(0, ...claims.map((claim) => claim.length)); index++) {
      for (const group of groupBySpaces(claims, index, outcomes)) {
        await this.claimGroup(unit, group, index, outcomes, wait);
      }
    }
    return outcomes;
  }

  /** All needs for given positions, space by space. */
  private async claimExact(unit: Unit, claims: readonly Claim[], outcomes: Outcome[]): Promise<void> {
    const wanted = new Map<string, { claim: number; index: number; positions: readonly bigint[] }[]>();
    for (const [number, claim] of claims.entries()) {
      for (const [index, need] of claim.entries()) {
        if (!('positions' in need) || need.positions.length === 0) continue;
        const [space] = need.spaces;
        wanted.set(space, [...(wanted.get(space) ?? []), { claim: number, index, positions: need.positions }]);
      }
    }
    for (const [space, requests] of [...wanted].sort(([a], [b]) => compareSpaces(a, b))) {
      const positions = requests.flatMap((request) => request.positions.map(String));
      const rows = await unit.query<{ position: string }>(TAKE_EXACT_POSITIONS, [space, positions]);
      const got = new Set(rows.map((row) => row.position));
      for (const request of requests) {
        const texts = request.positions.map(String);
        const outcome = outcomes[request.claim];
        if (outcome?.granted !== true) continue;
        if (texts.every((text) => got.has(text))) {
          for (const text of texts) got.delete(text); // a second claim of the batch for the same position fails
          outcome.taken[request.index] = request.positions.map((position) => ({ space, position }));
        } else {
          await this.refuse(unit, outcomes, request.claim, request.index, 'taken');
        }
      }
      await this.give(
        unit,
        [...got].map((text) => ({ space, position: BigInt(text) })),
      );
    }
  }

  /** All needs for n positions of the same spaces: taken in one go, handed out in order. */
  private async claimGroup(unit: Unit, group: Group, index: number, outcomes: Outcome[], wait: boolean): Promise<void> {
    let missing = group.requests.reduce((sum, request) => sum + request.count, 0);
    const open = [...group.requests];
    for (const space of group.spaces) {
      if (open.length === 0) break;
      const rows = await unit.query<{ first: string; last: string }>(TAKE_POSITIONS, [space, missing, wait]);
      const free = rows.flatMap((row) => positionsOf(BigInt(row.first), BigInt(row.last)));
      // A request is met from one space; what is too much for the rest of one goes to the next request that fits.
      for (let n = 0; n < open.length;) {
        const request = open[n];
        if (request === undefined || request.count > free.length) {
          n++;
          continue;
        }
        const outcome = outcomes[request.claim];
        if (outcome?.granted === true) {
          outcome.taken[index] = free.splice(0, request.count).map((position) => ({ space, position }));
        }
        missing -= request.count;
        open.splice(n, 1);
      }
      await this.give(
        unit,
        free.map((position) => ({ space, position })),
      );
    }
    if (open.length > 0 && !wait) throw new Contended();
    for (const request of open) await this.refuse(unit, outcomes, request.claim, index, 'exhausted');
  }

  /** Marks a claim as not granted and gives back what its earlier needs had got. */
  private async refuse(
    unit: Unit,
    outcomes: Outcome[],
    claim: number,
    need: number,
    reason: 'exhausted' | 'taken',
  ): Promise<void> {
    const outcome = outcomes[claim];
    if (outcome?.granted === true) await this.give(unit, outcome.taken.flat());
    outcomes[claim] = { granted: false, need, reason };
  }

  /** Makes positions free again. Whatever held them must be deleted in the same transaction. */
  async give(unit: Unit, taken: readonly Taken[]): Promise<void> {
    const bySpace = new Map<string, string[]>();
    for (const { space, position } of taken) {
      bySpace.set(space, [...(bySpace.get(space) ?? []), String(position)]);
    }
    for (const [space, positions] of [...bySpace].sort(([a], [b]) => compareSpaces(a, b))) {
      await unit.query(GIVE_POSITIONS, [space, positions]);
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

interface Group {
  spaces: readonly string[];
  requests: { claim: number; count: number }[];
}

function groupBySpaces(claims: readonly Claim[], index: number, outcomes: readonly Outcome[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [number, claim] of claims.entries()) {
    const need = claim[index];
    if (need === undefined || !('count' in need) || need.count === 0 || outcomes[number]?.granted !== true) continue;
    const spaces = [...need.spaces].sort(compareSpaces);
    const key = spaces.join();
    const group = groups.get(key) ?? { spaces, requests: [] };
    group.requests.push({ claim: number, count: need.count });
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => compareSpaces(a.spaces[0] ?? '', b.spaces[0] ?? ''));
}

/** Space ids are bigints as text. */
function compareSpaces(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

function positionsOf(first: bigint, last: bigint): bigint[] {
  return Array.from({ length: Number(last - first) + 1 }, (_, n) => first + BigInt(n));
}
