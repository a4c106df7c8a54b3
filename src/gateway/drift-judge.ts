import type { DriftOutcome, ObservedDrift, ObservedMap } from '../contract/desired-state.js';
import { DRIFT_LIMITS } from '../contract/desired-state.js';
import { mapsOf, type Bucket, type Desired } from './firewall/desired.js';
import type { Scope } from './firewall/firewall.js';
import { mapsIn, type Plan } from './firewall/plan.js';
import { DRIFT_REASON, foreignHands } from './reports.js';
import { RepairLimit } from './repair-limit.js';
import type { Log } from './settings.js';

const FRAME = 'the hooks and chains that lead to port maps';

/** What is not to be repaired, since another program undoes every repair, and until when. */
export interface Contest {
  buckets: ReadonlySet<Bucket>;
  frame: boolean;
  /** Milliseconds since 1970. */
  until: number;
}

/** What was found changed by somebody else, and what is to be done about it. */
export interface Judgement {
  /** The maps that are not as wanted now, as they are to be reported. */
  maps: ObservedMap[];
  contest: Contest | undefined;
  /** The finding, once it is known how it ended. */
  finding: (outcome: DriftOutcome) => ObservedDrift;
}

/** Tells drift from our own changes, names who did it when the kernel said so, and notices a fight. */
export class DriftJudge {
  private readonly repairs = new RepairLimit();
  private lastAt = 0;
  /** Program that was last seen to change rules of ours. */
  private program: string | undefined;

  constructor(private readonly log: Log) {}

  suspect(program: string | undefined): void {
    if (program !== undefined) this.program = program;
  }

  /**
   * `drift`: parts that differ from what was last read back. `plan`: what would put them right; with nothing to put right
   * somebody undid his own change, and undefined is the answer. `verified`: rule ids that were in place.
   */
  judge(desired: Desired, drift: Scope, plan: Plan, verified: ReadonlySet<string>): Judgement | undefined {
    const things = [...drift.buckets, ...(drift.frame ? [FRAME] : [])];
    if (things.length === 0 || plan.adds.length + plan.removes.length === 0) return undefined;
    const program = this.program;
    this.program = undefined;
    const concerned = drift.frame ? mapsOf(desired) : mapsIn(desired, drift.buckets);
    const drifted = [...concerned].filter((map) => verified.has(map.ruleId) && !plan.inPlace.has(map.ruleId));
    const found = plan.rewrites.map(({ chain, because }) => `${chain}: ${because.slice(0, 3).join('; ')}`);
    if (found.length === 0) found.push(...plan.adds.map((line) => `missing: ${line}`));
    const lines = found.slice(0, DRIFT_LIMITS.lines).map((line) => line.slice(0, DRIFT_LIMITS.line));
    this.log('warn', `drift: rules of Berth were changed by ${foreignHands(program)}`, {
      maps: drifted.length,
      ...(program !== undefined && { program }),
      found: lines.slice(0, 10),
    });
    const { contested, until } = this.repairs.admit(things, Date.now());
    if (contested.size > 0) {
      this.log('error', 'alarm: another program undoes every repair, which is stopped for a minute', {
        contested: [...contested],
        program: program ?? 'unknown',
      });
    }
    // Two findings of a gateway are told apart by their time.
    this.lastAt = Math.max(Date.now(), this.lastAt + 1);
    const at = new Date(this.lastAt).toISOString();
    const reason = DRIFT_REASON(program);
    return {
      maps: drifted.map(({ id, ruleId }) => ({ id, ruleId, status: 'drifted', reason })),
      contest:
        contested.size === 0
          ? undefined
          : { buckets: new Set([...contested].filter((thing) => thing !== FRAME)), frame: contested.has(FRAME), until },
      finding: (outcome) => ({ at, program: program ?? null, found: lines, maps: drifted.length, outcome }),
    };
  }
}
