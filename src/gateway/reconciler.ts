import type { DesiredState, GatewayMode, ObservedDrift, ObservedMap, StatusReport } from '../contract/desired-state.js';
import type { Family } from '../ip/address.js';
import { Backoff, Wakeable } from '../platform/loop/wakeable.js';
import {
  advance,
  changeTo,
  desiredOf,
  mapsOf,
  touchedBuckets,
  type Bucket,
  type Desired,
  type DesiredChange,
} from './firewall/desired.js';
import { FirewallError, type Firewall, type Scope } from './firewall/firewall.js';
import { mapsIn, type Plan } from './firewall/plan.js';
import { DriftJudge, type Contest } from './drift-judge.js';
import { lookOnly } from './plan-mode.js';
import { CONTESTED_REASON, FRAME_CONTESTED, Refusal, Saying, sayPlan } from './reports.js';
import type { Log } from './settings.js';

/** Somebody may write in the same moment as we do; who writes again each time is not fought within one pass. */
const ATTEMPTS = 3;
/** Reading so many buckets one by one costs more than reading the whole. */
const MANY_BUCKETS = 32;

export interface ReconcilerOptions {
  firewall: Firewall;
  mode: GatewayMode;
  /** How often the whole kernel is compared although nothing says that it changed. */
  recheckMs: number;
  force: boolean;
  log: Log;
  /** Called after each pass with the standing of the maps it looked at; `whole` when these are all. */
  report: (report: StatusReport, whole: boolean) => void;
  /** Called with what somebody else changed, once it is known how that ended. */
  drifted: (drift: ObservedDrift) => void;
}

/** What may have been changed by somebody else: parts of the kernel, or anything at all. */
export type Suspicion = Scope | 'anything';

/**
 * The one writer of a kernel. Level-triggered: each pass compares the latest desired state with what the kernel holds, so a
 * crash, a lost wake-up or a rule somebody else deleted all end the same way. What arrives during a pass becomes the next.
 *
 * What was read back after the last write is believed until something says otherwise (a suspicion, a failure, the regular
 * look), so a change costs its own buckets. Nothing is believed from before the process began.
 */
export class Reconciler {
  private desired: Desired | undefined;
  /** The kernel as last read back; undefined when nothing is known of it. */
  private live: unknown;
  /** What is known may be wrong anywhere. */
  private mustReadWhole = false;
  private touched = new Set<Bucket>();
  private suspects: Scope = { buckets: new Set(), frame: false };
  private readonly wake = new Wakeable();
  private readonly backoff = new Backoff();
  private readonly running: Promise<void>;
  private closed = false;
  /** Rule ids that the last read-back found in place: what is missing of these now was taken by somebody else. */
  private readonly verified = new Set<string>();
  private family: Family | undefined;
  private lookedAt = 0;
  private readonly saying: Saying;
  private readonly judge: DriftJudge;
  private contest: Contest | undefined;

  constructor(private readonly options: ReconcilerOptions) {
    this.saying = new Saying(options.log);
    this.judge = new DriftJudge(options.log);
    this.running = this.run();
  }

  /** The whole state that is wanted from now on. */
  submit(state: DesiredState): void {
    const { firewall } = this.options;
    if (this.desired !== undefined && this.desired.gateway.externalAddress === state.gateway.externalAddress) {
      this.change(changeTo(this.desired, state));
      return;
    }
    this.desired = desiredOf(state, (protocol, port) => firewall.bucketOf(protocol, port));
    this.live = undefined;
    this.wake.wake();
  }

  /** What is wanted changes by this much. O(change), whatever the number of maps. */
  change(change: DesiredChange): void {
    if (this.desired === undefined) return;
    const bucketOf = this.options.firewall.bucketOf.bind(this.options.firewall);
    this.desired = advance(this.desired, change, bucketOf);
    for (const bucket of touchedBuckets(change, bucketOf)) this.touched.add(bucket);
    this.wake.wake();
  }

  /** Somebody else may have changed this: it is read at once, and put right. */
  suspect(suspicion: Suspicion, program?: string): void {
    if (suspicion === 'anything') this.mustReadWhole = true;
    else {
      for (const bucket of suspicion.buckets) (this.suspects.buckets as Set<Bucket>).add(bucket);
      this.suspects.frame ||= suspicion.frame;
    }
    this.judge.suspect(program);
    this.wake.wake();
  }

