import type { Allocation } from '../allocation/allocation.js';
import type { SpaceExtent } from '../allocation/extent.js';
import { SET_TRACE } from '../events/cascade.queries.js';
import type { Unit } from '../events/unit-of-work.js';
import type { Exclusions } from '../subnets/exclusions.js';
import { positionsOf, storedShape } from '../subnets/subnet-shape.js';
import {
  GONE_SUBNETS,
  INSERT_LEASES,
  INSERT_POOLS,
  INSERT_RESERVATIONS,
  INSERT_SUBNETS,
  NEXT_SUBNETS,
  POSITIONS_OF_PIECE,
  SET_SPACES,
  SPACES_TO_LOCK,
  TARGET_NEW_SPACES,
  TELL,
  TELL_MISSED,
} from './apply.queries.js';
import type { Noun } from './columns.js';
import type { Staging } from './staging.js';

/** Rows that one statement writes: each statement stays far below its time limit, and its progress can be told. */
const PIECE = 10_000;
const SUBNETS = 500;

export interface Tools {
  unit: Unit;
  staging: Staging;
  allocation: Allocation;
  extent: SpaceExtent;
  /** Only look: nothing is told. */
  dryRun: boolean;
  /** Called between pieces; throws when nobody waits for the outcome any more. */
  step: (noun: Noun, done: number) => void;
}

/**
 * Applies what was staged and found good. Chunks of spaces are locked before any row is written, in one statement (space,
 * chunk): whoever waits for a row of ours waits behind those, as everywhere. New spaces are seen by nobody else.
 *
 * Addresses are taken also when something was bad, so that each line that asks for one that is not free is told; the
 * transaction is rolled back then.
 */
export async function apply(tools: Tools): Promise<void> {
  const { unit, staging, allocation, dryRun } = tools;
  const spaces = await unit.query<{ space: string }>(SPACES_TO_LOCK);
  if (spaces.length > 0) {
    await allocation.lock(
      unit,
      spaces.map(({ space }) => space),
    );
  }
  await unit.query(GONE_SUBNETS);
  const now = new Date();
  const good = (await staging.badLines()) === 0;
  if (good) {
    await unit.query(INSERT_POOLS, [now]);
    await makeSubnets(tools, now);
    if (!dryRun) await each(tools, 'reservation', PIECE, (range) => unit.query(INSERT_RESERVATIONS, [...range, now]));
  }
  let writing = good && !dryRun;
  await each(tools, 'lease', PIECE, async (range) => {
    if ((await takePiece(tools, range)) > 0) writing = false;
    if (writing) await unit.query(INSERT_LEASES, [...range, now]);
  });
  if (!writing) return;
  if (unit.traceparent !== undefined) unit.write(SET_TRACE, [unit.traceparent]);
  const { lease, reservation } = staging.counts;
  const leasesEach = Math.ceil(lease / Math.max(1, reservation));
  await each(tools, 'pool', PIECE, ([after, to]) => unit.query(TELL.pool, [after, unit.actor, to]));
  await each(tools, 'subnet', PIECE, ([after, to]) => unit.query(TELL.subnet, [after, unit.actor, to]));
  const piece = Math.ceil(PIECE / (1 + leasesEach));
  await each(tools, 'reservation', piece, ([after, to]) => unit.query(TELL.reservation, [after, unit.actor, to]));
  await each(tools, 'lease', PIECE, ([after, to]) => unit.query(TELL.lease, [after, unit.actor, to]));
}

/** Numbers of staged rows: after the first, to the second. */
type Range = [after: number, to: number];

async function each(
  { staging, step }: Tools,
  noun: Noun,
  size: number,
  work: (range: Range) => Promise<unknown>,
): Promise<void> {
  const count = staging.counts[noun];
  for (let after = 0; after < count; after += size) {
    step(noun, after);
    await work([after, Math.min(after + size, count)]);
  }
}

interface SubnetRow {
  n: number;
  first: string;
  last: string;
  /** JSON text. */
  exclusions: string;
  gatewayAddress: string | null;
}

async function makeSubnets({ unit, extent, staging, step }: Tools, now: Date): Promise<void> {
  for (let after = 0; after < staging.counts.subnet; after += SUBNETS) {
    step('subnet', after);
    const rows = await unit.query<SubnetRow>(NEXT_SUBNETS, [after, SUBNETS]);
    const spaces = await Promise.all(
      rows.map(({ exclusions, ...row }) =>
        extent.create(unit, positionsOf(storedShape({ ...row, exclusions: JSON.parse(exclusions) as Exclusions }))),
      ),
    );
    await unit.query(SET_SPACES, [rows.map(({ n }) => n), spaces]);
    await unit.query(INSERT_SUBNETS, [after, after + SUBNETS, now]);
  }
  await unit.query(TARGET_NEW_SPACES);
}

/** Takes the addresses of a piece of leases; answers with how many could not be had. */
async function takePiece({ unit, allocation }: Tools, range: Range): Promise<number> {
  const wanted = await unit.query<{ space: string; positions: string[]; owners: string[] }>(POSITIONS_OF_PIECE, range);
  let missed = 0;
  for (const { space, positions, owners } of wanted) {
    const rest = await allocation.takeMany(unit, space, positions, owners);
    if (rest.length > 0) await unit.query(TELL_MISSED, [...range, space, rest]);
    missed += rest.length;
  }
  return missed;
}
