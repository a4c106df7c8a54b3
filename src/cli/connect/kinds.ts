import type { ComponentKind } from '../client/client.js';

/** Ports of the machine where a protocol is spoken, unless its kind says otherwise. */
const WELL_KNOWN = { ssh: 22, rdp: 3389, https: 443, mgmt: 7543 } as const;
export type MappedProtocol = keyof typeof WELL_KNOWN;
export const MAPPED_PROTOCOLS = Object.keys(WELL_KNOWN) as MappedProtocol[];

/** Ports that no web page is behind: for a machine of any kind (contract vlab.md, section 9). */
const NO_PAGES: readonly number[] = [WELL_KNOWN.ssh, WELL_KNOWN.rdp];

/** A kind by its name, or as vLab spells it, in any case; undefined for a word that `GET /component-kinds` does not have. */
export function kindOf(kinds: readonly ComponentKind[], name: string): ComponentKind | undefined {
  const lower = name.toLowerCase();
  return (
    kinds.find((kind) => kind.name.toLowerCase() === lower) ??
    kinds.find(({ component }) => component.toLowerCase() === lower)
  );
}

/** Where a kind speaks a protocol. */
export const targetPortOf = (kind: ComponentKind | undefined, protocol: MappedProtocol): number =>
  portOf(kind, protocol)?.targetPort ?? WELL_KNOWN[protocol];

/** Whether a map to this port is one for the protocol. Without a known kind, https is whatever else there is. */
export function speaks(kind: ComponentKind | undefined, protocol: MappedProtocol, targetPort: number): boolean {
  if (targetPort === targetPortOf(kind, protocol)) return true;
  return protocol === 'https' && kind === undefined && !NO_PAGES.includes(targetPort);
}

/** The path of a kind's page. */
export const pageOf = (kind: ComponentKind | undefined, protocol: string): string | undefined =>
  portOf(kind, protocol)?.path ?? undefined;

const portOf = (kind: ComponentKind | undefined, protocol: string): ComponentKind['ports'][number] | undefined =>
  kind?.ports.find(({ name }) => name === protocol);
