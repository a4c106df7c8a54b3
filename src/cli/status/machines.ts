import type { ComponentOf } from '../client/client.js';
import { record, type Column } from '../output/table.js';
import { addressesOf } from '../resources/addressing.js';
import { reachedAt } from '../resources/forwarding.js';
import { allConnect } from './connects.js';

/** How long one connection may take before a machine counts as not reachable. */
const WITHIN_MS = 1_000;

export interface MachineState {
  readonly component: ComponentOf;
  /** Whether a port of it took a connection from here; absent: not tried. */
  readonly reached?: boolean;
  /** Whether it answers its gateway, in any way; null: not known. */
  readonly routable?: boolean | null;
}

/** `initializing`: no port map works yet; else whether it can be connected to, blank where nobody has tried. */
export function connectable({ component, reached, routable }: MachineState): string {
  const { portMaps } = component;
  if (portMaps.length === 0 || portMaps.every(({ status }) => status === 'pending')) return 'initializing';
  const known = reached ?? routable;
  return known == null ? '' : known ? 'True' : 'False';
}

/** Tries every machine's active TCP ports, all machines at once; one that answers is enough. */
export async function reachability(machines: readonly MachineState[]): Promise<readonly MachineState[]> {
  const places = machines.flatMap(({ component }, index) =>
    component.portMaps
      .filter(({ protocol, status }) => protocol === 'tcp' && status === 'active')
      .map(({ externalAddress: host, connectionPort: port }) => ({ index, host, port })),
  );
  const answers = await allConnect(places, WITHIN_MS);
  const tried = new Set(places.map(({ index }) => index));
  const reached = new Set(places.filter((_, at) => answers[at]).map(({ index }) => index));
  return machines.map((machine, index) => (tried.has(index) ? { ...machine, reached: reached.has(index) } : machine));
}

export const MACHINE_COLUMNS: readonly Column<MachineState>[] = [
  { title: 'NAME', of: ({ component }) => component.name },
  { title: 'ADDRESSES', of: ({ component }) => addressesOf(component.leases) },
  { title: 'CONNECTABLE', of: connectable },
  { title: 'TYPE', of: ({ component }) => component.kind },
  {
    title: 'PORTS',
    of: ({ component }) =>
      component.portMaps.map((map) => `${reachedAt(map)} (${map.protocol} ${map.targetPort})`).join(', '),
  },
];

/** The same for programs; `reachable` is null where nobody has tried. */
export const facts = (machine: MachineState) => ({
  name: machine.component.name,
  kind: machine.component.kind,
  addresses: machine.component.leases.map(({ address }) => address),
  reachable: { True: true, False: false }[connectable(machine)] ?? null,
  ports: machine.component.portMaps.map(({ protocol, targetPort, externalAddress, connectionPort, status }) => ({
    ...{ protocol, targetPort, externalAddress, connectionPort, status },
  })),
});

interface Usage {
  readonly owner: string;
  readonly quota?: { addresses: number | null; portMaps: number | null } | null;
  readonly held: { addresses: number; portMaps: number };
}

/** What is held of what may be held. */
export function quotaLines(usage: readonly Usage[]): string[] {
  const of = (held: number, most: number | null | undefined): string =>
    most == null ? String(held) : `${held} of ${most}`;
  return record(
    usage.map(({ owner, quota, held }): [string, string] => [
      `quota of ${owner}`,
      `${of(held.addresses, quota?.addresses)} addresses, ${of(held.portMaps, quota?.portMaps)} port maps`,
    ]),
  );
}
