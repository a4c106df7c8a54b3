import type { Protocol } from '../../../contract/desired-state.js';
import type { Family } from '../../../ip/address.js';
import type { Flow } from '../content.js';
import type { Bucket, Desired } from '../desired.js';
import { FirewallError, type Firewall, type LiveView, type PlanOptions, type Scope } from '../firewall.js';
import { flushFlows } from '../flows.js';
import type { Plan, Transaction } from '../plan.js';
import { runTool, startTool, type RunTool, type StartTool } from '../tool.js';
import { changedChains, mergeLive, UnreadableTable, viewOf, type Live } from './live.js';
import { plan, planRemoval } from './plan.js';
import { LOCK_WAIT, prefixOf, Reading } from './reading.js';
import { leafChain } from './ruleset.js';
import { RestoreSession } from './session.js';

const DEADLINE_MS = 5_000;
/** A whole save that takes longer than a second is raced by reading chain by chain. */
const SAVE_DEADLINE_MS = 10_000;
/** A first load of 50,000 rules takes more than a second on a small machine: a second more for each 5,000 lines. */
const LINES_PER_SECOND = 5_000;

/** The kernel through `iptables-save`, `iptables -S` and a long-lived `iptables-restore`, or their IPv6 twins. */
export class IptablesFirewall implements Firewall<Live> {
  readonly name = 'iptables';
  private readonly variants = new Map<Family, Promise<string>>();
  private readonly reading: Reading;
  private readonly sessions = new Map<Family, RestoreSession>();

  constructor(
    private readonly run: RunTool = runTool,
    private readonly start: StartTool = startTool,
    private readonly deadlines = { saveMs: SAVE_DEADLINE_MS, toolMs: DEADLINE_MS },
  ) {
    this.reading = new Reading(run, deadlines);
  }

  /** What `iptables -V` says, once a process. */
  variant(family: Family): Promise<string> {
    const known = this.variants.get(family);
    if (known !== undefined) return known;
    const asked = this.run(prefixOf(family), ['-V'], { deadlineMs: this.deadlines.toolMs }).then((result) => {
      if (result.code !== 0) throw new FirewallError('missing', `${prefixOf(family)} -V failed: ${result.stderr}`);
      return result.stdout.trim();
    });
    this.variants.set(family, asked);
    asked.catch(() => this.variants.delete(family));
    return asked;
  }

  bucketOf(protocol: Protocol, connectionPort: number): Bucket {
    return leafChain(protocol, connectionPort);
  }

  async read(family: Family, scope?: Scope): Promise<Live> {
    await this.variant(family);
    try {
      return await (scope === undefined ? this.reading.whole(family) : this.reading.scope(family, scope));
    } catch (error) {
      if (error instanceof UnreadableTable) throw new FirewallError('unreadable', error.message);
      throw error;
    }
  }

  merge(live: Live, part: Live, scope: Scope): Live {
    return mergeLive(live, part, scope);
  }

  changed(before: Live, after: Live): Scope {
    return changedChains(before, after);
  }

  view(live: Live): LiveView {
    return viewOf(live);
  }

  plan(desired: Desired, live: Live, options?: PlanOptions): Plan {
    return plan(desired, live, options);
  }

  planRemoval(live: Live): Transaction[] {
    return planRemoval(live);
  }

  async apply(family: Family, transactions: readonly Transaction[]): Promise<void> {
    const session = this.session(family);
    for (const { table, text } of transactions) {
      const deadlineMs = this.deadlines.toolMs + (text.length / 100 / LINES_PER_SECOND) * 1_000;
      await session.apply(table, text, deadlineMs);
    }
  }

  flush(family: Family, flows: readonly Flow[]): Promise<{ warning: string | null }> {
    return flushFlows(this.run, family, flows);
  }

  pids(): ReadonlySet<number> {
    return new Set([...this.sessions.values()].flatMap(({ pids }) => [...pids]));
  }

  async close(): Promise<void> {
    await Promise.all([...this.sessions.values()].map((session) => session.close()));
  }

  private session(family: Family): RestoreSession {
    const known = this.sessions.get(family);
    if (known !== undefined) return known;
    const args = [...LOCK_WAIT, '--noflush', '--verbose'];
    const session = new RestoreSession(this.start, `${prefixOf(family)}-restore`, args);
    this.sessions.set(family, session);
    return session;
  }
}
