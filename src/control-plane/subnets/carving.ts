import { bitsOf, storedAddress, type Family } from '../../ip/address.js';
import { networkOf, rangeOfCidr } from '../../ip/cidr.js';
import type { AddressRange } from '../../ip/range.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';
import type { Unit } from '../events/unit-of-work.js';
import type { PoolEntity } from '../pools/pool.entity.js';
import { FIT_BLOCK, LARGEST_BLOCK } from './carving.queries.js';
import type { WantedNetwork } from './subnet-range.js';

/**
 * The next free network of a length in a pool's supernets: the lowest in the smallest free block where it fits, so that
 * large blocks stay whole. The caller has locked the pool's row (FOR NO KEY UPDATE): carvers of one pool take turns there,
 * in this process and in all others, so two never find the same. `subnet_overlap` stands behind it.
 */
export async function carve(
  unit: Unit,
  pool: PoolEntity,
  { prefixLength, family }: WantedNetwork,
): Promise<AddressRange> {
  const wanted = familyOf(pool, prefixLength, family);
  const bits = bitsOf(wanted);
  if (prefixLength > bits) throw invalidField('prefixLength', `must be at most ${bits} for IPv${wanted}`);
  const [block] = await unit.query<{ first: string }>(FIT_BLOCK, [pool.id, wanted, prefixLength]);
  if (block === undefined) throw await exhausted(unit, pool.id, wanted, prefixLength);
  return rangeOfCidr(networkOf(storedAddress(block.first), prefixLength));
}

/** The family asked for, or the only one that the pool has supernets of. */
function familyOf({ supernets }: PoolEntity, prefixLength: number, asked: Family | undefined): Family {
  const families = new Set(supernets.map((text) => storedAddress(text.replace(/\/.*/, '')).family));
  if (families.size === 0) {
    throw invalidField('prefixLength', 'needs a pool that has supernets; of this one, give cidr, or start and end');
  }
  const [only] = families;
  const family = asked ?? (families.size === 1 ? only : prefixLength > bitsOf(4) ? 6 : undefined);
  if (family === undefined) throw invalidField('family', 'must be given: the pool has supernets of IPv4 and of IPv6');
  if (!families.has(family)) throw invalidField('family', `must not be ${family}: the pool has no such supernet`);
  return family;
}

async function exhausted(unit: Unit, poolId: string, family: Family, prefixLength: number): Promise<Problem> {
  const [largest] = await unit.query<{ length: number }>(LARGEST_BLOCK, [poolId, family]);
  const rest = largest === undefined ? 'nothing of them is free' : `the largest free block is a /${largest.length}`;
  return new Problem(
    'pool-exhausted',
    `The IPv${family} supernets of the pool have no free /${prefixLength}: ${rest}.`,
  );
}
