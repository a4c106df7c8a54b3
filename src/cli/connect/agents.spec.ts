import { describe, expect, it } from '@jest/globals';
import { agentNamed, agentsFor } from './agents.js';
import type { ConnectProtocol } from './choose.js';
import { sectionOf, type Endpoint, type Section } from './endpoint.js';
import { commandLine } from './quoting.js';

const V4 = { host: '192.0.2.10', port: 50000, hostKey: 'key', user: 'ann' };
const V6 = { ...V4, host: '2001:db8::10' };
const KEY = '-o HostKeyAlias=key';

/** What is taken by itself, in order, as a user would type it. */
const lines = (platform: NodeJS.Platform, endpoint: Endpoint): string[] =>
  agentsFor(sectionOf(endpoint), platform)
    .filter(({ onlyIfAsked }) => onlyIfAsked !== true)
    .map((agent) => commandLine(agent.name, agent.args(endpoint), 'posix'));

/** The arguments of the program that `config.ini` or --with names. */
const args = (section: Section, name: string, platform: NodeJS.Platform, endpoint: Omit<Endpoint, 'protocol'>) =>
  agentNamed(section, name, platform, 'test').args({ protocol: 'ssh', ...endpoint });

describe('agentsFor', () => {
  it.each<[NodeJS.Platform, ConnectProtocol, string[]]>([
    [
      'linux',
      'ssh',
      [
        `ssh -p 50000 ${KEY} -l ann 192.0.2.10`,
        'putty -ssh 192.0.2.10 -P 50000 -l ann',
        'securecrt /SSH2 192.0.2.10 /P 50000 /L ann',
      ],
    ],
    ['darwin', 'ssh', [`ssh -p 50000 ${KEY} -l ann 192.0.2.10`, 'securecrt /SSH2 192.0.2.10 /P 50000 /L ann']],
    [
      'win32',
      'ssh',
      [
        `ssh -p 50000 ${KEY} -l ann 192.0.2.10`,
        'putty -ssh 192.0.2.10 -P 50000 -l ann',
        'securecrt /SSH2 192.0.2.10 /P 50000 /L ann',
      ],
    ],
    ['linux', 'scp', [`scp -P 50000 ${KEY} FILE ann@192.0.2.10:`]],
    ['linux', 'rdp', ['freerdp /v:192.0.2.10:50000 /u:ann', 'remmina -c rdp://ann@192.0.2.10:50000']],
    [
      'darwin',
      'rdp',
      [`open 'rdp://full%20address=s:192.0.2.10:50000&username=s:ann'`, 'freerdp /v:192.0.2.10:50000 /u:ann'],
    ],
    ['win32', 'rdp', ['mstsc /v:192.0.2.10:50000 /w:1920 /h:1080', 'freerdp /v:192.0.2.10:50000 /u:ann']],
    [
      'linux',
      'https',
      [
        'xdg-open https://192.0.2.10:50000/',
        'gio open https://192.0.2.10:50000/',
        'firefox --new-window https://192.0.2.10:50000/',
        'chrome --new-window https://192.0.2.10:50000/',
      ],
    ],
    [
      'win32',
      'mgmt',
      [
        'rundll32 url.dll,FileProtocolHandler https://192.0.2.10:50000/',
        'firefox --new-window https://192.0.2.10:50000/',
        'chrome --new-window https://192.0.2.10:50000/',
      ],
    ],
  ])('on %s for %s', (platform, protocol, expected) => {
    expect(lines(platform, { ...V4, protocol })).toEqual(expected);
  });
});

describe('agentNamed', () => {
  it.each<[Section, string, NodeJS.Platform, string[]]>([
    ['SSH', 'putty', 'win32', ['-ssh', '192.0.2.10', '-P', '50000', '-l', 'ann']],
    ['SSH', 'SecureCRT', 'win32', ['/SSH2', '192.0.2.10', '/P', '50000', '/L', 'ann']],
    ['SSH', 'wt', 'win32', ['new-tab', 'ssh', 'ann@192.0.2.10', '-p', '50000', '-o', 'HostKeyAlias=key']],
    ['SSH', 'gnome-terminal', 'linux', ['--', 'ssh', 'ann@192.0.2.10', '-p', '50000', '-o', 'HostKeyAlias=key']],
    ['RDP', 'mstsc', 'win32', ['/v:192.0.2.10:50000', '/w:1920', '/h:1080']],
    ['RDP', 'remmina', 'linux', ['-c', 'rdp://ann@192.0.2.10:50000']],
    ['RDP', 'my-desktop', 'linux', ['--server', '192.0.2.10:50000']],
    ['BROWSER', 'chrome', 'win32', ['--new-window', 'https://192.0.2.10:50000/']],
    ['BROWSER', 'my-browser', 'linux', ['--new-window', 'https://192.0.2.10:50000/']],
    ['SCP', 'winscp', 'win32', ['scp://ann@192.0.2.10:50000']],
    ['SCP', 'filezilla', 'darwin', ['sftp://ann@192.0.2.10:50000']],
  ])('%s by %s on %s', (section, name, platform, expected) => {
    expect(args(section, name, platform, V4)).toEqual(expected);
  });

  it('knows no program that is not there, or not for this platform', () => {
    expect(() => agentNamed('SSH', 'putty', 'darwin', '--with')).toThrow(
      '--with: "putty" is no program for SSH here: choose ssh, securecrt.',
    );
    expect(() => agentNamed('SCP', 'cyberduck', 'win32', 'x')).toThrow('choose scp, winscp, filezilla');
    expect(() => agentNamed('BROWSER', '../x', 'linux', 'x')).toThrow('is no program for BROWSER');
  });
});

