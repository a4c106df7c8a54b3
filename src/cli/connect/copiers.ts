import { hostPort } from '../output/words.js';
import { EVERYWHERE, type Agent } from './agent.js';
import type { Endpoint } from './endpoint.js';

/** `sftp://root:secret@192.0.2.10:50000/`: names are written so that none ends the part it is in. */
function place(scheme: string, { host, port, user, password }: Endpoint): string {
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
  const login = user === undefined ? '' : `${encodeURIComponent(user)}${secret}@`;
  return `${scheme}://${login}${hostPort(host, port)}`;
}

/** What there is to copy: with a colon in front it is on the machine. FILE stands for what the user wants to copy. */
function copied({ host, user, files = ['FILE', ':'] }: Endpoint): readonly string[] {
  const machine = `${user === undefined ? '' : `${user}@`}${host.includes(':') ? `[${host}]` : host}`;
  const all = files.length === 1 ? [...files, files[0]?.startsWith(':') === true ? '.' : ':'] : files;
  // scp takes a colon for the end of a host's name, and a dash for an option.
  return all.map((file) => (file.startsWith(':') ? `${machine}${file}` : /^-|^[^/]*:/.test(file) ? `./${file}` : file));
}

/** Programs for copying files. */
export const COPIERS: readonly Agent[] = [
  {
    name: 'scp',
    platforms: EVERYWHERE,
    files: ['scp'],
    inFolders: ['System32/OpenSSH/scp.exe', 'Git/usr/bin/scp.exe'],
    terminal: true,
    onlyTells: ({ files }) => files === undefined,
    args: (endpoint) => ['-P', String(endpoint.port), '-o', `HostKeyAlias=${endpoint.hostKey}`, ...copied(endpoint)],
    install: 'scp comes with the OpenSSH client (Debian: apt install openssh-client; Windows: Optional features)',
  },
  {
    name: 'winscp',
    platforms: ['win32'],
    files: ['WinSCP', 'winscp'],
    inFolders: ['WinSCP/WinSCP.exe'],
    onlyIfAsked: true,
    args: (endpoint) => [place('scp', endpoint)],
    install: 'WinSCP is at https://winscp.net',
  },
  {
    name: 'filezilla',
    platforms: EVERYWHERE,
    files: ['filezilla'],
    inFolders: ['FileZilla FTP Client/filezilla.exe', 'FileZilla.app/Contents/MacOS/filezilla'],
    onlyIfAsked: true,
    args: (endpoint) => [place('sftp', endpoint)],
    install: 'FileZilla is at https://filezilla-project.org (Debian: apt install filezilla)',
  },
];
