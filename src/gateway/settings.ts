import type { GatewayMode } from '../contract/desired-state.js';
import type { DnsUpdateSettings } from './dns-update/updater.js';
import type { ProbeSettings } from './probe/prober.js';
import type { Backend } from './firewall/backends.js';

export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

export interface FlowLogSettings {
  /** `nats`, `none`, or tcp://host:port or tls://host:port of a syslog server. */
  target: string;
  shape: 'berth' | 'vlab';
  /** Fernet key for the shape `vlab`. */
  key?: string | undefined;
  /** JetStream stream of the subjects `flows.<gateway>`. */
  stream: string;
  /** Directory in which records wait. */
  spool: string;
  spoolBytes: number;
  /** Whether usage tells client addresses. */
  clients: boolean;
}

/** Everything the gateway process needs to know; `main.ts` fills it in from the configuration. */
export interface GatewaySettings {
  /** Base URL of the control plane, with or without a path. */
  controlPlaneUrl: string;
  /** Id or name of this gateway. */
  gateway: string;
  /** Bearer token of role gateway. */
  token?: string | undefined;
  mode: GatewayMode;
  /** With which tool it speaks to the kernel. */
  backend: Backend;
  /** How often the kernel is read again although nothing has changed. */
  recheckSeconds: number;
  /** When given, events on this bus end the long poll's wait early. */
  natsUrl?: string | undefined;
  /** `--plan` prints JSON. */
  json?: boolean | undefined;
  /** Apply also a plan that the fuse would refuse. */
  force?: boolean | undefined;
  /** When given, this machine's address is kept in DNS. */
  dnsUpdate?: DnsUpdateSettings | undefined;
  /** When given, the machines that its port maps lead to are probed. */
  probe?: ProbeSettings | undefined;
  /** File for `restore`, in which what was applied last is kept. */
  stateFile?: string | undefined;
  /** Port of the loopback address on which the gateway's metrics are served; 0 takes a free one, undefined serves none. */
  metricsPort?: number | undefined;
  /** When given, connections are counted, told and logged. */
  flowLog?: FlowLogSettings | undefined;
  log: Log;
}
