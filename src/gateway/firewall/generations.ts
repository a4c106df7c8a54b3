import type { Bucket } from './desired.js';
import type { Scope } from './firewall.js';

/**
 * Reads what `nft monitor` prints: a line for each change, and after the lines of one commit
 *
 *     # new generation 3669 by process 12664 (iptables-restor)
 *
 * with the process that made it (its name cut at 15 characters by the kernel). iptables-nft is shown like nft itself.
 */

/** Which part of ours a change may concern, in the names of one backend. */
export type Touches = (family: string, table: string, kind: string, name: string, line: string) => Part | undefined;
/** A bucket, the frame, or everything. */
export type Part = { bucket: Bucket } | 'frame' | 'anything';

export interface Generation {
  pid: number;
  program: string;
  parts: Part[];
}

const LINE = /^(\w+) (table|chain|rule|set|map|element|flowtable|counter|\w+) (ip6?|inet) (\S+)(?: (\S+))?/;
const GENERATION = /^# new generation \d+ by process (\d+) \((.*)\)$/;
/** Too much came at once for it; what was lost may concern anything. */
const LOST = /We lost some netlink events/;

/** Changes in the table `ip berth` or `ip6 berth`. */
export const touchesNft: Touches = (_family, table, kind, name) => {
  if (table !== 'berth') return undefined;
  if (kind === 'table') return 'anything';
  const shard = kind === 'element' ? /^[mf](\d+)$/.exec(name)?.[1] : undefined;
  return shard === undefined ? 'frame' : { bucket: `m${shard}` };
};

/** Changes in the chains that the iptables backend owns or hooks. A rule that others add to a hooked chain is theirs. */
export const touchesIptables: Touches = (family, table, kind, name, line) => {
  if (family === 'inet' || (table !== 'nat' && table !== 'filter')) return undefined;
  if (kind === 'table') return line.startsWith('delete') ? 'anything' : undefined;
  if (table === 'nat' && /^BERTH-[TU][0-9A-F]{2}$/.test(name)) return { bucket: name };
  if (name.startsWith('BERTH-')) return 'frame';
  const hooked = table === 'nat' ? /^(?:PREROUTING|POSTROUTING)$/ : /^FORWARD$/;
  // A deletion does not say what was deleted.
  if (!hooked.test(name) || !/^(?:delete|replace) | (?:jump|goto) BERTH-/.test(line)) return undefined;
  return 'frame';
};

export class Generations {
  private parts: Part[] = [];

  constructor(private readonly touches: Touches) {}

  /** Takes in one line; answers with the generation that it ends. */
  read(line: string): Generation | undefined {
    if (LOST.test(line)) this.parts.push('anything');
    const [, pid, program] = GENERATION.exec(line) ?? [];
    if (pid !== undefined && program !== undefined) {
      const parts = this.parts;
      this.parts = [];
      return { pid: Number(pid), program, parts };
    }
    const [, , kind = '', family = '', table = '', name = ''] = LINE.exec(line) ?? [];
    const part = this.touches(family, table, kind, name, line);
    if (part !== undefined && this.parts.at(-1) !== 'anything') this.parts.push(part);
    return undefined;
  }
}

/** Several parts as one suspicion. */
export function suspicionOf(parts: readonly Part[]): Scope | 'anything' {
  if (parts.includes('anything')) return 'anything';
  const buckets = new Set(parts.flatMap((part) => (typeof part === 'object' ? [part.bucket] : [])));
  return { buckets, frame: parts.includes('frame') };
}
