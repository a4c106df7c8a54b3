import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Home } from './home.js';
import { lockHome } from './lock.js';
import { startOf } from './processes.js';

describe('lockHome', () => {
  let home: Home;
  beforeEach(async () => {
    home = Home.open(await mkdtemp(join(tmpdir(), 'berth-lock-')));
  });
  afterEach(() => rm(home.path, { recursive: true }));

  it('is held by one at a time', () => {
    const unlock = lockHome(home);
    expect(() => lockHome(home)).toThrow(`berth up already runs in ${home.path} (process ${process.pid})`);
    unlock();
    expect(existsSync(home.file('up.lock'))).toBe(false);
    lockHome(home)();
  });

  it.each([
    ['a process that is gone', () => '4194304 1@boot'],
    ['another process that has the pid now', () => `${process.pid} 1@boot`],
    ['another boot', () => `${process.pid} ${startOf(process.pid)!.split('@')[0]!}@other`],
    ['nobody: it is garbage', () => 'x'],
  ])('does not respect the lock of %s', async (_, content) => {
    await writeFile(home.file('up.lock'), `${content()}\n`);
    lockHome(home)();
  });

  it('gives back only its own lock', async () => {
    const unlock = lockHome(home);
    await writeFile(home.file('up.lock'), 'somebody else\n');
    unlock();
    expect(home.read('up.lock')).toBe('somebody else\n');
  });
});
