import type { DesiredState, GatewayMode, ObservedMap, StatusReport } from '../contract/desired-state.js';
import type { Family } from '../ip/address.js';
import { FirewallError, type Firewall } from './firewall/firewall.js';
import { allFlows, isEmpty, liveRuleIds, mapRules, plan, planRemoval, type Plan } from './firewall/plan.js';
import { holdsAnything, type Live } from './firewall/live.js';
import { familyOf } from './firewall/ruleset.js';
import type { Log } from './settings.js';
import { Backoff, Wakeable } from '../platform/loop/wakeable.js';

export const PLAN_MODE_REASON = 'the gateway is in plan mode: it shows what it would do and changes nothing';
const DRIFT_REASON = 'its rules in the kernel were changed or removed by somebody else; they are being repaired';
/** Somebody may write in the same moment as we do; who writes again each time is not fought within one pass. */
const ATTEMPTS = 3;

export interface ReconcilerOptions {
  firewall: Firewall;
  mode: GatewayMode;
  recheckMs: number;
  force: boolean;
  log: Log;
  /** Called with the standing of every map of the desired state, after each pass. */
  report: (report: StatusReport) => void;
}

/**
 * The one writer of a kernel. Level-triggered: each pass starts from the latest desired state and from what the kernel
 * holds, never from what earlier passes did, so a crash, a lost wake-up or a rule somebody else deleted all end the same
 * way. What arrives during a pass becomes the next one.
 */
export class Reconciler {
  private desired: DesiredState | undefined;
  private readonly wake = new Wakeable();
  private readonly backoff = new Backoff();
  private readonly running: Promise<void>;
  private closed = false;
  /** Rule ids that the last read-back found in place: what is missing of these now was taken by somebody else. */
  private verified: ReadonlySet<string> = new Set();
  private family: Family | undefined;
  private lastSaid = '';
  private readonly warned = new Set<string>();

  constructor(private readonly options: ReconcilerOptions) {
    this.running = this.run();
  }

  submit(desired: DesiredState): void {
    this.desired = desired;
    this.wake.wake();
  }

  /** Ends the loop after the pass that is under way. The rules stay. */
  async close(): Promise<void> {
    this.closed = true;
    this.wake.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    let delay = this.options.recheckMs;
    for (;;) {
      await this.wake.sleep(delay);
      if (this.closed) return;
      if (this.desired === undefined) continue;
      try {
        await (this.options.mode === 'plan' ? this.show(this.desired) : this.converge(this.desired));
        this.backoff.reset();
        delay = this.options.recheckMs;
      } catch (error) {
        this.fail(this.desired, error);
        delay = this.backoff.next();
      }
    }
  }

  private async converge(desired: DesiredState): Promise<void> {
    const { firewall, force } = this.options;
    const family = familyOf(desired);
    if (family !== this.family) await this.leave(family === 4 ? 6 : 4);
    this.family = family;

    let next = plan(desired, await firewall.read(family), { force });
    this.warn(next);
    this.reportDrift(desired, next);
    for (let attempt = 0; next.transactions.length > 0; attempt++) {
      if (next.refusal !== null) throw new Refusal(next.refusal, next);
      if (attempt === ATTEMPTS)
        throw new Refusal('the kernel does not keep what is written: somebody else undoes it', next);
      this.say(next, 'applying');
      try {
        await firewall.apply(family, next.transactions);
      } catch (error) {
        throw error instanceof FirewallError ? new Refusal(error.message, next) : error;
      }
      next = plan(desired, await firewall.read(family), { force });
    }
    this.verified = next.inPlace;
    // The flows are cut before their maps are reported gone: a port given out again must not meet an old connection.
    if (next.flows.length > 0 && next.settle !== undefined) {
      const { warning } = await firewall.flush(family, next.flows);
      if (warning !== null) this.options.log('warn', warning);
      await firewall.apply(family, [next.settle]);
    }
    // A plan that is empty says that no rule is live but the wanted ones.
    this.options.report({
      generation: desired.generation,
      mode: 'apply',
      maps: desired.maps.map(({ id, ruleId }) => ({ id, ruleId, status: 'active', reason: null })),
      gone: desired.removing.map((map) => map.id),
    });
    this.lastSaid = '';
  }

