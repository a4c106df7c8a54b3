import { EVERYWHERE, type Agent } from './agent.js';
import type { Endpoint } from './endpoint.js';

const SSH_INSTALL =
  'ssh comes with the OpenSSH client (Debian: apt install openssh-client; Windows: Optional features)';

/** `root@192.0.2.10 -p 50000`: what the ssh inside of another program gets. */
const sshWords = ({ host, port, user, hostKey }: Endpoint): readonly string[] => [
  `${user === undefined ? '' : `${user}@`}${host}`,
  ...['-p', String(port), '-o', `HostKeyAlias=${hostKey}`],
];

const login = (flag: string, { user }: Endpoint): readonly string[] => (user === undefined ? [] : [flag, user]);

/** Programs for SSH, the best first. Command lines: contract vlab.md 8.4, with the user and the host key's name added. */
export const TERMINALS: readonly Agent[] = [
  {
    name: 'ssh',
    platforms: EVERYWHERE,
    files: ['ssh'],
    inFolders: ['System32/OpenSSH/ssh.exe', 'Git/usr/bin/ssh.exe'],
    terminal: true,
    args: (endpoint) => {
      const { host, port, hostKey } = endpoint;
      return ['-p', String(port), '-o', `HostKeyAlias=${hostKey}`, ...login('-l', endpoint), host];
    },
    install: SSH_INSTALL,
  },
  {
    name: 'putty',
    platforms: ['win32', 'linux'],
    files: ['putty'],
    inFolders: ['PuTTY/putty.exe'],
    args: (endpoint) => ['-ssh', endpoint.host, '-P', String(endpoint.port), ...login('-l', endpoint)],
    install: 'PuTTY is at https://www.chiark.greenend.org.uk/~sgtatham/putty/ (Debian: apt install putty)',
  },
  {
    name: 'securecrt',
    platforms: EVERYWHERE,
    files: ['SecureCRT', 'securecrt'],
    inFolders: [
      'VanDyke Software/SecureCRT/SecureCRT.exe',
      'VanDyke Software/Clients/SecureCRT.exe',
      'SecureCRT.app/Contents/MacOS/SecureCRT',
    ],
    args: (endpoint) => ['/SSH2', endpoint.host, '/P', String(endpoint.port), ...login('/L', endpoint)],
    install: 'SecureCRT is at https://www.vandyke.com',
  },
  {
    name: 'wt',
    platforms: ['win32'],
    files: ['wt'],
    inFolders: ['Microsoft/WindowsApps/wt.exe'],
    onlyIfAsked: true,
    // A semicolon would begin another command of wt.
    args: (endpoint) => ['new-tab', 'ssh', ...sshWords(endpoint)].map((word) => word.replaceAll(';', '\\;')),
    install: 'Windows Terminal is in the Microsoft Store; it starts the ssh of Windows',
  },
  {
    name: 'gnome-terminal',
    platforms: ['linux'],
    files: ['gnome-terminal'],
    onlyIfAsked: true,
    args: (endpoint) => ['--', 'ssh', ...sshWords(endpoint)],
    install: 'Debian: apt install gnome-terminal openssh-client',
  },
];
