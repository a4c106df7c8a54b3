import { formatAddress, parseAddress } from '../../ip/address.js';
import type { Cidr } from '../../ip/cidr.js';
import { contains } from '../../ip/range.js';

/**
 * Where a request came from (contracts/vlab.md section 4), in canonical text. X-Forwarded-For counts only when the peer is a
 * trusted proxy: anybody can write one. `forwarded` is all its lines, joined by commas.
 */
export function clientAddress(peer: string, forwarded: string | undefined, trusted: readonly Cidr[]): string {
  if (forwarded === undefined || !isTrusted(peer, trusted)) return canonical(peer);
  return lastUntrusted(forwarded, trusted);
}

/**
 * The address that a list of hops ends with, read from the right over the proxies that are trusted: each proxy appends whom
 * it heard it from. Of a list of nothing but those, the first. The claim `client_ip` is such a list too: the auth service
 * stores the header as it came.
 */
export function lastUntrusted(list: string, trusted: readonly Cidr[]): string {
  const hops = list.split(',').filter((hop) => hop.trim() !== '');
  return canonical(hops.findLast((hop) => !isTrusted(hop, trusted)) ?? hops[0] ?? '');
}

function isTrusted(text: string, trusted: readonly Cidr[]): boolean {
  const address = parseAddress(plain(text));
  return address !== undefined && trusted.some((network) => contains(network, address));
}

/** What is no address stays as it is, and equals none. */
function canonical(text: string): string {
  const address = parseAddress(plain(text));
  return address === undefined ? plain(text) : formatAddress(address);
}

/** Without blanks, and without the zone that a link-local peer has (RFC 4007 section 11). */
const plain = (text: string): string => text.trim().replace(/%.*$/, '');
