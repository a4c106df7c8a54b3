import { describe, expect, it } from '@jest/globals';
import type { ConnectProtocol } from './choose.js';
import { commandLine, programsFor, type Endpoint } from './programs.js';

const V4 = { host: '192.0.2.10', port: 50000, hostKey: 'key' };
const V6 = { host: '2001:db8::10', port: 50000, hostKey: 'key' };

/** The command lines that would be tried, in order. */
const lines = (platform: NodeJS.Platform, endpoint: Endpoint): string[] =>
  programsFor(endpoint, platform).map((program) => commandLine(program, platform));

describe('programsFor', () => {
  it.each<[NodeJS.Platform, ConnectProtocol, string[]]>([
    ['linux', 'ssh', ['ssh -p 50000 -o HostKeyAlias=key -l ann 192.0.2.10']],
    ['darwin', 'ssh', ['ssh -p 50000 -o HostKeyAlias=key -l ann 192.0.2.10']],
    ['win32', 'ssh', ['ssh -p 50000 -o HostKeyAlias=key -l ann 192.0.2.10', 'putty -ssh -P 50000 -l ann 192.0.2.10']],
    ['linux', 'scp', ['scp -P 50000 -o HostKeyAlias=key FILE ann@192.0.2.10:']],
    [
      'linux',
      'rdp',
      [
        'xfreerdp3 /v:192.0.2.10:50000 /u:ann',
        'xfreerdp /v:192.0.2.10:50000 /u:ann',
        'remmina -c rdp://ann@192.0.2.10:50000',
      ],
    ],
    [
      'darwin',
      'rdp',
      [
        `open 'rdp://full%20address=s:192.0.2.10:50000&username=s:ann'`,
        'xfreerdp3 /v:192.0.2.10:50000 /u:ann',
        'xfreerdp /v:192.0.2.10:50000 /u:ann',
      ],
    ],
    ['win32', 'rdp', ['mstsc /v:192.0.2.10:50000']],
    [
      'linux',
      'https',
      ['xdg-open https://192.0.2.10:50000/', 'gio open https://192.0.2.10:50000/', 'firefox https://192.0.2.10:50000/'],
    ],
    ['darwin', 'https', ['open https://192.0.2.10:50000/']],
    ['win32', 'https', ['rundll32 url.dll,FileProtocolHandler https://192.0.2.10:50000/']],
    ['darwin', 'mgmt', ['open https://192.0.2.10:50000/']],
  ])('on %s for %s', (platform, protocol, expected) => {
    expect(lines(platform, { ...V4, protocol, user: 'ann' })).toEqual(expected);
  });

  it('puts IPv6 addresses into brackets where a port follows', () => {
    expect(lines('linux', { ...V6, protocol: 'ssh' })).toEqual(['ssh -p 50000 -o HostKeyAlias=key 2001:db8::10']);
    expect(lines('linux', { ...V6, protocol: 'scp', user: 'a' })[0]).toMatch(/ FILE 'a@\[2001:db8::10\]:'$/);
    expect(programsFor({ ...V6, protocol: 'rdp' }, 'linux')[0]?.args).toEqual(['/v:[2001:db8::10]:50000']);
    expect(programsFor({ ...V6, protocol: 'https' }, 'darwin')[0]?.args).toEqual(['https://[2001:db8::10]:50000/']);
  });

  it('keeps a strange user one argument', () => {
    const user = 'CORP\\ann;$(reboot)&x';
    expect(programsFor({ ...V4, protocol: 'ssh', user }, 'linux')[0]?.args).toContain(user);
    expect(programsFor({ ...V4, protocol: 'rdp', user }, 'linux')[2]?.args[1]).toBe(
      'rdp://CORP%5Cann%3B%24(reboot)%26x@192.0.2.10:50000',
    );
    expect(lines('linux', { ...V4, protocol: 'ssh', user })[0]).toContain(`-l 'CORP\\ann;$(reboot)&x' `);
    expect(lines('win32', { ...V4, protocol: 'ssh', user: 'a b' })[0]).toContain('-l "a b" ');
  });

  it('keeps only terminal programs in the terminal', () => {
    const terminal = (platform: NodeJS.Platform, protocol: ConnectProtocol): boolean[] =>
      programsFor({ ...V4, protocol }, platform).map((program) => program.terminal);
    expect(terminal('win32', 'ssh')).toEqual([true, false]);
    expect(terminal('linux', 'rdp')).toEqual([false, false, false]);
  });
});
