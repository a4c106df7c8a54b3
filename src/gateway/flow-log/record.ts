import type { DesiredMap } from '../../contract/desired-state.js';
import type { ConnectionEvent } from './connection-event.js';

/** One new connection in the flow log, in Berth's own shape. */
export interface FlowRecord {
  /** Unique; a consumer that sees it twice has had it: delivery is at least once. */
  id: string;
  /** RFC 3339 in UTC. */
  time: string;
  /** Name of the gateway. */
  gateway: string;
  protocol: 'tcp' | 'udp';
  source: string;
  sourcePort: number;
  destination: string;
  connectionPort: number;
  target: string;
  targetPort: number;
  /** The port map, its component and its owner at that time. */
  portMap: string;
  name: string | null;
  component: string | null;
  owner: string | null;
}

export function flowRecord(id: string, gateway: string, event: ConnectionEvent, map: DesiredMap): FlowRecord {
  return {
    id,
    time: new Date(event.at).toISOString(),
    gateway,
    protocol: event.protocol,
    source: event.source,
    sourcePort: event.sourcePort,
    destination: event.destination,
    connectionPort: event.connectionPort,
    target: event.target,
    targetPort: event.targetPort,
    portMap: map.id,
    name: map.labels?.name ?? null,
    component: map.labels?.component ?? null,
    owner: map.labels?.owner ?? null,
  };
}
