import type { ConnectProtocol } from './choose.js';

/** What to connect to, and as whom. */
export interface Endpoint {
  readonly protocol: ConnectProtocol;
  /** An address, not a name. */
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  /** Only what was asked for and typed: others can see it in the process list. */
  readonly password?: string;
  /**
   * The name under which ssh remembers the machine's key. A port of a gateway leads to another machine tomorrow, and
   * ssh would take that for an attack.
   */
  readonly hostKey: string;
  /** Where a browser begins, `/` by default. */
  readonly path?: string;
  /** What scp copies: files here, and with a colon in front files there; the last is where to. */
  readonly files?: readonly string[];
  /** The URL of its console (vmrc: or https:). */
  readonly console?: string;
}

/** A section of `~/.vlab/config.ini`: a task for which a user has a program. */
export const SECTIONS = ['SSH', 'RDP', 'BROWSER', 'SCP', 'CONSOLE'] as const;
export type Section = (typeof SECTIONS)[number];

export function sectionOf(endpoint: Pick<Endpoint, 'protocol' | 'console'>): Section {
  switch (endpoint.protocol) {
    case 'ssh':
      return 'SSH';
    case 'scp':
      return 'SCP';
    case 'rdp':
      return 'RDP';
    case 'https':
    case 'mgmt':
      return 'BROWSER';
    case 'console':
      return endpoint.console?.startsWith('http') === true ? 'BROWSER' : 'CONSOLE';
  }
}