  /** The gateway's address has another family than before, or this is the start: the other one is left without a trace. */
  private async leave(family: Family): Promise<void> {
    const { firewall, log } = this.options;
    try {
      const live = await firewall.read(family);
      if (!holdsAnything(live)) return;
      await firewall.apply(family, planRemoval(live));
      await firewall.flush(family, allFlows(live));
      log('info', `removed Berth's rules for IPv${family}: the gateway's external address is of the other family`);
    } catch (error) {
      if (!(error instanceof FirewallError)) throw error;
      log('warn', `could not look for rules of Berth for IPv${family}: ${error.message}`);
    }
  }

  private reportDrift(desired: DesiredState, next: Plan): void {
    const drifted = desired.maps.filter((map) => this.verified.has(map.ruleId) && !next.inPlace.has(map.ruleId));
    if (drifted.length === 0 && next.rewrites.length === 0) return;
    this.options.log('warn', 'drift: rules of Berth were changed by somebody else', {
      maps: drifted.length,
      chains: next.rewrites.map(({ chain, because }) => `${chain}: ${because.slice(0, 3).join('; ')}`).slice(0, 10),
    });
    const maps = drifted.map(({ id, ruleId }): ObservedMap => ({
      id,
      ruleId,
      status: 'drifted',
      reason: DRIFT_REASON,
    }));
    this.options.report({ generation: desired.generation, mode: 'apply', maps, gone: [] });
  }

  private async show(desired: DesiredState): Promise<void> {
    let live: Live;
    try {
      live = await this.options.firewall.read(familyOf(desired));
    } catch (error) {
      if (!(error instanceof FirewallError) || (error.reason !== 'not-permitted' && error.reason !== 'missing'))
        throw error;
      this.once('warn', `the kernel's rules cannot be read, so none are taken to be there: ${error.message}`);
      const pending = desired.maps.map(pendingInPlanMode);
      const gone = desired.removing.map((map) => map.id);
      this.options.report({ generation: desired.generation, mode: 'plan', maps: pending, gone });
      return;
    }
    const next = plan(desired, live, { force: this.options.force });
    this.warn(next);
    if (isEmpty(next)) this.once('info', 'plan: the kernel is as desired, there is nothing to do');
    else this.say(next, 'plan: would apply');
    const present = liveRuleIds(live);
    this.options.report({
      generation: desired.generation,
      mode: 'plan',
      maps: desired.maps.map((map) =>
        next.inPlace.has(map.ruleId)
          ? { id: map.id, ruleId: map.ruleId, status: 'active', reason: null }
          : pendingInPlanMode(map),
      ),
      gone: desired.removing.filter((map) => !present.has(map.ruleId)).map((map) => map.id),
    });
  }

  /** What cannot be said to be in place is failed, in the kernel's words; what was verified stays as it is. */
  private fail(desired: DesiredState, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.once('error', reason);
    const inPlace = error instanceof Refusal ? error.plan.inPlace : this.verified;
    const maps = desired.maps.map(({ id, ruleId }): ObservedMap =>
      inPlace.has(ruleId)
        ? { id, ruleId, status: 'active', reason: null }
        : { id, ruleId, status: 'failed', reason: reason.slice(0, 1_000) },
    );
    this.options.report({ generation: desired.generation, mode: this.options.mode, maps, gone: [] });
  }

  private say(next: Plan, what: string): void {
    if (next.refusal !== null) this.once('error', next.refusal);
    const added = mapRules(next.adds).length;
    const removed = mapRules(next.removes).length;
    this.once('info', `${what} generation ${next.generation}: ${added} map rules more, ${removed} less`, {
      plan: next.hash,
      rules: next.adds.length + next.removes.length,
      rewrites: next.rewrites.length,
      flows: next.flows.length,
    });
  }

  /** Each warning once in the life of the process: nothing is done about it. */
  private warn(next: Plan): void {
    for (const warning of next.warnings) {
      if (!this.warned.has(warning)) this.options.log('warn', warning);
      this.warned.add(warning);
    }
  }

  /** A loop that meets the same thing again does not say it again. */
  private once(level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void {
    const saying = JSON.stringify([message, fields]);
    if (saying === this.lastSaid) return;
    this.lastSaid = saying;
    this.options.log(level, message, fields);
  }
}

const pendingInPlanMode = ({ id, ruleId }: { id: string; ruleId: string }): ObservedMap => ({
  id,
  ruleId,
  status: 'pending',
  reason: PLAN_MODE_REASON,
});

/** A pass that ended with the plan not applied; the plan tells which maps are in place all the same. */
class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    message: string,
    readonly plan: Plan,
  ) {
    super(message);
  }
}
