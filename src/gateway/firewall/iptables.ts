import type { Family } from '../../ip/address.js';
import { FirewallError, type Firewall } from './firewall.js';
import { flushFlows } from './flows.js';
import { addChain, parseSave, startTable, UnreadableTable, type Live, type LiveTable } from './live.js';
import type { Transaction } from './plan.js';
import { dispatchRule, ENTRY_CHAIN, STATE_CHAIN, type MapContent, type Table } from './ruleset.js';
import { runTool, type RunTool, type ToolResult } from './tool.js';

/** Seconds to wait for the xtables lock; only the legacy variant takes one, and other namespaces hold the same. */
const LOCK_WAIT = ['-w', '5'];
const DEADLINE_MS = 5_000;
/** A whole save may never finish while others commit (the tools start anew each time): then chain by chain. */
const SAVE_DEADLINE_MS = 2_000;
/** A first load of 50,000 rules takes more than a second on a small machine: a second more for each 5,000 lines. */
const LINES_PER_SECOND = 5_000;

const prefixOf = (family: Family): string => (family === 4 ? 'iptables' : 'ip6tables');

/** The kernel through `iptables-save`, `iptables -S` and `iptables-restore --noflush`, or their IPv6 twins. */
export class IptablesFirewall implements Firewall {
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

  async read(family: Family): Promise<Live> {
    await this.variant(family);
    try {
      return { family, nat: await this.readTable(family, 'nat'), filter: await this.readTable(family, 'filter') };
    } catch (error) {
      if (error instanceof UnreadableTable) throw new FirewallError('unreadable', error.message);
      throw error;
    }
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

  flush(family: Family, flows: readonly MapContent[]): Promise<{ warning: string | null }> {
    return flushFlows(this.run, family, flows);
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
   * it anew in one transaction, so not seeing it does no harm.
   */
  private async walk(family: Family, table: Table): Promise<LiveTable> {
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
        if (target !== undefined && !live.chains.has(target) && dispatchRule(target) === line) reached.push(target);
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
