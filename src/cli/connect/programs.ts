import { hostPort, shellWord } from '../output/words.js';
import type { ConnectProtocol } from './choose.js';

/** What to connect to, and as whom. */
export interface Endpoint {
  readonly protocol: ConnectProtocol;
  /** An address, not a name. */
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  /** Where a browser starts (default: `/`). */
  readonly path?: string;
  /**
   * The name under which ssh remembers the machine's key. A port of a gateway leads to another machine tomorrow, and
   * ssh would take that for an attack.
   */
  readonly hostKey: string;
}

export interface Program {
  /** As it is looked for on the PATH. */
  readonly name: string;
  readonly args: readonly string[];
  /** Lives in this terminal; others have a window of their own. */
  readonly terminal: boolean;
}

/** The programs that can do it on a platform, the best first. Arguments go to the program as they are, through no shell. */
export function programsFor(endpoint: Endpoint, platform: NodeJS.Platform): readonly Program[] {
  switch (endpoint.protocol) {
    case 'ssh':
      return [ssh(endpoint), ...(platform === 'win32' ? [putty(endpoint)] : [])];
    case 'scp':
      return [scp(endpoint)];
    case 'rdp':
      return rdp(endpoint, platform);
    case 'https':
    case 'mgmt':
      return browsers(`https://${hostPort(endpoint.host, endpoint.port)}${endpoint.path ?? '/'}`, platform);
  }
}

function ssh({ host, port, user, hostKey }: Endpoint): Program {
  const login = user === undefined ? [] : ['-l', user];
  return { name: 'ssh', args: ['-p', String(port), '-o', `HostKeyAlias=${hostKey}`, ...login, host], terminal: true };
}

function putty({ host, port, user }: Endpoint): Program {
  const login = user === undefined ? [] : ['-l', user];
  return { name: 'putty', args: ['-ssh', '-P', String(port), ...login, host], terminal: false };
}

/** FILE stands for what the user wants to copy. */
function scp({ host, port, user, hostKey }: Endpoint): Program {
  const machine = `${user === undefined ? '' : `${user}@`}${host.includes(':') ? `[${host}]` : host}`;
  return {
    name: 'scp',
    args: ['-P', String(port), '-o', `HostKeyAlias=${hostKey}`, 'FILE', `${machine}:`],
    terminal: true,
  };
}

function rdp({ host, port, user }: Endpoint, platform: NodeJS.Platform): readonly Program[] {
  const machine = hostPort(host, port);
  if (platform === 'win32') return [{ name: 'mstsc', args: [`/v:${machine}`], terminal: false }];
  const freerdp = [`/v:${machine}`, ...(user === undefined ? [] : [`/u:${user}`])];
  const xfreerdp = ['xfreerdp3', 'xfreerdp'].map((name) => ({ name, args: freerdp, terminal: false }));
  if (platform === 'darwin') {
    // The scheme of Microsoft's remote desktop client: attributes of an .rdp file.
    const login = user === undefined ? '' : `&username=s:${encodeURIComponent(user)}`;
    return [{ name: 'open', args: [`rdp://full%20address=s:${machine}${login}`], terminal: false }, ...xfreerdp];
  }
  const login = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  return [...xfreerdp, { name: 'remmina', args: ['-c', `rdp://${login}${machine}`], terminal: false }];
}

function browsers(url: string, platform: NodeJS.Platform): readonly Program[] {
  if (platform === 'darwin') return [{ name: 'open', args: [url], terminal: false }];
  // `start` is a word of the shell; this is what it does with a URL.
  if (platform === 'win32') return [{ name: 'rundll32', args: ['url.dll,FileProtocolHandler', url], terminal: false }];
  return [
    { name: 'xdg-open', args: [url], terminal: false },
    { name: 'gio', args: ['open', url], terminal: false },
    { name: 'firefox', args: [url], terminal: false },
  ];
}

/** The command line as a user would type it. */
export function commandLine({ name, args }: Pick<Program, 'name' | 'args'>, platform: NodeJS.Platform): string {
  const word = platform === 'win32' ? windowsWord : shellWord;
  return [name, ...args].map(word).join(' ');
}

const windowsWord = (text: string): string =>
  /^[\w@%+=:,./\\-]+$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
