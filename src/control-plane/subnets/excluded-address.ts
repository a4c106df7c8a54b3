import { formatAddress, type Family } from '../../ip/address.js';
import { invalidField } from '../../platform/problem/problem.js';
import type { Exclusions } from './exclusions.js';
import { positionsOf, storedShape } from './subnet-shape.js';

/** A subnet as claims read it. */
interface ClaimedSubnet {
  family: Family;
  first: string;
  last: string;
  /** JSON text. */
  exclusions: string;
  gatewayAddress: string | null;
}

/** 422 that names the field when an address asked for is one that nobody gets. */
export function refuseExcluded({ exclusions, ...subnet }: ClaimedSubnet, addresses: readonly bigint[]): void {
  const given = positionsOf(storedShape({ ...subnet, exclusions: JSON.parse(exclusions) as Exclusions }));
  const value = addresses.find((one) => !given.some(([first, last]) => first <= one && one <= last));
  if (value === undefined) return;
  const address = formatAddress({ family: subnet.family, value });
  const why =
    address === subnet.gatewayAddress ? 'is the gateway address of the subnet' : 'is excluded from the subnet';
  throw invalidField('addresses', `${address} ${why}`);
}
