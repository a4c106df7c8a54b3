import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const MAIN = join(import.meta.dirname, '../../dist/src/cli/main.js');

async function vlab(...args: string[]): Promise<{ code: number | null; stdout: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'ignore'], env: {} });
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number | null]>]);
  return { code, stdout };
}

describe('vlab completion bash', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-completion-'));
    await writeFile(join(folder, 'vlab'), (await vlab('completion', 'bash')).stdout);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** What a bash that has sourced the script prints. */
  function bash(body: string, ...words: string[]): string {
    const args = ['--norc', '-c', `source ./vlab; ${body}`, 'bash', ...words];
    const { stdout, stderr } = spawnSync('bash', args, { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout;
  }

  /** What it offers for the words, the last of which is being typed. */
  function offered(...words: string[]): string[] {
    const body = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vlab; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return bash(body, ...words)
      .split('\n')
      .filter((line) => line !== '');
  }

  it.each<[string[], string[]]>([
    [
      ['vlab', 'po'],
      ['portmap', 'pool'],
    ],
    [['vlab', 'pool', 'c'], ['create']],
    [['vlab', '--url', 'http://pool', 'sub'], ['subnet']],
    [['vlab', 'show', 'port'], ['portmaps']],
    [
      ['vlab', 'portmap', 'create', '--protocol', ''],
      ['tcp', 'udp', 'ssh', 'rdp', 'https', 'mgmt'],
    ],
    [
      ['vlab', 'connect', 'windows', '-p', 's'],
      ['ssh', 'scp'],
    ],
    [['vlab', 'create', 'windows', '--no'], ['--no-wait']],
    [['vlab', 'create', 'portmap', '-n', 'win1', '--ip'], ['--ip-address']],
    [['vlab', 'delete', 'portmap', '--over'], ['--override-port']],
    [['vlab', 'create', '--name', 'p'], []],
    [['vlab', 'events', '--fo'], ['--follow']],
    [['vlab', 'pool', 'list', '--js'], ['--json']],
    [
      ['vlab', 'quota', 's'],
      ['show', 'set'],
    ],
    [['vlab', 'reservation', 'b'], ['bulk']],
    [['vlab', 'who'], ['whoami']],
    [['vlab', 'lease', 'list', '--sort', 'a'], ['address']],
    [['vlab', 'completion', 'z'], ['zsh']],
  ])('offers for %j: %j', (words, expected) => expect(offered(...words)).toEqual(expected));

  it('completes the command vlab', () => expect(bash('complete -p vlab')).toBe('complete -F _vlab vlab\n'));
});

describe('vlab completion', () => {
  it.each(['bash', 'zsh', 'fish'])('knows every command and option for %s', async (shell) => {
    const { code, stdout } = await vlab('completion', shell);
    expect(code).toBe(0);
    for (const word of ['reservation', 'portmap', 'clear-tags', 'external-address', 'target-port', 'token-file']) {
      expect(stdout).toContain(word);
    }
  });

  it('knows no other shell', async () => {
    expect(await vlab('completion', 'tcsh')).toMatchObject({ code: 2 });
  });
});

describe('vlab --help', () => {
  it.each([
    ...['create', 'connect', 'show', 'delete', 'login', 'status', 'events', 'history', 'completion', 'whoami'],
    ...[
      'portmap',
      'create portmap',
      'delete portmap',
      'pool',
      'subnet create',
      'reservation list',
      'lease',
      'gateway update',
      'quota set',
      'webhook create',
      'reservation bulk',
    ],
  ])('shows %s with examples', async (command) => {
    const words = command.split(' ');
    const { code, stdout } = await vlab(...words, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: vlab ${words.join(' ')} `));
    expect(stdout).toMatch(/\nGlobal Options:\n[^]*\nExamples:\n {2}.*vlab /);
  });
});
