import { hostPort } from '../output/words.js';
import { type Agent } from './agent.js';
import type { Endpoint } from './endpoint.js';

const machine = ({ host, port }: Endpoint): string => hostPort(host, port);

const FREERDP = 'FreeRDP is at https://www.freerdp.com (Debian: apt install freerdp3-x11; macOS: brew install freerdp)';

const freerdp = (name: string, files: readonly string[]): Agent => ({
  name,
  platforms: ['linux', 'darwin', 'win32'],
  files,
  args: (endpoint) => [`/v:${machine(endpoint)}`, ...(endpoint.user === undefined ? [] : [`/u:${endpoint.user}`])],
  install: FREERDP,
});

/** Programs for RDP, the best first. */
export const DESKTOPS: readonly Agent[] = [
  {
    name: 'mstsc',
    platforms: ['win32'],
    files: ['mstsc'],
    inFolders: ['System32/mstsc.exe'],
    // It takes no user on its command line.
    args: (endpoint) => [`/v:${machine(endpoint)}`, '/w:1920', '/h:1080'],
    install: 'Remote Desktop Connection (mstsc) is a part of Windows',
  },
  {
    name: 'open',
    platforms: ['darwin'],
    files: ['open'],
    // The scheme of Microsoft's remote desktop client: attributes of an .rdp file.
    args: (endpoint) => {
      const login = endpoint.user === undefined ? '' : `&username=s:${encodeURIComponent(endpoint.user)}`;
      return [`rdp://full%20address=s:${machine(endpoint)}${login}`];
    },
    install: "Microsoft's remote desktop client (Windows App) is in the App Store",
  },
  freerdp('freerdp', ['xfreerdp3', 'xfreerdp', 'wfreerdp']),
  {
    name: 'remmina',
    platforms: ['linux'],
    files: ['remmina'],
    args: (endpoint) => {
      const login = endpoint.user === undefined ? '' : `${encodeURIComponent(endpoint.user)}@`;
      return ['-c', `rdp://${login}${machine(endpoint)}`];
    },
    install: 'Debian: apt install remmina',
  },
];

/** The old vlab knew mstsc, and took everything else for something like Remmina (contract vlab.md 8.4). */
export const anyDesktop = (name: string): Agent => ({
  name,
  platforms: ['linux', 'darwin', 'win32'],
  files: [name],
  args: (endpoint) => ['--server', machine(endpoint)],
  install: `"vlab init" finds a program that takes its place`,
});
