import { formatAddress, parseAddress } from '../../ip/address.js';
import type { AddressRange } from '../../ip/range.js';
import { invalidField } from '../../platform/problem/problem.js';

/** The range that two texts name; a problem that names the field when they name none. */
export function subnetRange(start: string, end: string): AddressRange {
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

export const firstOf = (range: AddressRange): string => formatAddress({ family: range.family, value: range.first });
export const lastOf = (range: AddressRange): string => formatAddress({ family: range.family, value: range.last });
