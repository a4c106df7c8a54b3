import type { ComponentKind } from '../client/client.js';

/** Ports of the machine where a protocol is spoken, unless its kind says otherwise. */
const WELL_KNOWN = { ssh: 22, rdp: 3389, https: 443, mgmt: 7543 } as const;
export type MappedProtocol = keyof typeof WELL_KNOWN;
export const MAPPED_PROTOCOLS = Object.keys(WELL_KNOWN) as MappedProtocol[];

/** Ports that no web page is behind: for a machine of any kind (contract vlab.md, section 9). */
const NO_PAGES: readonly number[] = [WELL_KNOWN.ssh, WELL_KNOWN.rdp];

/** Where the page of a kind begins, if that is not `/`, for an API that does not say it. */
const PAGES: Readonly<Record<string, string>> = { 'avamar https': '/dtlt/home.html' };

/** The kind as `GET /component-kinds` has it; undefined for a word that it does not know. */
export const kindOf = (kinds: readonly ComponentKind[], name: string): ComponentKind | undefined =>
  kinds.find((kind) => kind.name.toLowerCase() === name.toLowerCase());

/** Where a kind speaks a protocol. */
export const targetPortOf = (kind: ComponentKind | undefined, protocol: MappedProtocol): number =>
  portOf(kind, protocol)?.targetPort ?? WELL_KNOWN[protocol];

/** Whether a map to this port is one for the protocol. Without a known kind, https is whatever else there is. */
export function speaks(kind: ComponentKind | undefined, protocol: MappedProtocol, targetPort: number): boolean {
  if (targetPort === targetPortOf(kind, protocol)) return true;
  return protocol === 'https' && kind === undefined && !NO_PAGES.includes(targetPort);
}

/** The path of a kind's page. */
export function pageOf(kind: ComponentKind | undefined, protocol: string): string | undefined {
  const served: (ComponentKind['ports'][number] & { path?: string | null }) | undefined = portOf(kind, protocol);
  return served?.path ?? (kind === undefined ? undefined : PAGES[`${kind.name} ${protocol}`]);
}

const portOf = (kind: ComponentKind | undefined, protocol: string): ComponentKind['ports'][number] | undefined =>
  kind?.ports.find(({ name }) => name === protocol);

/** How people call the protocol of a port; the number where it is none of those. */
export function serviceOf(kind: ComponentKind | undefined, targetPort: number): string {
  const named = MAPPED_PROTOCOLS.find((protocol) => targetPort === targetPortOf(kind, protocol));
  const words = { ssh: 'SSH/SCP', rdp: 'RDP', https: 'HTTPS', mgmt: 'HTTPS' };
  if (named !== undefined) return words[named];
  return (
    { 22: 'SSH/SCP', 3389: 'RDP', 443: 'HTTPS', 8080: 'HTTPS', 9443: 'HTTPS', 7543: 'HTTPS' }[targetPort] ??
    String(targetPort)
  );
}
