/**
 * Addresses as text and as numbers: pure, on bigint, no framework. Text in is strict, text out is canonical (RFC 5952 for
 * IPv6). Ranges are in range.ts, networks in cidr.ts.
 *
 * One rule for IPv4-mapped IPv6 addresses (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2): where people write one, they
 * mean that IPv4 address, and it is stored and answered as that. So the same machine never has two addresses here.
 */

export type Family = 4 | 6;

export interface Address {
  family: Family;
  /** 0 ... 2^32-1 for IPv4, 0 ... 2^128-1 for IPv6. */
  value: bigint;
}

/** Number of bits of an address of the family. */
export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** The highest value of the family. */
export const maxOf = (family: Family): bigint => (1n << BigInt(bitsOf(family))) - 1n;

const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

function parseIpv4Value(text: string): bigint | undefined {
  const match = IPV4.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return BigInt(value);
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes('.')) {
      const tail = parseIpv4Value(part);
      if (tail === undefined) return undefined;
      groups.push(Number(tail >> 16n), Number(tail & 0xffffn));
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

function parseIpv6Value(text: string): bigint | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '');
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (head === undefined || tail === undefined) return undefined;
  // An embedded IPv4 tail may only stand at the very end (RFC 4291 section 2.2).
  if (halves.length === 2 && (halves[0] ?? '').includes('.')) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail].reduce(
    (value, group) => (value << 16n) | BigInt(group),
    0n,
  );
}

/**
 * Parses dotted decimal IPv4 (no leading zeros) or IPv6 text (RFC 4291; no zone id, no prefix length), taking it as it is
 * written: `::ffff:192.0.2.1` stays an IPv6 address. Anything else: undefined.
 */
export function parseLiteral(text: string): Address | undefined {
  const family = text.includes(':') ? 6 : 4;
  const value = family === 6 ? parseIpv6Value(text) : parseIpv4Value(text);
  return value === undefined ? undefined : { family, value };
}

/** True for `::ffff:a.b.c.d`, an IPv4 address in the clothes of IPv6. */
export const isMapped = ({ family, value }: Address): boolean => family === 6 && value >> 32n === 0xffffn;

/** What people write: as `parseLiteral`, but an IPv4-mapped IPv6 address is that IPv4 address. */
export function parseAddress(text: string): Address | undefined {
  const address = parseLiteral(text);
  return address !== undefined && isMapped(address) ? { family: 4, value: address.value & maxOf(4) } : address;
}

/** As `parseAddress`, for text that has been checked before. */
export function checkedAddress(text: string): Address {
  return found(parseAddress(text), text);
}

/**
 * An address as our own database has it. Unlike what people write, `::ffff:192.0.2.1` is an IPv6 address here: one in a
 * range that spans those.
 */
export function storedAddress(text: string): Address {
  return found(parseLiteral(text), text);
}

function found(address: Address | undefined, text: string): Address {
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}

/** Canonical text: dotted decimal, or RFC 5952 (lower case, longest run of two or more zero groups as `::`). */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) {
    const n = Number(value);
    return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
  }
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  let bestStart = -1;
  let bestLength = 1; // a single zero group is not shortened (RFC 5952 section 4.2.2)
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [start, length];
    if (length > 0) start += length;
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

/** Order of addresses, as PostgreSQL has it: IPv4 before IPv6, then by value. For `sort`. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : Number(a.value > b.value);
}
