import type { Family } from '../../../ip/address.js';
import { contentKey, type Flow, type MapContent } from '../content.js';
import type { JournalEntry, LiveView, Scope } from '../firewall.js';
import { isLeaf, isOwnedChain, leafChain, STATE_CHAIN, type Table } from './ruleset.js';

/**
 * What the kernel holds, read from the text of `iptables-save -t <table>` or `iptables -S <chain>`. Only our chains and
 * the rules with our mark are kept; the rules of others are counted, and never leave this file except as warnings.
 */

export interface LiveTable {
  /** Our chains with their rules as printed (but for quotes) and in their order. */
  chains: Map<string, string[]>;
  /** Rules with our hook mark outside our chains, in their order, duplicates included. */
  hooks: string[];
  /** Number of rules of others. */
  foreignRules: number;
  /** Rules of others that end a hooked chain for every packet before our rule is reached. */
  blockers: string[];
}

export interface Live {
  family: Family;
  nat: LiveTable;
  filter: LiveTable;
}

/** The text is not the whole truth about the table; it must never be taken for an empty one. */
export class UnreadableTable extends Error {
  override readonly name = 'UnreadableTable';
}

const HOOK_MARK = /--comment "?berth1:hook:/;
const UNCONDITIONAL = /^-A (?:PREROUTING|POSTROUTING|FORWARD) -j (?:ACCEPT|DROP|REJECT|RETURN|MASQUERADE)\b/;

const emptyTable = (): LiveTable => ({ chains: new Map(), hooks: [], foreignRules: 0, blockers: [] });

const holdsAnything = (live: Live): boolean =>
  [live.nat, live.filter].some((table) => table.chains.size > 0 || table.hooks.length > 0);

/** The chain of a `-A <chain> ...` line. */
export const chainOf = (line: string): string => line.slice(3, line.indexOf(' ', 3));

/**
 * A line as we would write it: quotes around our marks are the one thing in which versions of the tools differ. `-D` takes
 * either form.
 */
const canonical = (line: string): string =>
  line.includes('"') ? line : line.replace(/ --comment (berth1:\S+)/, ' --comment "$1"');

function readRule(table: Table, into: LiveTable, printed: string): void {
  const line = canonical(printed);
  const chain = chainOf(line);
  const owned = table === 'nat' && isOwnedChain(chain) ? into.chains.get(chain) : undefined;
  if (owned !== undefined) {
    owned.push(line);
  } else if (HOOK_MARK.test(line)) {
    into.hooks.push(line);
  } else {
    into.foreignRules++;
    const hooked = into.hooks.some((hook) => chainOf(hook) === chain);
    if (!hooked && UNCONDITIONAL.test(line)) into.blockers.push(line);
  }
}

/**
 * Reads the text of `iptables-save -t <table>`. Throws `UnreadableTable` when it is cut short (no `*table`, no `COMMIT`,
 * a rule of a chain that was not declared) or when the tool says that it cannot show everything. The tools say that
 * with exit code 0.
 */
export function parseSave(table: Table, text: string): LiveTable {
  const live = emptyTable();
  let inside = false;
  let committed = false;
  const declared = new Set<string>();
  for (const line of text.split('\n')) {
    if (/incompatible/.test(line) && line.startsWith('#')) {
      throw new UnreadableTable(
        `iptables-save cannot show the whole ${table} table ("${line.slice(2)}"): something put native nftables rules ` +
          'into the table that iptables manages; move them to a table of their own',
      );
    }
    if (line === `*${table}`) inside = true;
    else if (!inside || committed || line === '' || line.startsWith('#')) continue;
    else if (line === 'COMMIT') committed = true;
    else if (line.startsWith(':')) {
      const chain = line.slice(1, line.indexOf(' '));
      declared.add(chain);
      if (table === 'nat' && isOwnedChain(chain)) live.chains.set(chain, []);
    } else if (line.startsWith('-A ') && declared.has(chainOf(line))) readRule(table, live, line);
    else
      throw new UnreadableTable(`iptables-save printed a line about the ${table} table that makes no sense: ${line}`);
  }
  if (!committed) throw new UnreadableTable(`iptables-save stopped before the end of the ${table} table`);
  return live;
}

/**
 * Adds the text of `iptables -t <table> -S <chain>` to a table that is read chain by chain. It has no `COMMIT`: the exit
 * code says whether it is whole, and the first line must name the chain.
 */
export function addChain(table: Table, into: LiveTable, chain: string, text: string): void {
  const [first, ...lines] = text.split('\n').filter((line) => line !== '');
  if (first !== `-N ${chain}` && first?.startsWith(`-P ${chain} `) !== true) {
    throw new UnreadableTable(`iptables -S did not show chain ${chain} of the ${table} table`);
  }
  if (table === 'nat' && isOwnedChain(chain)) into.chains.set(chain, []);
  for (const line of lines) readRule(table, into, line);
}

