/**
 * The contract between the two halves: desired state down, observed status up.
 * JSON over HTTP; both sides check what they receive with the functions of `desired-state.schema.ts`.
 */

import type { RuleContent } from './rule-id.js';

export const PROTOCOLS = ['tcp', 'udp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** What a port map's rule in the kernel must be. `ruleId` changes whenever any other member does. */
export interface DesiredMap {
  /** Id of the port map resource. */
  id: string;
  /** `berth1:` and 16 hex digits: the rule's identity by content (see `rule-id.ts`). */
  ruleId: string;
  protocol: Protocol;
  /** Port on the gateway, 1-65535. */
  connectionPort: number;
  /** Canonical address text (RFC 5952 for IPv6), of the family of the gateway's external address. */
  address: string;
  /** Port on the target, 1-65535. */
  targetPort: number;
  /**
   * Ports in a row, 2 to 1,024: the connection ports from `connectionPort` on lead to the target ports from `targetPort` on.
   * Absent for one.
   */
  size?: number;
  /**
   * Who may connect: 1 to 64 networks in canonical text, of the family of the address, sorted, none of them everybody.
   * Absent for everybody: a gateway from before this member then need not know it, and one that does not know it refuses the
   * whole state rather than open a port to more than it should.
   */
  sources?: readonly string[];
  /** Only in answers to a gateway that asks with `labels=true`: an older one refuses members it does not know. */
  labels?: MapLabels;
}

/** What people call a map, for logs and usage; no part of the rule. */
export interface MapLabels {
  owner: string;
  name: string | null;
  /** Name of the component that it belongs to. */
  component: string | null;
}

/** Most ports that one map has. */
export const MAX_SIZE = 1_024;

/** Most networks that one map's `sources` names. */
export const MAX_SOURCES = 64;

/** A map that must be gone from the kernel; its port is given out again only once the gateway says that it is. */
export interface RemovedMap {
  id: string;
  ruleId: string;
  /** What it said, when it was of several ports: each had a rule of its own. */
  range?: RuleContent;
}

/** Answer of `GET /gateways/{id}/desired-state`. Always the whole state: a lost wake-up costs time, never truth. */
export interface DesiredState {
  gateway: { id: string; name: string; externalAddress: string; networks: string[] };
  /** Grows with every change that concerns this gateway; 0 before the first. */
  generation: number;
  maps: DesiredMap[];
  removing: RemovedMap[];
}

/** `plan`: the gateway shows what it would do and changes nothing. */
export const GATEWAY_MODES = ['apply', 'plan'] as const;
export type GatewayMode = (typeof GATEWAY_MODES)[number];

export const OBSERVED_STATUSES = ['active', 'failed', 'drifted', 'pending'] as const;
export type ObservedStatus = (typeof OBSERVED_STATUSES)[number];

/** What the gateway saw in its kernel for one map, after reading back. */
export interface ObservedMap {
  id: string;
  /** The rule the gateway speaks of; a report about an older rule of the same map is ignored. */
  ruleId: string;
  status: ObservedStatus;
  /** Why, for people; null when active. */
  reason: string | null;
}

/** How it ended: put right; left alone, since another program undoes every repair; or the repair was refused. */
export const DRIFT_OUTCOMES = ['repaired', 'contested', 'failed'] as const;
export type DriftOutcome = (typeof DRIFT_OUTCOMES)[number];

/** What a gateway found changed in its kernel by somebody else. */
export interface ObservedDrift {
  /** When it was found, RFC 3339 in UTC; no two of a gateway at the same millisecond. */
  at: string;
  /** Name of the program that did it, when the kernel told; null when that is not known. */
  program: string | null;
  /** What was changed, for people. */
  found: string[];
  /** Number of port maps that were not as wanted in between. */
  maps: number;
  outcome: DriftOutcome;
}

/** Most findings in one report, lines of one finding, and characters of a line. */
export const DRIFT_LIMITS = { findings: 100, lines: 20, line: 1_000 } as const;

/** Body of `PUT /gateways/{id}/status`. Maps not named keep the status they have. */
export interface StatusReport {
  /** Generation of the desired state that this report answers. */
  generation: number;
  mode: GatewayMode;
  maps: ObservedMap[];
  /** Ids of removed maps that the gateway has verified to be gone from its kernel. */
  gone: string[];
  /** Absent when there is none: a control plane from before this member refuses what it does not know. */
  drift?: ObservedDrift[];
}
