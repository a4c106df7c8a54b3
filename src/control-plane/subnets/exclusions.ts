import { cidrOfRange } from '../../ip/cidr.js';
import { broadcastAddress, networkAddress, routerAnycast } from '../../ip/hosts.js';
import { difference, union, type Interval } from '../../ip/intervals.js';
import { overlaps, type AddressRange } from '../../ip/range.js';
import { formatRange, parseRange } from '../../ip/range-text.js';
import { invalidField } from '../../platform/problem/problem.js';

/** Rules that say which addresses of a subnet nobody gets, besides its gateway address. */
export interface Exclusions {
  /** So many addresses at the beginning, and at the end. */
  first: number;
  last: number;
  /** An address, first and last with a hyphen, or a network each; canonical. */
  ranges: string[];
  /** Of an IPv4 subnet that is exactly a network, its first address (RFC 1122 section 3.2.1.3). */
  network: boolean;
  /** Of the same, its last: the directed broadcast. */
  broadcast: boolean;
  /** Of an IPv6 subnet that is exactly a network, its first address: the routers' anycast (RFC 4291 section 2.6.1). */
  anycast: boolean;
}

/** What a subnet given as first and last address leaves out: nothing (contracts/rackhd.md section 8). */
export const NOTHING: Exclusions = {
  first: 0,
  last: 0,
  ranges: [],
  network: false,
  broadcast: false,
  anycast: false,
};

/** What a subnet given as a network leaves out: the addresses that no machine in it can have. */
export const UNUSABLE: Exclusions = { ...NOTHING, network: true, broadcast: true, anycast: true };

const BY_NETWORK = ['network', 'broadcast', 'anycast'] as const;

/**
 * The rules after a change: what is sent replaces, what is not stays as it was. A rule that is sent must be able to mean
 * something: a range must touch the subnet, and the rules of networks need one.
 */
export function changedExclusions(before: Exclusions, change: Partial<Exclusions>, range: AddressRange): Exclusions {
  if (cidrOfRange(range) === undefined) {
    const rule = BY_NETWORK.find((name) => change[name] === true && !before[name]);
    if (rule !== undefined) {
      throw invalidField(`exclusions.${rule}`, 'needs a subnet that is exactly a network, such as 10.0.0.0/24');
    }
  }
  return {
    first: change.first ?? before.first,
    last: change.last ?? before.last,
    ranges: change.ranges === undefined ? before.ranges : canonicalRanges(change.ranges, before.ranges, range),
    network: change.network ?? before.network,
    broadcast: change.broadcast ?? before.broadcast,
    anycast: change.anycast ?? before.anycast,
  };
}

function canonicalRanges(texts: readonly string[], known: readonly string[], within: AddressRange): string[] {
  return texts.map((text, index) => {
    if (known.includes(text)) return text;
    const range = parseRange(text);
    if (range === undefined || !overlaps(range, within)) {
      throw invalidField(`exclusions.ranges.${index}`, `must be of the subnet, ${formatRange(within)}`);
    }
    return formatRange(range);
  });
}

/** The addresses of a range that can be given out, as a list of ranges. */
export function usable(range: AddressRange, exclusions: Exclusions, gateway: bigint | undefined): Interval[] {
  return difference([[range.first, range.last]], excluded(range, exclusions, gateway));
}

/** Those that cannot; it may reach beyond the range. */
function excluded(range: AddressRange, exclusions: Exclusions, gateway: bigint | undefined): Interval[] {
  const holes: Interval[] = exclusions.ranges.flatMap((text) => {
    const hole = parseRange(text);
    return hole?.family === range.family ? [[hole.first, hole.last] as const] : [];
  });
  const { first, last } = range;
  if (exclusions.first > 0) holes.push([first, first + BigInt(exclusions.first) - 1n]);
  if (exclusions.last > 0) holes.push([last - BigInt(exclusions.last) + 1n, last]);
  if (gateway !== undefined) holes.push([gateway, gateway]);
  const cidr = cidrOfRange(range);
  if (cidr !== undefined) {
    const own = [
      exclusions.network ? networkAddress(cidr) : undefined,
      exclusions.broadcast ? broadcastAddress(cidr) : undefined,
      exclusions.anycast ? routerAnycast(cidr) : undefined,
    ];
    for (const address of own) if (address !== undefined) holes.push([address.value, address.value]);
  }
  return union(holes);
}
