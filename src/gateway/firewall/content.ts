import type { DesiredMap, Protocol } from '../../contract/desired-state.js';
import { formatAddress, parseAddress } from '../../ip/address.js';

/** What one map's rule says; `target` is `address:port` or `[address]:port`. */
export interface MapContent {
  protocol: Protocol;
  connectionPort: number;
  target: string;
}

/**
 * An address as the tools print it: `inet_ntop` writes ::/96 with a dotted tail where RFC 5952 does not, and a rule that
 * reads back in other words would be repaired for ever.
 */
export function kernelAddress(text: string): string {
  if (!text.startsWith('::')) return text;
  const address = parseAddress(text);
  if (address?.family !== 6 || address.value >> 32n !== 0n || address.value >> 16n === 0n) return text;
  return `::${formatAddress({ family: 4, value: address.value })}`;
}

/** A network as the tools print it. */
export function kernelNetwork(cidr: string): string {
  const slash = cidr.indexOf('/');
  return kernelAddress(cidr.slice(0, slash)) + cidr.slice(slash);
}

/**
 * Connections to be cut: those of a content, but for those that come from the networks of `keep`; or those alone that come
 * from the networks of `only`.
 */
export interface Flow extends MapContent {
  keep?: readonly string[];
  only?: readonly string[];
}

export function contentOf(map: DesiredMap): MapContent {
  const address = kernelAddress(map.address);
  return {
    protocol: map.protocol,
    connectionPort: map.connectionPort,
    target: address.includes(':') ? `[${address}]:${map.targetPort}` : `${address}:${map.targetPort}`,
  };
}

export const contentKey = ({ protocol, connectionPort, target }: MapContent): string =>
  `${protocol}/${connectionPort}/${target}`;

export function splitTarget(target: string): { address: string; port: string } {
  const colon = target.lastIndexOf(':');
  return { address: target.slice(0, colon).replace(/^\[|\]$/g, ''), port: target.slice(colon + 1) };
}