export const startTable = emptyTable;

/**
 * `live` with what was read newer. A leaf of the scope that `part` does not show is gone; the structure above the leaves and
 * the hooks are `part`'s when the scope has them; the state chain always is.
 */
export function mergeLive(live: Live, part: Live, { buckets, frame }: Scope): Live {
  const isNewer = (chain: string): boolean => buckets.has(chain) || chain === STATE_CHAIN || (frame && !isLeaf(chain));
  const chains = new Map([...live.nat.chains].filter(([chain]) => !isNewer(chain)));
  for (const [chain, lines] of part.nat.chains) chains.set(chain, lines);
  return {
    family: live.family,
    nat: { ...(frame ? part.nat : live.nat), chains },
    filter: frame ? part.filter : live.filter,
  };
}

const MAP_RULE =
  /^-A (\S+)(?: -s (\S+))? -p (tcp|udp) -m \3 --dport (\d+)(?: -m comment --comment "?(berth1:[0-9a-f]{16})"?)? -j DNAT --to-destination (\S+)$/;

export interface LiveMap extends MapContent {
  /** Absent when somebody took the comment away. */
  ruleId: string | undefined;
  /** The network it lets in; absent for everybody. */
  source: string | undefined;
  line: string;
  /** In its own leaf and with an id: a rule as we write them. */
  proper: boolean;
}

/** A rule that translates one port; undefined when the line is none. */
export function readMap(line: string): LiveMap | undefined {
  const match = MAP_RULE.exec(line);
  const [, chain, source, word, port, ruleId, target] = match ?? [];
  if (chain === undefined || port === undefined || target === undefined) return undefined;
  const protocol = word === 'udp' ? 'udp' : 'tcp';
  const connectionPort = Number(port);
  const proper = ruleId !== undefined && chain === leafChain(protocol, connectionPort);
  return { protocol, connectionPort, target, ruleId, source, line, proper };
}

/** Every rule in our leaves that translates one port. */
export function liveMaps(table: LiveTable): LiveMap[] {
  const maps: LiveMap[] = [];
  for (const [chain, lines] of table.chains) {
    if (!isLeaf(chain)) continue;
    for (const line of lines) {
      const map = readMap(line);
      if (map !== undefined) maps.push(map);
    }
  }
  return maps;
}

/**
 * What `BERTH-STATE` says: the digest that was applied last (of several, the last), and the flows that are still to be
 * flushed.
 */
export interface LiveState {
  digest: string | undefined;
  journal: JournalEntry[];
}

const STATE_RULE = /--comment "?berth1:state:\d+:([0-9a-f]{16})"?$/;
const FLUSH_RULE = /--comment "?berth1:(flush|narrow):(tcp|udp)\/(\d{1,5})\/(=?[0-9a-f.:[\]]+)"?$/;

export const isMarker = (line: string): boolean => STATE_RULE.test(line);
export const stateRule = (generation: number, digest: string): string =>
  `-A ${STATE_CHAIN} -m comment --comment "berth1:state:${generation}:${digest}"`;
export const flushRule = (flow: Flow): string =>
  `-A ${STATE_CHAIN} -m comment --comment "berth1:${flow.keep === undefined ? 'flush' : 'narrow'}:${contentKey(flow)}"`;

export function liveState(table: LiveTable): LiveState {
  const state: LiveState = { digest: undefined, journal: [] };
  for (const line of table.chains.get(STATE_CHAIN) ?? []) {
    state.digest = STATE_RULE.exec(line)?.[1] ?? state.digest;
    const [, kind, protocol, port, target] = FLUSH_RULE.exec(line) ?? [];
    if (port === undefined || target === undefined) continue;
    state.journal.push({
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
      connectionPort: Number(port),
      target,
      narrowed: kind === 'narrow',
    });
  }
  return state;
}

const sameLines = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  a === b || (a?.length === b?.length && (a ?? []).every((line, index) => line === b?.[index]));

/** See `Firewall.changed`. Chains that merging left alone are the same arrays, so they cost nothing. */
export function changedChains(before: Live, after: Live): Scope {
  const buckets = new Set<string>();
  let frame = !sameLines(before.nat.hooks, after.nat.hooks) || !sameLines(before.filter.hooks, after.filter.hooks);
  for (const chain of new Set([...before.nat.chains.keys(), ...after.nat.chains.keys()])) {
    if (sameLines(before.nat.chains.get(chain), after.nat.chains.get(chain))) continue;
    if (isLeaf(chain)) buckets.add(chain);
    else frame = true;
  }
  return { buckets, frame };
}

export function viewOf(live: Live): LiveView {
  return { holdsAnything: holdsAnything(live), maps: liveMaps(live.nat), ...liveState(live.nat) };
}
