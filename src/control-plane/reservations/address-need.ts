import { bitsOf, formatAddress, parseAddress, type Family } from '../../ip/address.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';
import type { Refusal } from '../allocation/claims.js';
import { Contended, type Need, type Resting } from '../allocation/need.js';
import { refuseExcluded } from '../subnets/excluded-address.js';
import { MAX_COUNT, type NewReservation } from './reservation.dto.js';
import type { Target, TargetSubnet } from './reservation-writer.js';

/** Which addresses are asked for. */
export interface Asked {
  count: number;
  /** Exactly these... */
  addresses?: readonly string[];
  /** ...or others in place of those that cannot be had. */
  orOthers?: boolean;
  /** All in a row, the first of them a multiple of this. */
  align?: number;
  /** Only of subnets of this family; a prefix length says which. */
  family?: Family;
}

type Wanted = Pick<NewReservation, 'count' | 'addresses' | 'otherwise' | 'contiguous' | 'align' | 'prefixLength'>;

/** What a body asks for; a problem that names the field when it contradicts itself. */
export function askedOf({ count, addresses, otherwise, contiguous, align, prefixLength }: Wanted): Asked {
  const block = { contiguous: contiguous === true || undefined, align, prefixLength };
  if (addresses !== undefined) {
    for (const [field, value] of Object.entries(block)) {
      if (value !== undefined) throw invalidField(field, 'does not go with addresses');
    }
    if (count !== undefined && count !== addresses.length) {
      throw invalidField('count', 'must be left out, or be the number of addresses');
    }
    return { count: addresses.length, addresses, orOthers: otherwise === 'next' };
  }
  if (otherwise !== undefined) throw invalidField('otherwise', 'needs addresses');
  if (contiguous === false && (align ?? prefixLength) !== undefined) {
    throw invalidField('contiguous', 'cannot be false for a block: leave it out, or align and prefixLength');
  }
  if (prefixLength !== undefined) {
    if (align !== undefined) throw invalidField('align', 'does not go with prefixLength, which says it already');
    const { size, family } = blockOf(prefixLength);
    if (count !== undefined && count !== size) {
      throw invalidField('count', `must be left out, or be ${size}: that many addresses has a /${prefixLength}`);
    }
    return { count: size, align: size, family };
  }
  if (align !== undefined && !Number.isInteger(Math.log2(align))) throw invalidField('align', 'must be a power of two');
  const step = align ?? (contiguous === true ? 1 : undefined);
  return { count: count ?? 1, ...(step !== undefined && { align: step }) };
}

/** Size and family of a prefix length: short ones are of IPv4, and none has more addresses than a reservation can hold. */
function blockOf(prefixLength: number): { size: number; family: Family } {
  const most = Math.log2(MAX_COUNT);
  for (const family of [4, 6] as const) {
    const hostBits = bitsOf(family) - prefixLength;
    if (hostBits >= 0 && hostBits <= most) return { size: 2 ** hostBits, family };
  }
  throw invalidField(
    'prefixLength',
    `must be ${32 - most} to 32 for IPv4 or ${128 - most} to 128 for IPv6: at most ${MAX_COUNT} addresses`,
  );
}

/** What a request needs of its target. Given addresses must lie in the subnet: 422 that names the field. */
export function addressNeed(subnets: readonly TargetSubnet[], asked: Asked, owner: string, wait: boolean): Need {
  const { count, align, family } = asked;
  if (asked.addresses === undefined) {
    const fit = family === undefined ? subnets : subnets.filter((subnet) => subnet.family === family);
    // Without waiting, full subnets of a pool are not among them: look at all of them before saying that there is none.
    if (fit.length === 0 && subnets.length > 0 && !wait) throw new Contended();
    if (fit.length === 0 && subnets.length > 0) {
      throw invalidField('prefixLength', `is one of IPv${family ?? ''}, of which there is no subnet to take it of`);
    }
    return {
      spaces: fit.map((subnet) => subnet.spaceId),
      count,
      ...termsOf(fit),
      ...(align !== undefined && { align }),
    };
  }
  const parsed = asked.addresses.map((text) => parseAddress(text));
  const subnet = subnets.find(({ family, first, last }) => {
    const [from, to] = [parseAddress(first), parseAddress(last)];
    return parsed.every(
      (address) =>
        address?.family === family &&
        from !== undefined &&
        to !== undefined &&
        from.value <= address.value &&
        address.value <= to.value,
    );
  });
  if (subnet === undefined && !wait) throw new Contended();
  if (subnet === undefined) throw invalidField('addresses', 'must all lie in one subnet of the pool or subnet asked');
  const positions = [...new Set(parsed.map((address) => address?.value ?? 0n))];
  if (positions.length < asked.addresses.length) throw invalidField('addresses', 'must not name an address twice');
  const orOthers = asked.orOthers === true;
  if (!orOthers) refuseExcluded(subnet, positions);
  return { spaces: [subnet.spaceId], positions, owner, orOthers, ...termsOf([subnet]) };
}

/** All subnets of a target are of one pool. */
function termsOf([subnet]: readonly TargetSubnet[]): Pick<Need, 'terms'> {
  return subnet === undefined ? {} : { terms: { policy: subnet.policy, reuseEarly: subnet.reuseEarly } };
}

/** The problem of a need that was not met. */
export function addressProblem(
  target: Target,
  subnets: readonly TargetSubnet[],
  { count, align, addresses }: Asked,
  { reason, resting }: Pick<Refusal, 'reason' | 'resting'>,
): Problem {
  if (reason === 'taken') return inUse(subnets, resting);
  const row = align === undefined ? '' : ' in a row';
  const aligned = align !== undefined && align > 1 ? `, beginning at a multiple of ${align},` : '';
  const what = count === 1 ? `No address${aligned} is` : `Not all of ${count} addresses${row}${aligned} are`;
  const rest =
    resting === undefined
      ? ''
      : ` ${resting.count === 1 ? 'One rests' : `${resting.count < 1000 ? '' : 'At least '}${resting.count} rest`}` +
        ` after a release, the first until ${resting.until.toISOString()}.`;
  return target.noun === 'subnet' || addresses !== undefined
    ? new Problem('subnet-exhausted', `${what} free in the subnet.${rest}`)
    : new Problem('pool-exhausted', `${what} free in any one subnet of the pool.${rest}`);
}

function inUse(subnets: readonly TargetSubnet[], resting: Resting | undefined): Problem {
  const family = subnets[0]?.family;
  if (resting?.position === undefined || family === undefined) {
    return new Problem('address-in-use', 'An address asked for is held, or rests after a release.');
  }
  const address = formatAddress({ family, value: resting.position });
  return new Problem(
    'address-in-use',
    `${address} rests after its release until ${resting.until.toISOString()}; only its last owner may have it before.`,
  );
}
