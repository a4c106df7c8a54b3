import { formatAddress, parseAddress, storedAddress, type Family } from '../../ip/address.js';
import { cidrOfRange, formatCidr, parseCidr, rangeOfCidr } from '../../ip/cidr.js';
import type { AddressRange } from '../../ip/range.js';
import { invalidField } from '../../platform/problem/problem.js';

/** How a range is written: as first and last address, as a network, or as both when they say the same. */
interface Written {
  start?: string | undefined;
  end?: string | undefined;
  cidr?: string | null | undefined;
}

/** A network of a length, to be found in the supernets of a pool. */
export interface WantedNetwork {
  prefixLength: number;
  family?: Family | undefined;
}

/** Text that says something. */
export const filled = (text: string | null | undefined): string | undefined =>
  text === undefined || text === null || text === '' ? undefined : text;

/** The field to name when something is wrong with the range. */
export const rangeField = ({ start, cidr }: Written): 'start' | 'end' | 'cidr' =>
  filled(cidr) !== undefined ? 'cidr' : filled(start) !== undefined ? 'start' : 'end';

/** The network that is to be found; undefined when the body names its addresses. */
export function wantedNetwork(body: Written & Partial<WantedNetwork>): WantedNetwork | undefined {
  const { prefixLength, family } = body;
  if (prefixLength === undefined) return undefined;
  if (body.start !== undefined || body.end !== undefined || filled(body.cidr) !== undefined) {
    throw invalidField('prefixLength', 'must not be given with start, end or cidr');
  }
  return { prefixLength, family };
}

/** The range that a body names; a problem that names the field when it names none. */
export function writtenRange({ start, end, cidr: text }: Written): AddressRange {
  const cidr = filled(text);
  if (cidr === undefined) {
    if (start === undefined) throw invalidField('start', 'must be given with end, or else cidr, or prefixLength');
    if (end === undefined) throw invalidField('end', 'must be given with start');
    return subnetRange(start, end);
  }
  const network = parseCidr(cidr);
  if (network === undefined) {
    throw invalidField('cidr', 'must be a network such as 10.20.0.0/16, with no bits set beyond its length');
  }
  const { first, last } = subnetRange(start ?? firstOf(network), end ?? lastOf(network));
  if (first !== network.first || last !== network.last) {
    throw invalidField('cidr', 'must be the range from start to end; leave out the one that is not meant');
  }
  return rangeOfCidr(network);
}

/** The range that two texts name. */
function subnetRange(start: string, end: string): AddressRange {
  const first = parseAddress(start);
  if (first === undefined)
    throw invalidField('start', 'must be an IPv4 or IPv6 address, without prefix length or zone');
  const last = parseAddress(end);
  if (last === undefined) throw invalidField('end', 'must be an IPv4 or IPv6 address, without prefix length or zone');
  if (first.family !== last.family)
    throw invalidField('end', `must be of the same family as start, IPv${first.family}`);
  if (first.value > last.value) throw invalidField('end', 'must not be below start');
  return { family: first.family, first: first.value, last: last.value };
}

/** The range of a row. */
export function storedRange({ first, last }: { first: string; last: string }): AddressRange {
  const start = storedAddress(first);
  return { family: start.family, first: start.value, last: storedAddress(last).value };
}

export const firstOf = (range: AddressRange): string => formatAddress({ family: range.family, value: range.first });
export const lastOf = (range: AddressRange): string => formatAddress({ family: range.family, value: range.last });

/** The network that a row's range exactly is, or null. */
export function networkText(row: { first: string; last: string }): string | null {
  const cidr = cidrOfRange(storedRange(row));
  return cidr === undefined ? null : formatCidr(cidr);
}
