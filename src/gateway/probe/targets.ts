import type { DesiredState } from '../../contract/desired-state.js';
import { REACHABILITY_LIMITS } from '../../contract/reachability.js';
import { formatAddress, parseAddress } from '../../ip/address.js';
import { type Cidr, parseCidr } from '../../ip/cidr.js';
import { hostsOf } from '../../ip/hosts.js';
import { contains, sizeOf } from '../../ip/range.js';

/** Networks with more addresses are not swept: a /64 would take a thousand years. */
export const LARGEST_SWEEP = 65_536n;

/** What may be probed, and what is: an address leads to the TCP ports that are tried too. */
export interface Targets {
  readonly ports: ReadonlyMap<string, readonly number[]>;
  /** The gateway's own networks; nothing outside of them is probed. Empty: its maps' addresses are all that there is. */
  readonly networks: readonly Cidr[];
}

/** Whether the gateway may probe an address: those of its own networks; with none declared, those its maps lead to. */
export function isOwn({ networks, ports }: Targets, address: string): boolean {
  if (networks.length === 0) return ports.has(address);
  const parsed = parseAddress(address);
  return parsed !== undefined && networks.some((network) => contains(network, parsed));
}

/** What a desired state has to be probed. Of a range of ports the first stands for all. */
export function targetsOf({ gateway, maps }: DesiredState): Targets {
  const networks = gateway.networks.map(parseCidr).filter((network) => network !== undefined);
  const ports = new Map<string, number[]>();
  for (const { address, protocol, targetPort } of maps) {
    const known = ports.get(address) ?? [];
    ports.set(address, known);
    if (protocol === 'tcp' && !known.includes(targetPort) && known.length < REACHABILITY_LIMITS.ports) {
      known.push(targetPort);
    }
  }
  const all = { networks, ports };
  for (const [address, list] of ports) {
    if (isOwn(all, address)) list.sort((a, b) => a - b);
    else ports.delete(address);
  }
  return all;
}

/** Every host's address of the networks that are small enough, as they are needed; those of several once for each. */
export function* hostsIn(networks: readonly Cidr[]): Generator<string> {
  for (const network of networks) {
    if (sizeOf(network) > LARGEST_SWEEP) continue;
    const { family, first, last } = hostsOf(network);
    for (let value = first; value <= last; value++) yield formatAddress({ family, value });
  }
}
