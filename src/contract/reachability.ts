/** What a gateway knows of the machines behind it: body of `PUT /gateways/{id}/reachability`. */

export const REACHABILITY_STATES = ['reachable', 'unreachable', 'unknown'] as const;
export type ReachabilityState = (typeof REACHABILITY_STATES)[number];

export const PORT_STATES = ['open', 'closed', 'silent'] as const;
export type PortState = (typeof PORT_STATES)[number];

/** Most results in a report, and ports of an address that are tried. */
export const REACHABILITY_LIMITS = { results: 1_000, ports: 32 } as const;

/** A gateway tells what it knows again so often, in seconds; what was not told for three times as long is not known any more. */
export const TELL_AGAIN_SECONDS = 3_600;

export interface ObservedPort {
  /** TCP port of the target, 1-65535. */
  port: number;
  state: PortState;
}

export interface ObservedReachability {
  /** Canonical address text. */
  address: string;
  /** After damping. */
  state: ReachabilityState;
  /** When the state began, as far as the gateway knows: RFC 3339 in UTC. */
  since: string;
  /** When it was looked at last. */
  checkedAt: string;
  /** When it last answered in any way; null when it never did. */
  seenAt: string | null;
  /** Round-trip time of the last ping in microseconds; null when it did not answer pings at the last look. */
  rttUs: number | null;
  /** The TCP ports that port maps lead to, as they were at the last look, each once, in order. */
  ports: ObservedPort[];
}

export interface ReachabilityReport {
  /** Changes, and now and then everything; the latest word on an address counts. */
  results: ObservedReachability[];
  /** Addresses that are not looked at any more. */
  gone: string[];
}
