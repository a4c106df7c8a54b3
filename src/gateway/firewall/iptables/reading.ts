import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from '../../../ip/address.js';
import { FirewallError, type Scope } from '../firewall.js';
import type { RunTool, ToolResult } from '../tool.js';
import { addChain, parseSave, startTable, UnreadableTable, type Live, type LiveTable } from './live.js';
import { dispatchRule, ENTRY_CHAIN, isLeaf, STATE_CHAIN, type Table } from './ruleset.js';

/** Seconds to wait for the xtables lock; only the legacy variant takes one, and other namespaces hold the same. */
export const LOCK_WAIT = ['-w', '5'];
/** A save that takes longer than this may never end. */
const HEDGE_MS = 1_000;
/** Reads at a time: each is a process, most of which is the start of it. */
const AT_ONCE = 4;

export const prefixOf = (family: Family): string => (family === 4 ? 'iptables' : 'ip6tables');

interface Wanted {
  table: Table;
  chain: string;
  /** It may be missing. The tool's words for that differ, and one of them is "incompatible". */
  optional: boolean;
}

const hooked = (table: Table): Wanted[] =>
  (table === 'nat' ? ['PREROUTING', 'POSTROUTING'] : ['FORWARD']).map((chain) => ({ table, chain, optional: false }));
const state: Wanted = { table: 'nat', chain: STATE_CHAIN, optional: true };

/**
 * The kernel through `iptables-save -t` and `iptables -S <chain>`. `iptables-legacy` is never called to have a look at the
 * other variant: looking makes its tables.
 */
export class Reading {
  /** Own chains that the last whole reading of `nat` saw. */
  private readonly seen = new Map<Family, number>();

  constructor(
    private readonly run: RunTool,
    private readonly deadlines: { saveMs: number; toolMs: number },
  ) {}

  async whole(family: Family): Promise<Live> {
    const [nat, filter] = await Promise.all([this.table(family, 'nat'), this.table(family, 'filter')]);
    return { family, nat, filter };
  }

  /** The named leaves and what is noted of the state; with `frame` all that leads to leaves, chain by chain. */
  async scope(family: Family, { buckets, frame }: Scope): Promise<Live> {
    const leaves = [...buckets].map((chain): Wanted => ({ table: 'nat', chain, optional: true }));
    if (!frame) {
      const nat = startTable();
      await this.chains(family, nat, [state, ...leaves]);
      return { family, nat, filter: startTable() };
    }
    const [nat, filter] = await Promise.all([this.walk(family, 'nat', { leaves }), this.walk(family, 'filter')]);
    return { family, nat, filter };
  }

  /**
   * A save; when that takes long also a walk, and the first that ends tells. A save may never finish while others commit:
   * the tools start a reading anew each time.
   */
  private async table(family: Family, table: Table): Promise<LiveTable> {
    const over = new AbortController();
    const { signal } = over;
    let refused: unknown;
    const saving = this.save(family, table, signal).catch((error: unknown) => {
      if (!isLate(error)) refused ??= error;
      throw error;
    });
    try {
      const early = await Promise.race([saving, sleep(HEDGE_MS, undefined, { signal })]).catch(() => undefined);
      if (early !== undefined) return early;
      if (refused === undefined) return await Promise.any([saving, this.walk(family, table, { signal })]);
    } catch (error) {
      refused ??= error instanceof AggregateError ? error.errors.at(-1) : error;
    } finally {
      over.abort();
    }
    throw refused;
  }

  private async save(family: Family, table: Table, signal: AbortSignal): Promise<LiveTable> {
    const command = `${prefixOf(family)}-save`;
    const result = await this.run(command, ['-t', table], { deadlineMs: this.deadlines.saveMs, signal });
    if (result.code !== 0) throw unreadable(command, table, result);
    const live = parseSave(table, result.stdout);
    if (table === 'nat') await this.doubt(family, live);
    return live;
  }

  /** Fewer chains than before are a wipe, or a reading that was cut short; a second one, of another kind, tells which. */
  private async doubt(family: Family, live: LiveTable): Promise<void> {
    if (live.chains.size < (this.seen.get(family) ?? 0)) {
      const walked = await this.walk(family, 'nat', { leaves: [] });
      const missed = [...walked.chains.keys()].filter((chain) => !live.chains.has(chain));
      if (missed.length > 0) {
        const chains = missed.slice(0, 3).join(', ');
        throw new UnreadableTable(
          `${prefixOf(family)}-save left out chains of the nat table that are there: ${chains}`,
        );
      }
    }
    this.seen.set(family, live.chains.size);
  }

  /**
   * Reads the hooked chains and every chain of ours that can be reached from the entry, level by level, each with a small
   * read that finishes also while others commit. A chain that nothing leads to is not seen; the plan then declares it,
   * which makes it anew in one transaction, so not seeing it does no harm. Given `leaves`, of the leaves these alone.
   */
  private async walk(
    family: Family,
    table: Table,
    { leaves, signal }: { leaves?: readonly Wanted[]; signal?: AbortSignal } = {},
  ): Promise<LiveTable> {
    const live = startTable();
    if (table === 'filter') {
      await this.chains(family, live, hooked(table), signal);
      return live;
    }
    const entry = { table, chain: ENTRY_CHAIN, optional: true };
    await this.chains(family, live, [...hooked(table), state, entry], signal);
    if (!live.chains.has(ENTRY_CHAIN) && live.hooks.some((hook) => hook.endsWith(` -j ${ENTRY_CHAIN}`))) {
      throw new UnreadableTable(`${prefixOf(family)} -S did not show chain ${ENTRY_CHAIN}, to which a rule leads`);
    }
    let level = [ENTRY_CHAIN];
    while (level.length > 0) {
      const next = new Set<string>();
      for (const line of level.flatMap((chain) => live.chains.get(chain) ?? [])) {
        const target = / -g (BERTH-[TU][0-9A-F]{0,2})$/.exec(line)?.[1];
        if (target === undefined || live.chains.has(target) || dispatchRule(target) !== line) continue;
        if (leaves === undefined || !isLeaf(target)) next.add(target);
      }
      level = [...next];
      const chains = level.map((chain) => ({ table, chain, optional: false }));
      await this.chains(family, live, chains, signal);
    }
    await this.chains(family, live, leaves ?? [], signal);
    return live;
  }

  /** Adds chains to a table, in their order; some are read at a time. */
  private async chains(
    family: Family,
    into: LiveTable,
    wanted: readonly Wanted[],
    signal?: AbortSignal,
  ): Promise<void> {
    const texts = new Map<Wanted, string | undefined>();
    const waiting = [...wanted];
    const reader = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        signal?.throwIfAborted();
        texts.set(next, await this.chain(family, next, signal));
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, reader));
    for (const one of wanted) {
      const text = texts.get(one);
      if (text !== undefined) addChain(one.table, into, one.chain, text);
    }
  }

  private async chain(
    family: Family,
    { table, chain, optional }: Wanted,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const command = prefixOf(family);
    const args = [...LOCK_WAIT, '-t', table, '-S', chain];
    const result = await this.run(command, args, { deadlineMs: this.deadlines.toolMs, ...(signal && { signal }) });
    if (result.code === 0) return result.stdout;
    if (optional) return undefined;
    throw unreadable(`${command} -S ${chain}`, table, result);
  }
}

const isLate = (error: unknown): boolean => error instanceof FirewallError && error.reason === 'deadline';

function unreadable(command: string, table: Table, result: ToolResult): FirewallError {
  return new FirewallError(
    'unreadable',
    `${command} could not read the ${table} table (exit code ${result.code}): ${result.stderr}`,
  );
}
