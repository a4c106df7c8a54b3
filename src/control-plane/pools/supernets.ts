import { compareAddresses, formatAddress, storedAddress } from '../../ip/address.js';
import { checkedCidr, formatCidr, type Cidr } from '../../ip/cidr.js';
import { overlaps } from '../../ip/range.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';
import type { Unit } from '../events/unit-of-work.js';
import type { PoolEntity } from './pool.entity.js';
import { OUTSIDE_SUPERNETS } from './pool.queries.js';

/** The networks that a body names, canonical, in the order given; a problem when two of them overlap. */
export function writtenSupernets(texts: readonly string[]): string[] {
  const networks = texts.map(checkedCidr);
  const ordered = networks.map((network, index) => ({ network, index })).sort((a, b) => inOrder(a.network, b.network));
  for (const [n, { network, index }] of ordered.entries()) {
    const before = ordered[n - 1];
    if (before !== undefined && overlaps(before.network, network)) {
      throw invalidField(`supernets.${index}`, `must not overlap ${formatCidr(before.network)}, another of them`);
    }
  }
  return networks.map(formatCidr);
}

/** Of networks that do not overlap; where some do, two neighbours do. */
const inOrder = (a: Cidr, b: Cidr): number =>
  compareAddresses({ family: a.family, value: a.first }, { family: b.family, value: b.first });

/**
 * Refuses other supernets than before that leave out a subnet of the pool. The pool's row is locked FOR UPDATE: no subnet
 * comes or moves before we are done.
 */
export async function requireAllWithin(
  unit: Unit,
  { id: poolId, supernets: before }: PoolEntity,
  supernets: readonly string[],
): Promise<void> {
  if (before.join() === supernets.join()) return;
  const [subnet] = await unit.query<{ first: string; last: string }>(OUTSIDE_SUPERNETS, [poolId, supernets]);
  if (subnet === undefined) return;
  const [first, last] = [formatAddress(storedAddress(subnet.first)), formatAddress(storedAddress(subnet.last))];
  throw new Problem(
    'range-in-use',
    `The subnet ${first} to ${last} of the pool would lie outside of its supernets. Delete it first, or keep its supernet.`,
  );
}
