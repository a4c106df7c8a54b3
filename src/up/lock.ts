import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { codeOf, Home } from './home.js';
import { startOf } from './processes.js';

const NAME = 'up.lock';

/**
 * Makes sure that one `berth up` works in a home at a time; returns what gives the lock back. The lock of a process
 * that is gone (kill -9, power cut) does not count.
 */
export function lockHome(home: Home): () => void {
  const mine = `${process.pid} ${startOf(process.pid) ?? ''}\n`;
  const lock = home.file(NAME);
  for (let attempt = 1; attempt <= 3; attempt++) {
    if (create(home, mine)) return () => release(lock, mine);
    const held = home.read(NAME);
    if (held === undefined) continue; // given back this moment
    const [pid = '', ...start] = held.trim().split(' ');
    if (/^\d+$/.test(pid) && start.join(' ') !== '' && startOf(Number(pid)) === start.join(' ')) {
      throw new Error(
        `berth up already runs in ${home.path} (process ${pid}): use that one, stop it with kill ${pid}, or set BERTH_HOME and ` +
          'PORT to run another.',
      );
    }
    takeAway(lock, held);
  }
  throw new Error(`Another berth up is starting in ${home.path}: wait for it, or try again.`);
}

/** The lock appears with its content or not at all, which open with O_EXCL and a later write would not give. */
function create(home: Home, content: string): boolean {
  const draft = home.file(`${NAME}.${process.pid}`);
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, home.file(NAME));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft);
  }
}

/** Two may find the same stale lock; the slower must not remove the lock that the faster has made by then. */
function takeAway(lock: string, stale: string): void {
  const aside = `${lock}.stale.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (readFileSync(aside, 'utf8') !== stale) linkSync(aside, lock);
    rmSync(aside);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  }
}

function release(lock: string, mine: string): void {
  try {
    if (readFileSync(lock, 'utf8') === mine) rmSync(lock);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
