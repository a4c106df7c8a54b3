import { bitsOf, type Address } from './address.js';
import type { Cidr } from './cidr.js';
import type { AddressRange } from './range.js';

/**
 * The addresses of a network that have a meaning of their own. A subnet of Berth is a range without a prefix and has
 * none of them; who makes one from a network says whether they count.
 */

/** Too small to have such addresses: /31 and /32 (RFC 3021), /127 and /128 (RFC 6164). */
const isPointToPoint = ({ family, length }: Cidr): boolean => length >= bitsOf(family) - 1;

/** The address of an IPv4 network itself, which no host has (RFC 1122 section 3.2.1.3). */
export function networkAddress(cidr: Cidr): Address | undefined {
  return cidr.family === 6 || isPointToPoint(cidr) ? undefined : { family: 4, value: cidr.first };
}

/** The broadcast address of an IPv4 network (RFC 919). IPv6 has no broadcast. */
export function broadcastAddress(cidr: Cidr): Address | undefined {
  return cidr.family === 6 || isPointToPoint(cidr) ? undefined : { family: 4, value: cidr.last };
}

/** The anycast address of the routers of an IPv6 subnet (RFC 4291 section 2.6.1); a /127 has none (RFC 6164). */
export function routerAnycast(cidr: Cidr): Address | undefined {
  return cidr.family === 4 || isPointToPoint(cidr) ? undefined : { family: 6, value: cidr.first };
}

/**
 * The addresses that machines may have: all but network and broadcast address of IPv4, all but the routers' anycast
 * address of IPv6. A /31, /32, /127 or /128 is taken whole.
 */
export function hostsOf(cidr: Cidr): AddressRange {
  const front = networkAddress(cidr) ?? routerAnycast(cidr);
  return {
    family: cidr.family,
    first: front === undefined ? cidr.first : cidr.first + 1n,
    last: broadcastAddress(cidr) === undefined ? cidr.last : cidr.last - 1n,
  };
}
