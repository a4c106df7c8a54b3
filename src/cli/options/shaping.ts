import type { Command } from 'commander';
import { usage } from '../failure.js';
import { network, repeated, whole } from './parsers.js';

/** Which addresses a subnet has, and which of them it gives out. */
export interface Shaping {
  readonly start?: string;
  readonly end?: string;
  readonly cidr?: string;
  readonly gatewayAddress?: string;
  readonly exclude?: readonly string[];
  readonly excludeFirst?: number;
  readonly excludeLast?: number;
  readonly excludeNetwork?: boolean;
  readonly excludeBroadcast?: boolean;
  readonly excludeAnycast?: boolean;
}

/** What an update can take away too. */
export interface Reshaping extends Shaping {
  readonly clearGatewayAddress?: boolean;
  readonly clearExclusions?: boolean;
}

interface Shaped {
  start?: string;
  end?: string;
  cidr?: string;
  gatewayAddress?: string | null;
  exclusions?: Exclusions | null;
}

interface Exclusions {
  first?: number;
  last?: number;
  ranges?: string[];
  network?: boolean;
  broadcast?: boolean;
  anycast?: boolean;
}

const MOST = 2 ** 31;

/** The options of a subnet's addresses. */
export const shaping = (command: Command): Command =>
  command
    .option('--cidr <network>', 'all addresses of a network', network)
    .option('--start <address>', 'first address, instead of a network')
    .option('--end <address>', 'last address')
    .option('--gateway-address <address>', "its router's address, which nobody else gets")
    .option('--exclude <range>', 'give none of these: an address, a-b or a network; may be given again', repeated)
    .option('--exclude-first <number>', 'give none of so many at the beginning', whole(0, MOST))
    .option('--exclude-last <number>', 'give none of so many at the end', whole(0, MOST))
    .option('--exclude-network', "not the network's own address (IPv4)")
    .option('--no-exclude-network', "the network's own address too")
    .option('--exclude-broadcast', 'not the broadcast address (IPv4)')
    .option('--no-exclude-broadcast', 'the broadcast address too')
    .option('--exclude-anycast', "not the routers' anycast address (IPv6)")
    .option('--no-exclude-anycast', "the routers' anycast address too");

/** The same, of one that is there. */
export const reshaping = (command: Command): Command =>
  shaping(command)
    .option('--clear-gateway-address', 'give out the address of its router')
    .option('--clear-exclusions', 'take all rules away that exclude addresses, but those given with this');

/** The members of a body; only what was given. */
export function shaped(options: Reshaping): Shaped {
  const { start, end, cidr, gatewayAddress, clearGatewayAddress } = options;
  if (clearGatewayAddress === true && gatewayAddress !== undefined) {
    throw usage('Give --gateway-address or --clear-gateway-address, not both.');
  }
  const exclusions = excluded(options);
  const gateway = clearGatewayAddress === true ? null : gatewayAddress;
  return {
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(cidr === undefined ? {} : { cidr }),
    ...(gateway === undefined ? {} : { gatewayAddress: gateway }),
    ...(exclusions === undefined ? {} : { exclusions }),
  };
}

const NOTHING = { first: 0, last: 0, ranges: [], network: false, broadcast: false, anycast: false };

function excluded(options: Reshaping): Exclusions | undefined {
  const { exclude, excludeFirst: first, excludeLast: last } = options;
  const { excludeNetwork: network, excludeBroadcast: broadcast, excludeAnycast: anycast } = options;
  const exclusions = {
    ...(options.clearExclusions === true ? NOTHING : {}),
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last }),
    ...(exclude === undefined ? {} : { ranges: [...exclude] }),
    ...(network === undefined ? {} : { network }),
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(anycast === undefined ? {} : { anycast }),
  };
  return Object.keys(exclusions).length === 0 ? undefined : exclusions;
}
