import { formatAddress, parseAddress } from './address.js';
import { cidrOfRange, formatCidr, parseCidr, rangeOfCidr } from './cidr.js';
import { rangeOf, type AddressRange } from './range.js';

/** Reads `10.0.0.9`, `10.0.0.9-10.0.0.20` or `10.0.0.16/28`. Anything else: undefined. */
export function parseRange(text: string): AddressRange | undefined {
  if (text.includes('/')) {
    const cidr = parseCidr(text);
    return cidr === undefined ? undefined : rangeOfCidr(cidr);
  }
  const ends = text.split('-', 3).map((end) => parseAddress(end.trim()));
  const [first, last] = ends.length === 1 ? [ends[0], ends[0]] : ends;
  return first === undefined || last === undefined || ends.length > 2 ? undefined : rangeOf(first, last);
}

/** Canonical text of what parseRange reads: an address, a network, or first and last with a hyphen. */
export function formatRange(range: AddressRange): string {
  const text = (value: bigint): string => formatAddress({ family: range.family, value });
  if (range.first === range.last) return text(range.first);
  const cidr = cidrOfRange(range);
  return cidr === undefined ? `${text(range.first)}-${text(range.last)}` : formatCidr(cidr);
}
