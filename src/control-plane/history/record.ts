import type { Unit } from '../events/unit-of-work.js';
import type { Described } from '../resource/change.js';
import {
  BEFORE_ALL,
  LOCK_LEASES,
  RECORD_CHANGE,
  RECORD_LEASES,
  RECORD_LEASES_OF_SUBNET,
  RECORD_MAP_CHANGE,
  RECORD_MAPS,
  SUBNETS_OF,
} from './record.queries.js';

/** Leases that one statement records. */
const PIECE = 20_000;

/** The end of a lease: who ended it (null: time did) and why. */
export interface LeaseEnd {
  lease: string;
  by: string | null;
  reason: string | null;
}

/** Writes the past of leases that are about to be deleted and are locked: one statement, which nobody waits for. */
export function recordLeases(unit: Unit, ends: readonly LeaseEnd[]): void {
  unit.write(RECORD_LEASES, [ends.map((end) => end.lease), ends.map((end) => end.by), ends.map((end) => end.reason)]);
}

/** The same for all leases below a pool or a subnet that is about to be deleted; its spaces and its row are locked. */
export async function recordLeasesBelow(
  unit: Unit,
  noun: 'pool' | 'subnet',
  id: string,
  by: string,
  reason: string,
): Promise<void> {
  for (const subnet of await unit.query<{ id: string }>(SUBNETS_OF[noun], [id])) {
    let after: string | null = BEFORE_ALL;
    while (after !== null) {
      const [piece]: { last: string | null }[] = await unit.query(RECORD_LEASES_OF_SUBNET, [
        subnet.id,
        after,
        by,
        reason,
        PIECE,
      ]);
      after = piece?.last ?? null;
    }
  }
}

/** Before the description of a lease, or of a reservation (and so of its leases), changes: the row is locked. */
export function recordChange(
  unit: Unit,
  noun: 'lease' | 'reservation',
  id: string,
  by: string,
  before: Described,
  after: Described,
): void {
  if (same(before, after)) return;
  if (noun === 'reservation') unit.write(LOCK_LEASES, [id]);
  unit.write(RECORD_CHANGE[noun], [id, by, `${noun} changed`]);
}

/** Before maps that are being removed are forgotten: their rows are locked. */
export function recordMaps(unit: Unit, ids: readonly string[]): void {
  unit.write(RECORD_MAPS, [ids]);
}

/** Before the description of a port map changes: the row is locked. */
export function recordMapChange(unit: Unit, id: string, by: string, before: Described, after: Described): void {
  if (!same(before, after)) unit.write(RECORD_MAP_CHANGE, [id, by, 'port map changed']);
}

/** What is left as it was makes no new segment. */
const same = (one: Described, other: Described): boolean =>
  one.name === other.name &&
  one.metadata.text === other.metadata.text &&
  one.tags.length === other.tags.length &&
  one.tags.every((tag, index) => tag === other.tags[index]);
