import type { DesiredMap, DesiredState } from '../../contract/desired-state.js';
import type { ConnectionEvent } from './connection-event.js';

/** The end of a removed map's connections is told when they are cut, a moment after it left the desired state. */
const REMEMBER_MS = 10 * 60_000;

const keyOf = (protocol: string, connectionPort: number, target: string, targetPort: number): string =>
  `${protocol} ${connectionPort} ${target} ${targetPort}`;

/** Whose a connection is: the wanted maps, and for ten minutes those that were wanted, by what is in their rule. */
export class MapIndex {
  private readonly maps = new Map<string, { map: DesiredMap; until: number }>();

  /** O(ports), once for each generation. */
  know({ maps }: DesiredState, now = Date.now()): void {
    for (const entry of this.maps.values()) if (entry.until === Infinity) entry.until = now + REMEMBER_MS;
    for (const map of maps) {
      for (let n = 0; n < (map.size ?? 1); n++) {
        const key = keyOf(map.protocol, map.connectionPort + n, map.address, map.targetPort + n);
        this.maps.set(key, { map, until: Infinity });
      }
    }
    for (const [key, { until }] of this.maps) if (until <= now) this.maps.delete(key);
  }

  find(event: ConnectionEvent): DesiredMap | undefined {
    return this.maps.get(keyOf(event.protocol, event.connectionPort, event.target, event.targetPort))?.map;
  }
}
