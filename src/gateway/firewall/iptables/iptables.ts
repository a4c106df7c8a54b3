import type { Protocol } from '../../../contract/desired-state.js';
import type { Family } from '../../../ip/address.js';
import type { Flow } from '../content.js';
import type { Bucket, Desired } from '../desired.js';
import { FirewallError, type Firewall, type LiveView, type PlanOptions, type Scope } from '../firewall.js';
import { flushFlows } from '../flows.js';
import type { Plan, Transaction } from '../plan.js';
import { runTool, type RunTool, type ToolResult } from '../tool.js';
import {
  addChain,
  changedChains,
  mergeLive,
  parseSave,
  startTable,
  UnreadableTable,
  viewOf,
  type Live,
  type LiveTable,
} from './live.js';
import { plan, planRemoval } from './plan.js';
import { dispatchRule, ENTRY_CHAIN, isLeaf, leafChain, STATE_CHAIN, type Table } from './ruleset.js';

/** Seconds to wait for the xtables lock; only the legacy variant takes one, and other namespaces hold the same. */
const LOCK_WAIT = ['-w', '5'];
const DEADLINE_MS = 5_000;
/** A whole save may never finish while others commit (the tools start anew each time): then chain by chain. */
const SAVE_DEADLINE_MS = 2_000;
/** A first load of 50,000 rules takes more than a second on a small machine: a second more for each 5,000 lines. */
const LINES_PER_SECOND = 5_000;

const prefixOf = (family: Family): string => (family === 4 ? 'iptables' : 'ip6tables');

/** The kernel through `iptables-save`, `iptables -S` and `iptables-restore --noflush`, or their IPv6 twins. */
export class IptablesFirewall implements Firewall<Live> {
  readonly name = 'iptables';
  private readonly variants = new Map<Family, Promise<string>>();

  constructor(
    private readonly run: RunTool = runTool,
    private readonly deadlines = { saveMs: SAVE_DEADLINE_MS, toolMs: DEADLINE_MS },
  ) {}

  /**
   * What `iptables -V` says, once a process. `iptables-legacy` is never called to have a look at the other variant:
   * looking makes its tables.
   */
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
      if (scope !== undefined) return await this.readScope(family, scope);
      return { family, nat: await this.readTable(family, 'nat'), filter: await this.readTable(family, 'filter') };
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

  pids(): ReadonlySet<number> {
    return new Set();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async apply(family: Family, transactions: readonly Transaction[]): Promise<void> {
    const command = `${prefixOf(family)}-restore`;
    for (const { table, text } of transactions) {
      const deadlineMs = this.deadlines.toolMs + (text.length / 100 / LINES_PER_SECOND) * 1_000;
      const result = await this.run(command, [...LOCK_WAIT, '--noflush'], { deadlineMs, input: text });
      if (result.code !== 0) {
        const line = /line:? (\d+)/.exec(result.stderr)?.[1];
        const about = line === undefined ? '' : ` (${text.split('\n')[Number(line) - 1] ?? 'end of input'})`;
        const words = result.stderr.replaceAll('\n', ' ');
        throw new FirewallError(
          'refused',
          `${command} refused the ${table} table, nothing of it is applied: ${words}${about}`,
        );
      }
    }
  }

  flush(family: Family, flows: readonly Flow[]): Promise<{ warning: string | null }> {
    return flushFlows(this.run, family, flows);
  }

  /** The named leaves and what is noted of the state; with `frame` all that leads to leaves, chain by chain. */
  private async readScope(family: Family, { buckets, frame }: Scope): Promise<Live> {
    const filter = frame ? await this.walk(family, 'filter') : startTable();
    const nat = frame ? await this.walk(family, 'nat', false) : startTable();
    if (!frame) await this.addChain(family, 'nat', nat, STATE_CHAIN, true);
    for (const bucket of buckets) await this.addChain(family, 'nat', nat, bucket, true);
    return { family, nat, filter };
  }

  private async readTable(family: Family, table: Table): Promise<LiveTable> {
    const command = `${prefixOf(family)}-save`;
    try {
      const result = await this.run(command, ['-t', table], { deadlineMs: this.deadlines.saveMs });
      if (result.code !== 0) throw unreadable(command, table, result);
      return parseSave(table, result.stdout);
    } catch (error) {
      if (error instanceof FirewallError && error.reason === 'deadline') return this.walk(family, table);
      throw error;
    }
  }

  /**
   * Reads the hooked chains and every chain of ours that can be reached from the entry, each with a small read that
   * finishes also while others commit. A chain that nothing leads to is not seen; the plan then declares it, which makes
   * it anew in one transaction, so not seeing it does no harm. Without `leaves` the leaves' own rules are left out.
   */
  private async walk(family: Family, table: Table, leaves = true): Promise<LiveTable> {
    const live = startTable();
    const hooked = table === 'nat' ? ['PREROUTING', 'POSTROUTING'] : ['FORWARD'];
    for (const chain of hooked) await this.addChain(family, table, live, chain);
    if (table === 'filter') return live;
    await this.addChain(family, table, live, STATE_CHAIN, true);
    const reached = [ENTRY_CHAIN];
    for (let chain = reached.shift(); chain !== undefined; chain = reached.shift()) {
      const known = chain === ENTRY_CHAIN && !live.hooks.some((hook) => hook.endsWith(` -j ${ENTRY_CHAIN}`));
      await this.addChain(family, table, live, chain, known);
      for (const line of live.chains.get(chain) ?? []) {
        const target = / -g (BERTH-[TU][0-9A-F]{0,2})$/.exec(line)?.[1];
        if (target === undefined || live.chains.has(target) || dispatchRule(target) !== line) continue;
        if (leaves || !isLeaf(target)) reached.push(target);
      }
    }
    return live;
  }

  /** `optional`: the chain may be missing. The tool's words for that differ, and one of them is "incompatible". */
  private async addChain(
    family: Family,
    table: Table,
    live: LiveTable,
    chain: string,
    optional = false,
  ): Promise<void> {
    const command = prefixOf(family);
    const result = await this.run(command, [...LOCK_WAIT, '-t', table, '-S', chain], {
      deadlineMs: this.deadlines.toolMs,
    });
    if (result.code === 0) addChain(table, live, chain, result.stdout);
    else if (!optional) throw unreadable(`${command} -S ${chain}`, table, result);
  }
}

function unreadable(command: string, table: Table, result: ToolResult): FirewallError {
  return new FirewallError(
    'unreadable',
    `${command} could not read the ${table} table (exit code ${result.code}): ${result.stderr}`,
  );
}