  /** Buckets in which something is or was wanted, for a rolling look. */
  buckets(): Bucket[] {
    return [...(this.desired?.buckets.keys() ?? [])];
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
        delay = await this.pass(this.desired);
        this.backoff.reset();
      } catch (error) {
        this.live = undefined;
        this.fail(this.desired, error);
        delay = this.backoff.next();
      }
    }
  }

  /** One pass. Answers with the milliseconds after which another look is due. */
  private async pass(desired: Desired): Promise<number> {
    const { firewall, force, mode, recheckMs, report } = this.options;
    if (mode === 'apply') return this.converge(desired);
    report(await lookOnly(firewall, desired, force, this.saying), true);
    return recheckMs;
  }

  private async converge(desired: Desired): Promise<number> {
    const { firewall, force, recheckMs } = this.options;
    const { family } = desired;
    if (family !== this.family) await this.leave(family === 4 ? 6 : 4);
    this.family = family;
    if (this.contest !== undefined && Date.now() >= this.contest.until) {
      // Tried again, from what the kernel holds by then.
      this.contest = undefined;
      this.live = undefined;
    }
    if (this.contest?.frame === true) return this.leaveFrame(desired, this.contest);
    const touched = this.touched;
    const suspects = this.suspects;
    this.touched = new Set();
    this.suspects = { buckets: new Set(), frame: false };

    const whole = this.live === undefined || this.mustReadWhole || Date.now() - this.lookedAt >= recheckMs;
    if (whole) this.lookedAt = Date.now();
    this.mustReadWhole = false;
    const believed = this.live;
    let live: unknown = believed;
    if (whole) live = await firewall.read(family);
    else if (suspects.frame || suspects.buckets.size > 0) live = await this.reread(family, live, suspects);

    const drift = believed === undefined ? undefined : firewall.changed(believed, live);
    // What leads to all maps concerns all maps.
    let buckets = whole || drift?.frame === true ? undefined : new Set([...touched, ...(drift?.buckets ?? [])]);
    let next = firewall.plan(desired, live, { force, ...(buckets && { buckets }) });
    this.saying.warnings(next.warnings);
    const found = drift === undefined ? undefined : this.judge.judge(desired, drift, next, this.verified);
    if (found?.contest !== undefined) this.contest = joined(this.contest, found.contest);
    const contested = this.contest?.buckets ?? new Set<Bucket>();
    if (found !== undefined && found.maps.length > 0) {
      this.options.report({ generation: desired.generation, mode: 'apply', maps: found.maps, gone: [] }, false);
    }
    if (contested.size > 0) {
      const all = buckets ?? desired.buckets.keys();
      buckets = new Set([...all].filter((bucket) => !contested.has(bucket)));
      next = firewall.plan(desired, live, { force, buckets });
    }
    if (found?.contest?.frame === true) {
      this.options.drifted(found.finding('contested'));
      return this.leaveFrame(desired, found.contest);
    }
    try {
      const written = await this.write(desired, live, next, buckets);
      this.live = written.live;
      this.reportDone(desired, written.inPlace, buckets, contested);
    } catch (error) {
      if (found !== undefined) this.options.drifted(found.finding('failed'));
      throw error;
    }
    if (found !== undefined)
      this.options.drifted(found.finding(found.contest === undefined ? 'repaired' : 'contested'));
    return this.contest === undefined ? recheckMs : Math.min(recheckMs, leftOf(this.contest));
  }

  /** Nothing is written while what leads to all maps is contested: no map works then. */
  private leaveFrame(desired: Desired, contest: Contest): number {
    this.fail(desired, new Refusal(FRAME_CONTESTED, new Set()));
    return leftOf(contest);
  }

  /** Applies a plan until nothing is left of it, and cuts the flows that it names. Answers with what was read back then. */
  private async write(
    desired: Desired,
    before: unknown,
    first: Plan,
    buckets: ReadonlySet<Bucket> | undefined,
  ): Promise<{ live: unknown; inPlace: ReadonlySet<string> }> {
    const { firewall, force } = this.options;
    const { family } = desired;
    let live = before;
    let next = first;
    for (let attempt = 0; next.transactions.length > 0; attempt++) {
      if (next.refusal !== null) throw new Refusal(next.refusal, next.inPlace, buckets);
      if (attempt === ATTEMPTS)
        throw new Refusal('the kernel does not keep what is written: somebody else undoes it', next.inPlace, buckets);
      sayPlan(this.saying, next, 'applying');
      try {
        await firewall.apply(family, next.transactions);
      } catch (error) {
        throw error instanceof FirewallError ? new Refusal(error.message, next.inPlace, buckets) : error;
      }
      live = next.outcome ?? (await this.reread(family, live, next.touched));
      next = firewall.plan(desired, live, { force, ...(buckets && { buckets }) });
    }
    // The flows are cut before their maps are reported gone: a port given out again must not meet an old connection.
    if (next.flows.length > 0 && next.settle !== undefined) {
      const { warning } = await firewall.flush(family, next.flows);
      if (warning !== null) this.options.log('warn', warning);
      await firewall.apply(family, [next.settle]);
      live = await this.reread(family, live, { buckets: new Set(), frame: false });
    }
    return { live, inPlace: next.inPlace };
  }

  private async reread(family: Family, live: unknown, scope: Scope): Promise<unknown> {
    const { firewall } = this.options;
    if (scope.buckets.size > MANY_BUCKETS) return firewall.read(family);
    return firewall.merge(live, await firewall.read(family, scope), scope);
  }

  private reportDone(
    desired: Desired,
    inPlace: ReadonlySet<string>,
    buckets: ReadonlySet<Bucket> | undefined,
    contested: ReadonlySet<string>,
  ): void {
    const whole = buckets === undefined;
    if (whole) this.verified.clear();
    for (const ruleId of inPlace) this.verified.add(ruleId);
    const maps = [...mapsIn(desired, buckets)].map(({ id, ruleId }): ObservedMap => ({
      id,
      ruleId,
      status: 'active',
      reason: null,
    }));
    const spoiled = [...mapsIn(desired, contested)].map(({ id, ruleId }): ObservedMap => ({
      id,
      ruleId,
      status: 'failed',
      reason: CONTESTED_REASON,
    }));
    // Nothing but the wanted rules is live, except where the contested ones may hide what is going.
    const gone = contested.size === 0 ? desired.removing.map((map) => map.id) : [];
    const report: StatusReport = { generation: desired.generation, mode: 'apply', maps: [...maps, ...spoiled], gone };
    this.options.report(report, whole);
    this.saying.reset();
  }

  /** The gateway's address has another family than before, or this is the start: the other one is left without a trace. */
  private async leave(family: Family): Promise<void> {
    const { firewall, log } = this.options;
    try {
      const live = await firewall.read(family);
      const { holdsAnything, maps, journal } = firewall.view(live);
      if (!holdsAnything) return;
      await firewall.apply(family, firewall.planRemoval(live));
      await firewall.flush(family, [...maps, ...journal]);
      log('info', `removed Berth's rules for IPv${family}: the gateway's external address is of the other family`);
    } catch (error) {
      if (!(error instanceof FirewallError)) throw error;
      log('warn', `could not look for rules of Berth for IPv${family}: ${error.message}`);
    }
  }

  /** What cannot be said to be in place is failed, in the kernel's words; what was verified stays as it is. */
  private fail(desired: Desired, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.saying.once('error', reason);
    const good = new Set<string>(error instanceof Refusal ? error.inPlace : []);
    const { buckets } = error instanceof Refusal ? error : { buckets: new Set<Bucket>() };
    for (const [bucket, maps] of buckets === undefined ? [] : desired.buckets) {
      if (buckets?.has(bucket) === true) continue;
      for (const { ruleId } of maps) if (this.verified.has(ruleId)) good.add(ruleId);
    }
    const maps = [...mapsOf(desired)].map(({ id, ruleId }): ObservedMap =>
      good.has(ruleId)
        ? { id, ruleId, status: 'active', reason: null }
        : { id, ruleId, status: 'failed', reason: reason.slice(0, 1_000) },
    );
    this.options.report({ generation: desired.generation, mode: this.options.mode, maps, gone: [] }, true);
  }
}

const leftOf = ({ until }: Contest): number => Math.max(until - Date.now(), 0);

/** All that is contested is tried again together, once the first of it may be. */
function joined(one: Contest | undefined, other: Contest): Contest {
  if (one === undefined) return other;
  return {
    buckets: new Set([...one.buckets, ...other.buckets]),
    frame: one.frame || other.frame,
    until: Math.min(one.until, other.until),
  };
}
