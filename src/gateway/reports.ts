import type { DesiredMap, ObservedMap } from '../contract/desired-state.js';
import type { Bucket } from './firewall/desired.js';
import type { Plan } from './firewall/plan.js';
import type { Log } from './settings.js';

export const PLAN_MODE_REASON = 'the gateway is in plan mode: it shows what it would do and changes nothing';

export const foreignHands = (program: string | undefined): string =>
  program === undefined ? 'somebody else' : `another program (${program})`;
export const DRIFT_REASON = (program: string | undefined): string =>
  `its rules in the kernel were changed or removed by ${foreignHands(program)}; they are being repaired`;

export const FRAME_CONTESTED =
  'another program undoes every repair of the hooks and chains that lead to port maps; they are left alone for a minute';
export const CONTESTED_REASON =
  'another program undoes every repair of its rules; they are left alone for a minute: find that program';

export const pendingInPlanMode = ({ id, ruleId }: DesiredMap): ObservedMap => ({
  id,
  ruleId,
  status: 'pending',
  reason: PLAN_MODE_REASON,
});

/** A pass that ended with the plan not applied; `inPlace` tells which maps' rules are there all the same. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    message: string,
    readonly inPlace: ReadonlySet<string>,
    /** The buckets that `inPlace` speaks of; all when absent. */
    readonly buckets?: ReadonlySet<Bucket>,
  ) {
    super(message);
  }
}

/** The log of a loop that meets the same thing again and does not say it again. */
export class Saying {
  private last = '';
  private readonly warned = new Set<string>();

  constructor(private readonly log: Log) {}

  once(level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void {
    const saying = JSON.stringify([message, fields]);
    if (saying === this.last) return;
    this.last = saying;
    this.log(level, message, fields);
  }

  /** Each warning once in the life of the process: nothing is done about it. */
  warnings(warnings: readonly string[]): void {
    for (const warning of warnings) {
      if (!this.warned.has(warning)) this.log('warn', warning);
      this.warned.add(warning);
    }
  }

  reset(): void {
    this.last = '';
  }
}

/** What a plan is about to do, or would do, in one line. */
export function sayPlan(saying: Saying, plan: Plan, what: string): void {
  if (plan.refusal !== null) saying.once('error', plan.refusal);
  const { added, removed } = plan.maps;
  saying.once('info', `${what} generation ${plan.generation}: ${added} map rules more, ${removed} less`, {
    plan: plan.hash,
    rules: plan.adds.length + plan.removes.length,
    rewrites: plan.rewrites.length,
    flows: plan.flows.length,
  });
}
