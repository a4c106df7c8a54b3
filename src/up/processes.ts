import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What the system knows of other processes: from /proc on Linux, from ps elsewhere. */

/**
 * When a process started, as a text that differs for another process of the same pid; undefined when there is none.
 * A pid alone proves nothing: after a crash or a reboot the number belongs to somebody else.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  const stat = readOr(`/proc/${pid}/stat`);
  // proc_pid_stat(5): field 22, counted from behind the command's closing bracket, which itself may hold anything.
  const start = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  // The number counts from boot, so the boot belongs to it.
  return start === undefined ? undefined : `${start}@${readOr('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}`;
}

/** The command line of a process, for people. */
export function commandOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  const words = readOr(`/proc/${pid}/cmdline`)?.split('\0').join(' ').trim();
  return words === undefined || words === '' ? undefined : words.slice(0, 120);
}

/** Who listens on a TCP port, as far as /proc tells this user. */
export function listenerOn(port: number): { pid: number; command: string } | undefined {
  if (process.platform !== 'linux') return undefined;
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(readOr(table) ?? '', port)),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    if (socketsOf(pid).some((inode) => inodes.has(inode))) return { pid, command: commandOf(pid) ?? 'a process' };
  }
  return undefined;
}

/** proc_pid_net(5): columns local_address (hexadecimal address:port), st (0A is LISTEN), inode. */
function listeningInodes(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hex}`) === true)
    .flatMap((columns) => columns[9] ?? []);
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const target = linkOr(`/proc/${pid}/fd/${fd}`);
      return /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1] ?? [];
    });
  } catch {
    return []; // another user's process, or one that has just ended
  }
}

function ps(pid: number, column: string): string | undefined {
  try {
    return execFileSync('ps', ['-o', column, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function linkOr(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
