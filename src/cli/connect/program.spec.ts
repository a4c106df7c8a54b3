import { describe, expect, it } from '@jest/globals';
import { programFolders } from '../../platform/config/cli-environment.js';
import { installedFor, programFor, type Machine, type Setting } from './program.js';
import type { Section } from './endpoint.js';

/** A machine with these files and no others. */
const machine = (
  platform: NodeJS.Platform,
  path: string[],
  programs: readonly string[],
  ...files: string[]
): Machine => ({
  platform,
  folders: { path, programs },
  home: '/home/ann',
  isProgram: (file) => files.includes(file),
});
const WINDOWS = programFolders(
  {
    ProgramFiles: 'C:\\Program Files',
    'ProgramFiles(x86)': 'C:\\Program Files (x86)',
    ProgramW6432: 'C:\\Program Files',
    LOCALAPPDATA: 'C:\\Users\\ann\\AppData\\Local',
    SystemRoot: 'C:\\Windows',
  },
  'win32',
  'C:\\Users\\ann',
);
const windows = (...files: string[]): Machine => machine('win32', ['C:\\Windows\\System32'], WINDOWS, ...files);
const linux = (...files: string[]): Machine => machine('linux', ['/usr/local/bin', '/usr/bin'], [], ...files);
const mac = (...files: string[]): Machine =>
  machine('darwin', ['/usr/bin'], programFolders({}, 'darwin', '/Users/ann'), ...files);

const wanted = (section: Section, more: { asked?: string; configured?: Setting } = {}) => ({
  section,
  configFile: 'config.ini',
  ...more,
});
const nameAndFile = (section: Section, on: Machine, more?: { asked?: string; configured?: Setting }) => {
  const { agent, file, typed } = programFor(wanted(section, more), on);
  return [agent.name, file, typed];
};

describe('programFor', () => {
  it('finds the best that is installed: on the PATH by its name, in known folders by its file', () => {
    expect(nameAndFile('SSH', windows('C:\\Windows\\System32\\OpenSSH\\ssh.exe'))).toEqual([
      'ssh',
      'C:\\Windows\\System32\\OpenSSH\\ssh.exe',
      'C:\\Windows\\System32\\OpenSSH\\ssh.exe',
    ]);
    const putty = 'C:\\Program Files (x86)\\PuTTY\\putty.exe';
    expect(nameAndFile('SSH', windows(putty))).toEqual(['putty', putty, putty]);
    expect(nameAndFile('RDP', windows('C:\\Windows\\System32\\mstsc.exe'))).toEqual([
      'mstsc',
      'C:\\Windows\\System32\\mstsc.exe',
      'mstsc',
    ]);
    expect(nameAndFile('RDP', linux('/usr/bin/xfreerdp'))).toEqual(['freerdp', '/usr/bin/xfreerdp', 'xfreerdp']);
    const firefox = '/Applications/Firefox.app/Contents/MacOS/firefox';
    expect(nameAndFile('BROWSER', mac(firefox))).toEqual(['firefox', firefox, firefox]);
  });

  it('takes what only does the same in another window when that is asked for', () => {
    const wt = 'C:\\Users\\ann\\AppData\\Local\\Microsoft\\WindowsApps\\wt.exe';
    const ssh = 'C:\\Windows\\System32\\OpenSSH\\ssh.exe';
    expect(nameAndFile('SSH', windows(ssh, wt))[0]).toBe('ssh');
    expect(nameAndFile('SSH', windows(ssh, wt), { asked: 'wt' })).toEqual(['wt', wt, wt]);
    expect(nameAndFile('SSH', windows(ssh, wt), { configured: { agent: 'wt', location: wt } })).toEqual(['wt', wt, wt]);
  });

  it('takes the configured one where it is said to be, with blanks, by name, or below the home', () => {
    const location = '/opt/My Tools/putty';
    const configured = { agent: 'PuTTY', location };
    expect(nameAndFile('SSH', linux('/usr/bin/ssh', location), { configured })).toEqual(['putty', location, location]);
    expect(
      nameAndFile('SSH', linux('/usr/bin/ssh', '/home/ann/bin/putty'), {
        configured: { agent: 'putty', location: '~/bin/putty' },
      }),
    ).toEqual(['putty', '/home/ann/bin/putty', '/home/ann/bin/putty']);
    expect(
      nameAndFile('BROWSER', linux('/usr/bin/brave'), { configured: { agent: 'brave', location: 'brave' } }),
    ).toEqual(['brave', '/usr/bin/brave', 'brave']);
    expect(nameAndFile('SSH', linux('/usr/bin/ssh', location), { configured, asked: 'ssh' })[0]).toBe('ssh');
    expect(nameAndFile('SSH', linux('/usr/bin/ssh', location), { configured, asked: 'putty' })[1]).toBe(location);
  });

  it('says where it looked, and what to install', () => {
    const { typed, missing } = programFor(wanted('SSH'), windows());
    expect(typed).toBe('ssh');
    expect(missing?.exitCode).toBe(1);
    expect([missing?.message, ...(missing?.hints ?? [])].join('\n')).toMatch(
      /^No program for SSH is installed\.\nLooked for ssh, putty, .* on the PATH, and for\n {2}C:[^]*\\PuTTY\\putty\.exe\n[^]*OpenSSH client[^]*PuTTY is at https/,
    );
    expect(programFor(wanted('RDP'), linux()).missing?.hints.join('\n')).toContain('apt install freerdp3-x11');
  });

  it('says that the configured one is not there, whatever else is', () => {
    const configured = { agent: 'putty', location: '/opt/putty' };
    const { file, missing } = programFor(wanted('SSH', { configured }), linux('/usr/bin/ssh'));
    expect(file).toBeUndefined();
    expect(missing?.message).toBe('SSH client not found at /opt/putty.');
    expect(missing?.hints.join('\n')).toMatch(/^config\.ini says so: "vlab init"[^]*PuTTY is at/);
  });

  it('refuses a configured agent that is none', () => {
    const configured = { agent: 'telnet', location: '/usr/bin/telnet' };
    expect(() => programFor(wanted('SSH', { configured }), linux())).toThrow(
      'config.ini, agent of SSH: "telnet" is no program for SSH here: choose ssh, putty, securecrt, gnome-terminal.',
    );
    expect(programFor(wanted('SSH', { configured, asked: 'ssh' }), linux('/usr/bin/ssh')).file).toBe('/usr/bin/ssh');
  });
});

it('installedFor() lists all that a user may choose from', () => {
  const names = installedFor('SSH', linux('/usr/bin/ssh', '/usr/bin/gnome-terminal')).map(({ agent }) => agent.name);
  expect(names).toEqual(['ssh', 'gnome-terminal']);
});

it('programFolders() has what the environment names, once', () => {
  expect(WINDOWS).toEqual([
    'C:\\Program Files',
    'C:\\Program Files (x86)',
    'C:\\Users\\ann\\AppData\\Local\\Programs',
    'C:\\Users\\ann\\AppData\\Local',
    'C:\\Windows',
  ]);
  expect(programFolders({}, 'win32', 'C:\\')).toEqual([]);
  expect(programFolders({ ProgramFiles: 'C:\\x' }, 'linux', '/home/ann')).toEqual([]);
});
