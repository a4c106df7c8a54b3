import type { ComponentKind, PortMap } from '../client/client.js';
import { Failure, notFound, usage } from '../failure.js';
import { MAPPED_PROTOCOLS, speaks, targetPortOf, type MappedProtocol } from './kinds.js';

export const CONNECT_PROTOCOLS = ['ssh', 'scp', 'rdp', 'https', 'mgmt', 'console'] as const;
export type ConnectProtocol = (typeof CONNECT_PROTOCOLS)[number];

/** A protocol that goes through a port map; the console does not. */
export type PortProtocol = Exclude<ConnectProtocol, 'console'>;

/** scp goes where ssh does. */
export const spokenBy = (protocol: PortProtocol): MappedProtocol => (protocol === 'scp' ? 'ssh' : protocol);

export interface Wish {
  readonly protocol?: PortProtocol;
  /** Which of the component's addresses. */
  readonly address?: string;
}

export interface Choice {
  readonly protocol: PortProtocol;
  readonly map: PortMap;
}

/** The protocol to speak and the port map to speak it through. `kind` is undefined for one without known ports. */
export function choose(name: string, kind: ComponentKind | undefined, maps: readonly PortMap[], wish: Wish): Choice {
  const here = maps.filter((map) => map.protocol === 'tcp' && (wish.address ?? map.address) === map.address);
  if (wish.address !== undefined && here.length === 0) {
    throw notFound(`${JSON.stringify(name)} has no TCP port map to ${wish.address}${listed(maps)}`);
  }
  // The port of the protocol first; only then another that may speak it too.
  const mapOf = (protocol: MappedProtocol): PortMap | undefined =>
    here.find((map) => map.targetPort === targetPortOf(kind, protocol)) ??
    here.find((map) => speaks(kind, protocol, map.targetPort));
  if (wish.protocol !== undefined) {
    const spoken = spokenBy(wish.protocol);
    const map = mapOf(spoken);
    if (map !== undefined) return { protocol: wish.protocol, map };
    const port = targetPortOf(kind, spoken);
    throw notFound(`${JSON.stringify(name)} has no port map for ${wish.protocol} (tcp ${port})${listed(maps)}`);
  }
  const usual = MAPPED_PROTOCOLS.find((protocol) => protocol === kind?.defaultPort);
  const possible = MAPPED_PROTOCOLS.filter((protocol) =>
    here.some((map) => map.targetPort === targetPortOf(kind, protocol)),
  );
  const protocol = usual !== undefined && mapOf(usual) !== undefined ? usual : possible[0];
  if (kind?.defaultPort === null && possible.length > 1)
    throw usage(`Say --protocol ${possible.join(' or --protocol ')}.`);
  const map = protocol === undefined ? undefined : mapOf(protocol);
  if (protocol === undefined || map === undefined) {
    throw maps.length === 0
      ? notFound(`${JSON.stringify(name)} has no port maps.`)
      : new Failure(`No program is known for the ports of ${JSON.stringify(name)}${listed(maps)}`);
  }
  return { protocol, map };
}

/** What there is instead. */
function listed(maps: readonly PortMap[]): string {
  if (maps.length === 0) return '.';
  return `; it has ${maps.map((map) => `${map.protocol} ${map.targetPort} of ${map.address}`).join(', ')}.`;
}
