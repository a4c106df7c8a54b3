import { createHash } from 'node:crypto';
import type { DesiredMap, DesiredState, Protocol, RemovedMap } from '../../contract/desired-state.js';
import type { Family } from '../../ip/address.js';

/**
 * A desired state arranged by bucket, so that one changed map costs its bucket and not the 50,000 others. Plain values:
 * `advance` makes a new one that shares every bucket it does not change.
 */

/**
 * Name of the part of the kernel's state in which a map lives: the unit of reading, comparing and repairing. A backend
 * chooses its own (a chain, a map of a table); every map lives in exactly one.
 */
export type Bucket = string;
export type BucketOf = (protocol: Protocol, connectionPort: number) => Bucket;

export interface Desired {
  readonly gateway: DesiredState['gateway'];
  readonly family: Family;
  readonly generation: number;
  readonly removing: readonly RemovedMap[];
  /** Only buckets that hold a map. */
  readonly buckets: ReadonlyMap<Bucket, readonly DesiredMap[]>;
  readonly size: number;
  /**
   * 16 hex digits over everything wanted, whatever its order: two equal digests need no write. The sum of the rule ids,
   * each a hash already, so that a change costs one addition; guards against mistakes, not against attackers.
   */
  readonly digest: string;
}

/** From one desired state to a later one. A map whose rule changed is in both lists, under the same id. */
export interface DesiredChange {
  readonly gateway: DesiredState['gateway'];
  readonly generation: number;
  readonly removing: readonly RemovedMap[];
  readonly adds: readonly DesiredMap[];
  readonly removes: readonly DesiredMap[];
}

const MASK = (1n << 64n) - 1n;
const idValue = ({ ruleId }: DesiredMap): bigint => BigInt(`0x${ruleId.slice(-16)}`);
const hex = (value: bigint): string => (value & MASK).toString(16).padStart(16, '0');

/** What of the gateway itself goes into the rules. */
function gatewayValue({ externalAddress, networks }: DesiredState['gateway']): bigint {
  const family = externalAddress.includes(':') ? 6 : 4;
  const hash = createHash('sha256').update(JSON.stringify([family, [...networks].sort()]));
  return BigInt(`0x${hash.digest('hex').slice(0, 16)}`);
}

export const familyOf = (gateway: DesiredState['gateway']): Family => (gateway.externalAddress.includes(':') ? 6 : 4);

export function desiredOf(state: DesiredState, bucketOf: BucketOf): Desired {
  const buckets = new Map<Bucket, DesiredMap[]>();
  let sum = gatewayValue(state.gateway);
  for (const map of state.maps) {
    const bucket = bucketOf(map.protocol, map.connectionPort);
    const maps = buckets.get(bucket);
    if (maps === undefined) buckets.set(bucket, [map]);
    else maps.push(map);
    sum += idValue(map);
  }
  const { gateway, generation, removing } = state;
  return {
    gateway,
    family: familyOf(gateway),
    generation,
    removing,
    buckets,
    size: state.maps.length,
    digest: hex(sum),
  };
}

export function* mapsOf(desired: Desired): Generator<DesiredMap> {
  for (const maps of desired.buckets.values()) yield* maps;
}

/** What leads from `before` to `state`. O(maps): some milliseconds for 50,000. */
export function changeTo(before: Desired, state: DesiredState): DesiredChange {
  const known = new Map<string, DesiredMap>();
  for (const map of mapsOf(before)) known.set(map.id, map);
  const adds: DesiredMap[] = [];
  for (const map of state.maps) {
    if (known.get(map.id)?.ruleId === map.ruleId) known.delete(map.id);
    else adds.push(map);
  }
  const { gateway, generation, removing } = state;
  return { gateway, generation, removing, adds, removes: [...known.values()] };
}

/** The desired state after a change. O(changed maps and their buckets). */
export function advance(before: Desired, change: DesiredChange, bucketOf: BucketOf): Desired {
  const buckets = new Map(before.buckets);
  let sum = BigInt(`0x${before.digest}`) - gatewayValue(before.gateway) + gatewayValue(change.gateway);
  const removedIds = new Set(change.removes.map((map) => map.id));
  for (const map of change.removes) {
    const bucket = bucketOf(map.protocol, map.connectionPort);
    const left = (buckets.get(bucket) ?? []).filter(({ id }) => !removedIds.has(id));
    if (left.length === 0) buckets.delete(bucket);
    else buckets.set(bucket, left);
    sum -= idValue(map);
  }
  for (const map of change.adds) {
    const bucket = bucketOf(map.protocol, map.connectionPort);
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), map]);
    sum += idValue(map);
  }
  const { gateway, generation, removing } = change;
  const size = before.size + change.adds.length - change.removes.length;
  return { gateway, family: familyOf(gateway), generation, removing, buckets, size, digest: hex(sum + MASK + 1n) };
}

export function touchedBuckets(change: DesiredChange, bucketOf: BucketOf): Set<Bucket> {
  return new Set([...change.adds, ...change.removes].map((map) => bucketOf(map.protocol, map.connectionPort)));
}
