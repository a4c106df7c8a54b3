import { bitsOf, maxOf, type Address, type Family } from './address.js';

/** The netmask of a prefix length: /20 -> 255.255.240.0. */
export function netmask(family: Family, length: number): Address {
  const hostBits = BigInt(bitsOf(family) - length);
  return { family, value: (maxOf(family) >> hostBits) << hostBits };
}

/** The opposite of the netmask, as access lists write it: /20 -> 0.0.15.255. */
export function hostmask(family: Family, length: number): Address {
  return { family, value: maxOf(family) ^ netmask(family, length).value };
}

/** The prefix length of a netmask; undefined when its ones are not all at the front. */
export function lengthOfNetmask({ family, value }: Address): number | undefined {
  const hosts = maxOf(family) ^ value;
  // ones at the end only: one more is a power of two
  if ((hosts & (hosts + 1n)) !== 0n) return undefined;
  return bitsOf(family) - (hosts === 0n ? 0 : hosts.toString(2).length);
}