describe('addresses and names', () => {
  it('IPv6 addresses are in brackets where a port follows', () => {
    expect(args('SSH', 'ssh', 'linux', V6).at(-1)).toBe('2001:db8::10');
    expect(args('SSH', 'putty', 'win32', V6).slice(0, 4)).toEqual(['-ssh', '2001:db8::10', '-P', '50000']);
    expect(args('SSH', 'wt', 'win32', V6)[2]).toBe('ann@2001:db8::10');
    expect(args('RDP', 'mstsc', 'win32', V6)[0]).toBe('/v:[2001:db8::10]:50000');
    expect(args('RDP', 'freerdp', 'linux', V6)[0]).toBe('/v:[2001:db8::10]:50000');
    expect(args('RDP', 'remmina', 'linux', V6)[1]).toBe('rdp://ann@[2001:db8::10]:50000');
    expect(args('BROWSER', 'firefox', 'linux', V6)[1]).toBe('https://[2001:db8::10]:50000/');
    expect(args('SCP', 'winscp', 'win32', V6)).toEqual(['scp://ann@[2001:db8::10]:50000']);
    expect(args('SCP', 'scp', 'linux', V6).at(-1)).toBe('ann@[2001:db8::10]:');
  });

  it('a strange user stays one argument, and one part of a URL', () => {
    const strange = { ...V4, user: 'CORP\\ann;$(reboot)&x@y', password: 'p:/@?' };
    expect(args('SSH', 'ssh', 'linux', strange)).toContain(strange.user);
    expect(args('SSH', 'gnome-terminal', 'linux', strange)).toContain(`${strange.user}@192.0.2.10`);
    expect(args('SSH', 'wt', 'win32', strange)).toContain('CORP\\ann\\;$(reboot)&x@y@192.0.2.10');
    const encoded = 'CORP%5Cann%3B%24(reboot)%26x%40y';
    expect(args('RDP', 'remmina', 'linux', strange)[1]).toBe(`rdp://${encoded}@192.0.2.10:50000`);
    expect(args('SCP', 'winscp', 'win32', strange)).toEqual([`scp://${encoded}:p%3A%2F%40%3F@192.0.2.10:50000`]);
  });

  it('leaves the user out where there is none', () => {
    const nobody = { host: '192.0.2.10', port: 50000, hostKey: 'key' };
    expect(args('SSH', 'ssh', 'linux', nobody)).not.toContain('-l');
    expect(args('SSH', 'wt', 'win32', nobody)[2]).toBe('192.0.2.10');
    expect(args('SCP', 'filezilla', 'linux', nobody)).toEqual(['sftp://192.0.2.10:50000']);
  });

  it('a page begins where its kind says', () => {
    expect(args('BROWSER', 'firefox', 'linux', { ...V4, path: '/dtlt/home.html' })[1]).toBe(
      'https://192.0.2.10:50000/dtlt/home.html',
    );
  });

  it('a console is a URL for vmrc, or a page', () => {
    const vmrc = { ...V4, protocol: 'console', console: 'vmrc://vcenter.example/?moid=vm-1' } as const;
    expect([sectionOf(vmrc), lines('win32', vmrc)]).toEqual(['CONSOLE', [`vmrc 'vmrc://vcenter.example/?moid=vm-1'`]]);
    const page = { ...vmrc, console: 'https://vcenter.example/ui' };
    expect([sectionOf(page), lines('darwin', page)[0]]).toEqual(['BROWSER', 'open https://vcenter.example/ui']);
  });
});

describe('scp', () => {
  const copy = (...files: string[]): readonly string[] => args('SCP', 'scp', 'linux', { ...V4, files }).slice(4);

  it.each<[string[], string[]]>([
    [['a'], ['a', 'ann@192.0.2.10:']],
    [[':a'], ['ann@192.0.2.10:a', '.']],
    [
      ['a b', 'c', ':/tmp/'],
      ['a b', 'c', 'ann@192.0.2.10:/tmp/'],
    ],
    [
      [':/etc/hosts', ':/etc/fstab', 'here'],
      ['ann@192.0.2.10:/etc/hosts', 'ann@192.0.2.10:/etc/fstab', 'here'],
    ],
    [
      ['-r', 'x:y', 'dir/x:y'],
      ['./-r', './x:y', 'dir/x:y'],
    ],
  ])('copies %j', (files, expected) => expect(copy(...files)).toEqual(expected));

  it('only tells what to type when there is nothing to copy', () => {
    const scp = agentNamed('SCP', 'scp', 'linux', 'x');
    expect(scp.onlyTells?.({ ...V4, protocol: 'scp' })).toBe(true);
    expect(scp.onlyTells?.({ ...V4, protocol: 'scp', files: ['a'] })).toBe(false);
  });
});
