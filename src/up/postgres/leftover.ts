import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandOf, startOf } from '../processes.js';

const STOP_MS = 30_000;

/**
 * Stops the server that a `berth up` which was killed left running on this data, so that the new `up` is the parent of its
 * server again. PostgreSQL stops cleanly (SIGINT: "fast" shutdown); sessions are cut, transactions rolled back.
 */
export async function stopLeftover(dataDirectory: string): Promise<boolean> {
  const pid = serverOf(dataDirectory);
  if (pid === undefined) return false;
  const start = startOf(pid);
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + STOP_MS;
  while (startOf(pid) === start) {
    if (Date.now() > deadline) {
      throw new Error(
        `The PostgreSQL that an earlier berth up left (process ${pid}) does not stop: end it with kill -QUIT ${pid}.`,
      );
    }
    await sleep(50);
  }
  return true;
}

/** Pid of the live server of this data directory. postmaster.pid: line 1 the pid, line 2 the directory. */
function serverOf(dataDirectory: string): number | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  // The file outlives a power cut and the pid may be anybody's by then: it must be a postgres that works on this data.
  const command = Number.isInteger(pid) && pid > 1 ? commandOf(pid) : undefined;
  if (command === undefined || !/(^|\/)postgres /.test(command)) return undefined;
  return lines[1] !== undefined && command.includes(lines[1]) && isSame(lines[1], dataDirectory) ? pid : undefined;
}

function isSame(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}
