import { bitsOf, formatAddress, isMapped, maxOf, parseLiteral, type Address, type Family } from './address.js';
import type { AddressRange } from './range.js';

/** A network: a range that is an aligned power of two, with its prefix length. */
export interface Cidr extends AddressRange {
  /** 0 ... 32 for IPv4, 0 ... 128 for IPv6. */
  length: number;
}

/** The network of this length that the address lies in (RFC 4632). The length must be one of the family. */
export function networkOf({ family, value }: Address, length: number): Cidr {
  const bits = bitsOf(family);
  if (!Number.isInteger(length) || length < 0 || length > bits) {
    throw new RangeError(`an IPv${family} prefix length is 0 to ${bits}, not ${length}`);
  }
  const hostBits = BigInt(bits - length);
  const first = (value >> hostBits) << hostBits;
  return { family, first, last: first + (1n << hostBits) - 1n, length };
}

const CIDR = /^([^/]+)\/(0|[1-9]\d{0,2})$/;
/** Bits of an IPv4-mapped IPv6 address before its IPv4 address (RFC 4291 section 2.5.5.2). */
const MAPPED_BITS = 96;

/**
 * Parses `address/length`; the address must be the network's own (no host bits set). Undefined for anything else.
 * As with addresses, an IPv4-mapped network is the IPv4 network: `::ffff:10.0.0.0/104` is 10.0.0.0/8.
 */
export function parseCidr(text: string): Cidr | undefined {
  const [, written, digits] = CIDR.exec(text) ?? [];
  if (written === undefined || digits === undefined) return undefined;
  // Taken as written: the length of a mapped network counts IPv6 bits.
  const address = parseLiteral(written);
  const length = Number(digits);
  if (address === undefined || length > bitsOf(address.family)) return undefined;
  const cidr = networkOf(address, length);
  if (cidr.first !== address.value) return undefined;
  return isMapped(address) ? networkOf({ family: 4, value: address.value & maxOf(4) }, length - MAPPED_BITS) : cidr;
}

/** As `parseCidr`, for text that has been checked before. */
export function checkedCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`not a network: ${text}`);
  return cidr;
}

/** Canonical text: `10.0.0.0/8`, `2001:db8::/32`. */
export const formatCidr = ({ family, first, length }: Cidr): string =>
  `${formatAddress({ family, value: first })}/${length}`;

/** Checked text in its canonical form. */
export const canonicalCidr = (text: string): string => formatCidr(checkedCidr(text));

/** The addresses of a network, without its length. */
export const rangeOfCidr = ({ family, first, last }: Cidr): AddressRange => ({ family, first, last });

/**
 * The fewest networks that together are exactly this range, in order: at most 62 for IPv4, 254 for IPv6. From its first
 * address on, each is the largest that is aligned there and still fits.
 */
export function cidrsOfRange({ family, first, last }: AddressRange): Cidr[] {
  const cidrs: Cidr[] = [];
  for (let next = first; next <= last;) {
    const cidr = largestAt(family, next, last);
    cidrs.push(cidr);
    next = cidr.last + 1n;
  }
  return cidrs;
}

/** The network that is exactly this range; undefined when the range is none. */
export function cidrOfRange({ family, first, last }: AddressRange): Cidr | undefined {
  const cidr = largestAt(family, first, last);
  return cidr.last === last ? cidr : undefined;
}

function largestAt(family: Family, first: bigint, last: bigint): Cidr {
  const bits = bitsOf(family);
  let hostBits = 0;
  while (hostBits < bits) {
    const size = 2n << BigInt(hostBits);
    if (first % size !== 0n || first + size - 1n > last) break;
    hostBits++;
  }
  return networkOf({ family, value: first }, bits - hostBits);
}

/**
 * The first network of this length that begins at the address or after it; undefined when there is none before the end
 * of the family. To find a free block: ask again from the end of what is in the way.
 */
export function nextAligned({ family, value }: Address, length: number): Cidr | undefined {
  const at = networkOf({ family, value }, length);
  if (at.first === value) return at;
  return at.last === maxOf(family) ? undefined : networkOf({ family, value: at.last + 1n }, length);
}
