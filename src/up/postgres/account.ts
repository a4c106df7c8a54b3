import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** PostgreSQL refuses to run as root, so root starts it as another user, who must reach the programs and the data. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** Capability that lets the account pass directories closed to it, when it needs one. */
  readonly capability?: 'dac_read_search' | 'dac_override';
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** Numbers of the capabilities in /proc/<pid>/status (capabilities(7)). */
const CAPABILITIES = { dac_override: 1, dac_read_search: 2 } as const;

/**
 * The account to run PostgreSQL as; undefined when this process is not root, so may run it itself. No user is created:
 * the owner of existing data, else `postgres`, else `nobody`.
 */
export function chooseAccount(dataDirectory: string, programs: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = ownerOf(dataDirectory) ?? userNamed('postgres') ?? userNamed('nobody');
  if (!owner) {
    throw new Error(
      'PostgreSQL does not run as root, and this system has neither a user "postgres" nor "nobody": run berth up as an ' +
        'ordinary user, or set DATABASE_URL.',
    );
  }
  if ([dataDirectory, programs].every((path) => canReach(owner, path))) return owner;
  const held = heldCapabilities();
  const capability = (['dac_read_search', 'dac_override'] as const).find((name) => held.has(name));
  if (!capability) {
    throw new Error(
      `PostgreSQL does not run as root, and user ${owner.uid} may not enter ${dirname(dataDirectory)} or ${programs}: put the ` +
        'checkout below directories that everybody may enter, or run berth up as an ordinary user.',
    );
  }
  return { ...owner, capability };
}

/**
 * How to start a program as the account. Where a directory above is closed to it (a checkout below root's 0700 home),
 * setpriv(1) leaves it the one capability to pass. access(2), by which PostgreSQL looks for its own programs, drops
 * capabilities of other users than root unless the securebit no_setuid_fixup is set (capabilities(7)).
 *
 * The database server could read any file then; who may ask it to is its superuser alone, whose random password only
 * `up` knows. The API logs in as an ordinary role.
 */
export function launchAs(account: Account | undefined, program: string, args: readonly string[]): Launch {
  if (!account) return { command: program, args };
  const { uid, gid, capability } = account;
  if (!capability) return { command: program, args, uid, gid };
  const identity = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
  const keep = ['--securebits', '+no_setuid_fixup', '--inh-caps', `+${capability}`, '--ambient-caps', `+${capability}`];
  return { command: 'setpriv', args: [...identity, ...keep, '--', program, ...args] };
}

function ownerOf(path: string): Account | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && stat.uid !== 0 ? { uid: stat.uid, gid: stat.gid } : undefined;
}

function userNamed(name: string): Account | undefined {
  const fields = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([user]) => user === name);
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  return uid > 0 && gid > 0 ? { uid, gid } : undefined;
}

/** Whether the account may search every directory above the path, judged by mode bits. */
function canReach({ uid, gid }: Account, path: string): boolean {
  for (
    let directory = dirname(path), last = path;
    directory !== last;
    last = directory, directory = dirname(directory)
  ) {
    const stat = statSync(directory);
    const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
    if ((stat.mode & bit) === 0) return false;
  }
  return true;
}

function heldCapabilities(): Set<keyof typeof CAPABILITIES> {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return new Set(); // not Linux
  }
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const names = Object.keys(CAPABILITIES) as (keyof typeof CAPABILITIES)[];
  return new Set(names.filter((name) => (held >> BigInt(CAPABILITIES[name])) & 1n));
}
