/**
 * What gateways saw pass through port maps, told to the control plane in `PUT /gateways/{id}/usage`.
 * Every figure is the sum since the epoch began, so a report that is told again, late or out of order counts once: the
 * control plane keeps the largest figures of each (map, day, epoch).
 */

/** Who connected, as far as the gateway counts clients one by one. */
export interface ClientUsage {
  /** Canonical address text. */
  address: string;
  connections: number;
  /** Bytes of ended connections, both directions. */
  bytes: number;
  /** RFC 3339 in UTC. */
  lastUsed: string;
}

/** One map on one day (UTC). */
export interface MapUsage {
  /** Id of the port map. */
  id: string;
  /** `YYYY-MM-DD`: the day on which connections began, or, for packets and bytes, ended. */
  day: string;
  connections: number;
  /** Packets and bytes of ended connections, both directions; 0 where the kernel does not count them. */
  packets: number;
  bytes: number;
  /** RFC 3339 in UTC. */
  lastUsed: string;
  /** Those with the most connections, the most first; empty where clients are not to be told. */
  clients: ClientUsage[];
  /** Connections by clients that are not in `clients`. */
  otherConnections: number;
  /** Whose it was and what it belonged to at that time: the map may be gone when the report arrives. */
  owner: string;
  name: string | null;
  component: string | null;
}

/** Body of `PUT /gateways/{id}/usage`. */
export interface UsageReport {
  /** 16 hex digits, new for each life of the gateway process: the figures count from its beginning. */
  epoch: string;
  maps: MapUsage[];
}

/** Most maps in one report, and clients of one map and day. */
export const USAGE_LIMITS = { maps: 200, clients: 20 } as const;
