import type { DesiredMap } from '../../contract/desired-state.js';
import { kernelAddress, type Flow, type MapContent } from './content.js';
import { mapsOf, type Desired } from './desired.js';

/**
 * UDP flows that began before their port had a map: the kernel remembers that the machine itself is meant, and goes on so
 * for as long as the client keeps sending, map or no map. They are cut when the map is made, so that the client's next
 * datagram is translated. TCP needs none of this: a connection to a closed port ends at once.
 *
 * Such a flow is written as the content of a map that leads to the gateway's own address and port, with a mark before it.
 * In the kernel's notes port 0 stands for every UDP port that has a map: a first load would need thousands of notes.
 */
const MARK = '=';
const NOTES = 8;

export const isUntranslated = ({ target }: MapContent): boolean => target.startsWith(MARK);

/** The target without the mark: what answers such a flow. */
export const answererOf = ({ target }: MapContent): string => (target.startsWith(MARK) ? target.slice(1) : target);

function untranslated(desired: Desired, connectionPort: number): MapContent {
  const address = kernelAddress(desired.gateway.externalAddress);
  const target = `${MARK}${desired.family === 6 ? `[${address}]` : address}:${connectionPort}`;
  return { protocol: 'udp', connectionPort, target };
}

export interface Newcomers {
  flows: Flow[];
  /** What is noted in the kernel until the flows are cut. */
  notes: MapContent[];
}

/**
 * The flows to cut for UDP maps that are new in the kernel (`ports`), and for those of which the kernel still notes that
 * it is to be done. O(ports), or O(maps) when they are many.
 */
export function newcomers(
  desired: Desired,
  ports: Iterable<number>,
  journal: readonly MapContent[],
  mapsAt: (port: number) => readonly DesiredMap[],
): Newcomers {
  const wanted = new Set(ports);
  for (const entry of journal) if (isUntranslated(entry)) wanted.add(entry.connectionPort);
  if (wanted.size === 0) return { flows: [], notes: [] };

  const many = wanted.has(0) || wanted.size > NOTES;
  const maps = many ? mapsOf(desired) : [...wanted].flatMap((port) => mapsAt(port));
  const flows: Flow[] = [];
  for (const { protocol, connectionPort, sources } of maps) {
    if (protocol !== 'udp' || !(many || wanted.has(connectionPort))) continue;
    flows.push({ ...untranslated(desired, connectionPort), ...(sources === undefined ? {} : { only: sources }) });
  }
  flows.sort((a, b) => a.connectionPort - b.connectionPort);
  return { flows, notes: many && flows.length > 0 ? [untranslated(desired, 0)] : flows };
}
