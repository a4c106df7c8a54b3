import type { ReachabilityState } from '../../contract/reachability.js';

/** Contrary results that are needed at first, of so many looks; each change lately doubles them, up to the most. */
const NEEDED = 2;
const MOST_NEEDED = 16;
/** Agreeing results in a row that make one earlier change forgotten. */
const CALM = 8;

/** What is held true of an address, and what speaks against it. */
export interface Verdict {
  readonly state: ReachabilityState;
  /** The latest results, newest in the lowest bit: 1 speaks against the state. */
  readonly contrary: number;
  /** Changes that are not forgotten yet. */
  readonly changes: number;
  /** Agreeing results in a row. */
  readonly calm: number;
}

export const UNKNOWN: Verdict = { state: 'unknown', contrary: 0, changes: 0, calm: 0 };

/** How many contrary results change the state now, of the latest half as many more. */
export const needed = ({ changes }: Verdict): number => Math.min(NEEDED * 2 ** changes, MOST_NEEDED);

/**
 * The verdict after one more look. The first look decides at once; later `needed` contrary results of the latest 1.5 times
 * as many must be there, so one lost packet, or one answer of a dying machine, changes nothing, and what changes often must
 * be sure of itself for longer and longer.
 */
export function judge(verdict: Verdict, answers: boolean): Verdict {
  const now: ReachabilityState = answers ? 'reachable' : 'unreachable';
  if (verdict.state === 'unknown') return { ...UNKNOWN, state: now };
  const window = Math.floor(needed(verdict) * 1.5);
  const against = now !== verdict.state;
  const contrary = ((verdict.contrary << 1) | (against ? 1 : 0)) & (2 ** window - 1);
  if (bitsIn(contrary) >= needed(verdict)) {
    return { state: now, contrary: 0, changes: Math.min(verdict.changes + 1, 3), calm: 0 };
  }
  const calm = against ? 0 : verdict.calm + 1;
  if (calm < CALM) return { ...verdict, contrary, calm };
  return { ...verdict, contrary, calm: 0, changes: Math.max(0, verdict.changes - 1) };
}

/** True while something speaks against the state: the next look should come soon. */
export const inDoubt = ({ contrary }: Verdict): boolean => contrary !== 0;

function bitsIn(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
