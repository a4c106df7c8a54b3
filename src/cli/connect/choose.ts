import type { ComponentKind, PortMap } from '../client/client.js';
import { Failure, notFound, usage } from '../failure.js';

export const CONNECT_PROTOCOLS = ['ssh', 'scp', 'rdp', 'https', 'mgmt'] as const;
export type ConnectProtocol = (typeof CONNECT_PROTOCOLS)[number];

/** Ports of the machine where a protocol is spoken, unless its kind says otherwise. */
const WELL_KNOWN: Readonly<Record<ConnectProtocol, number>> = { ssh: 22, scp: 22, rdp: 3389, https: 443, mgmt: 7543 };

export interface Wish {
  readonly protocol?: ConnectProtocol;
  /** Which of the component's addresses. */
  readonly address?: string;
}

export interface Choice {
  readonly protocol: ConnectProtocol;
  readonly map: PortMap;
}

/** The protocol to speak and the port map to speak it through. `kind` is undefined for one without known ports. */
export function choose(name: string, kind: ComponentKind | undefined, maps: readonly PortMap[], wish: Wish): Choice {
  const here = maps.filter((map) => map.protocol === 'tcp' && (wish.address ?? map.address) === map.address);
  if (wish.address !== undefined && here.length === 0) {
    throw notFound(`${JSON.stringify(name)} has no TCP port map to ${wish.address}${listed(maps)}`);
  }
  const mapOf = (protocol: ConnectProtocol): PortMap | undefined =>
    here.find((map) => map.targetPort === targetPort(kind, protocol));
  if (wish.protocol !== undefined) {
    const map = mapOf(wish.protocol);
    if (map !== undefined) return { protocol: wish.protocol, map };
    const port = targetPort(kind, wish.protocol);
    throw notFound(`${JSON.stringify(name)} has no port map for ${wish.protocol} (tcp ${port})${listed(maps)}`);
  }
  const usual = CONNECT_PROTOCOLS.find((protocol) => protocol === kind?.defaultPort);
  const possible = CONNECT_PROTOCOLS.filter((protocol) => protocol !== 'scp' && mapOf(protocol) !== undefined);
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

function targetPort(kind: ComponentKind | undefined, protocol: ConnectProtocol): number {
  const spoken = protocol === 'scp' ? 'ssh' : protocol;
  return kind?.ports.find(({ name }) => name === spoken)?.targetPort ?? WELL_KNOWN[protocol];
}

/** What there is instead. */
function listed(maps: readonly PortMap[]): string {
  if (maps.length === 0) return '.';
  return `; it has ${maps.map((map) => `${map.protocol} ${map.targetPort} of ${map.address}`).join(', ')}.`;
}
