import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkedPrograms, programsIn, readPrograms, writePrograms } from './programs-file.js';

/** As Python's configparser writes it. */
const OLD = `[SSH]
agent = putty
location = C:\\Program Files\\PuTTY\\putty.exe

[RDP]
agent = mstsc
location = C:\\Windows\\System32\\mstsc.exe

[BROWSER]
Agent: chrome
Location: C:\\Program Files (x86)\\Google\\Chrome\\100%% # chrome.exe

[SCP]
agent = scp
location = scp

[CONSOLE]
agent = vmrc
location =
`;

describe('programsIn', () => {
  it('reads what the vlab before this one wrote', () => {
    expect(programsIn(OLD)).toEqual({
      faults: [],
      programs: {
        SSH: { agent: 'putty', location: 'C:\\Program Files\\PuTTY\\putty.exe' },
        RDP: { agent: 'mstsc', location: 'C:\\Windows\\System32\\mstsc.exe' },
        BROWSER: { agent: 'chrome', location: 'C:\\Program Files (x86)\\Google\\Chrome\\100%% # chrome.exe' },
        SCP: { agent: 'scp', location: 'scp' },
        CONSOLE: { agent: 'vmrc', location: '' },
      },
    });
  });

  it('reads Windows line ends, comments, quotes, and leaves sections of others alone', () => {
    const { programs, faults } = programsIn(
      '\ufeff; mine\r\n[ssh]\r\nagent=ssh\r\nlocation="/opt/a b/ssh"\r\n[OTHER]\r\nx=1\r\n',
    );
    expect({ programs, faults }).toEqual({ programs: { SSH: { agent: 'ssh', location: '/opt/a b/ssh' } }, faults: [] });
  });

  it('takes a section without agent and location for one where a program is found by itself', () => {
    expect(programsIn('[SSH]\nagent =\nlocation =\n[RDP]\n')).toEqual({ programs: {}, faults: [] });
  });

  it.each([
    ['agent = x', 'line 1: it must begin with a section such as [SSH]'],
    ['[SSH]\nputty', 'line 2: it must be like name = value'],
    ['[SSH]\nagent = a\nagent = b', 'line 3: agent stands there twice'],
    ['[SSH]\nagent = a\n[SSH]', 'line 3: [SSH] stands there twice'],
    ['[SSH]\nlocation = /x', '[SSH] has a location, but no agent'],
    ['[SSH]\nagent = a\n  b', '[SSH] has more than one line for a value'],
  ])('says what is wrong with %j, and keeps the rest', (text, fault) => {
    const { faults, programs } = programsIn(`${text}\n[RDP]\nagent = mstsc\n`);
    expect([faults, programs.RDP]).toEqual([[fault], { agent: 'mstsc', location: '' }]);
  });
});

describe('the file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'berth-programs-')), '.vlab');
  });
  afterEach(() => rm(join(folder, '..'), { recursive: true }));

  it('is for its owner only, has all five sections, and reads as it was written', async () => {
    const programs = { SSH: { agent: 'putty', location: 'C:\\a b\\putty.exe' } };
    const file = writePrograms(folder, programs);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await readFile(file, 'utf8')).match(/^\[.*\]$/gm)).toEqual([
      '[SSH]',
      '[RDP]',
      '[BROWSER]',
      '[SCP]',
      '[CONSOLE]',
    ]);
    expect(checkedPrograms(folder)).toEqual(programs);
  });

  it('may be missing; a damaged one is told with how to repair it', async () => {
    expect([readPrograms(folder), checkedPrograms(folder)]).toEqual([undefined, {}]);
    await writeFile(writePrograms(folder, {}), 'agent = x');
    expect(() => checkedPrograms(folder)).toThrow('config.ini is damaged');
  });
});
