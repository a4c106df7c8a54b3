import type { Bucket, Desired } from '../desired.js';
import type { PlanOptions } from '../firewall.js';
import {
  flowsToFlush,
  hashOf,
  refusalOf,
  wantedMap,
  type Going,
  type Plan,
  type Rewrite,
  type Transaction,
} from '../plan.js';
import { isUntranslated, newcomers } from '../newcomers.js';
import { difference, foreignTouches } from './diff.js';
import { flushRule, isMarker, liveState, readMap, stateRule, type Live, type LiveTable } from './live.js';
import {
  dispatchRule,
  ENTRY_CHAIN,
  FILTER_RULES,
  frameFor,
  isLeaf,
  isOwnedChain,
  leafChain,
  leafRules,
  mapRules,
  natHooks,
  pathTo,
  STATE_CHAIN,
  type Table,
} from './ruleset.js';

interface TableDiff {
  adds: string[];
  removes: string[];
  rewrites: Rewrite[];
  /** The lines of the transaction without table and COMMIT; empty when nothing differs. */
  lines: string[];
  /** What is missing in each chain. */
  missing: Map<string, readonly string[]>;
  /** Rules in leaves among `adds` and `removes`. */
  maps: Plan['maps'];
  touched: { buckets: Set<Bucket>; frame: boolean };
}

/** A leaf of which more than a third is written is written whole: cheaper than to have each old rule looked for. */
const MANY = { share: 1 / 3, lines: 32 };

function diffTable(
  hooks: readonly string[],
  chains: ReadonlyMap<string, readonly string[]>,
  live: LiveTable,
  idsOf: (leaf: Bucket) => ReadonlySet<string>,
): TableDiff {
  const touched: TableDiff['touched'] = { buckets: new Set(), frame: false };
  const maps = { added: 0, removed: 0 };
  const diff: TableDiff = { adds: [], removes: [], rewrites: [], lines: [], missing: new Map(), maps, touched };
  const declare: string[] = [];
  const drop: string[] = [];
  const append: string[] = [];

  for (const [chain, rules] of chains) {
    const lines = live.chains.get(chain);
    const { missing, surplus } = difference(rules, lines ?? []);
    const written = missing.length + surplus.length;
    if (written === 0 && lines !== undefined) continue;
    diff.missing.set(chain, missing);
    for (const line of missing) diff.adds.push(line);
    diff.removes.push(...surplus);
    if (isLeaf(chain)) {
      maps.added += missing.length;
      maps.removed += surplus.length;
      if (written > 0) touched.buckets.add(chain);
    } else touched.frame ||= written > 0;

    const because = foreignTouches(chain, lines ?? [], surplus, () => idsOf(chain));
    if (because.length > 0) diff.rewrites.push({ chain, because });
    if (lines === undefined || because.length > 0 || (written > MANY.lines && written > rules.length * MANY.share)) {
      declare.push(`:${chain} - [0:0]`);
      for (const rule of isLeaf(chain) ? rules : [...rules].sort()) append.push(rule);
    } else {
      drop.push(...surplus);
      append.push(...missing);
    }
  }

  // The first of each wanted hook stays; `-D` deletes the first that matches, which is as good.
  const { missing, surplus } = difference(hooks, live.hooks);
  touched.frame ||= missing.length + surplus.length > 0;
  diff.adds.push(...missing);
  diff.removes.push(...surplus);
  const deletions = [...drop, ...surplus].map((line) => `-D ${line.slice(3)}`);
  diff.lines = [...declare.sort(), ...deletions, ...append, ...missing];
  return diff;
}

/** Rule ids of the maps whose whole way, from the hooks to the rule itself, is in the kernel as wanted. */
function mapsInPlace(
  desired: Desired,
  leaves: Iterable<Bucket>,
  hooks: readonly string[],
  nat: TableDiff,
  filter: TableDiff,
): Set<string> {
  const inPlace = new Set<string>();
  const missing = new Set([...nat.adds, ...filter.adds]);
  if ([...hooks, ...FILTER_RULES.hooks].some((hook) => missing.has(hook))) return inPlace;
  const broken = new Set(nat.rewrites.map((rewrite) => rewrite.chain));
  const isSound = (leaf: string): boolean =>
    pathTo(leaf).every((chain) => !broken.has(chain) && (chain === ENTRY_CHAIN || !missing.has(dispatchRule(chain))));
  for (const leaf of leaves) {
    if (missing.size + broken.size > 0 && !isSound(leaf)) continue;
    const lacking = nat.missing.has(leaf) ? new Set(nat.missing.get(leaf)) : undefined;
    for (const map of desired.buckets.get(leaf) ?? []) {
      if (lacking === undefined || !mapRules(map).some((rule) => lacking.has(rule))) inPlace.add(map.ruleId);
    }
  }
  return inPlace;
}

/** What is wanted of `nat`: all that leads to leaves, and the leaves that are compared. */
function wantedChains(
  desired: Desired,
  live: LiveTable,
  compared: ReadonlySet<Bucket> | undefined,
): Map<string, string[]> {
  const leaves = new Set(desired.buckets.keys());
  for (const chain of live.chains.keys()) if (chain !== ENTRY_CHAIN && chain !== STATE_CHAIN) leaves.add(chain);
  const chains = frameFor(leaves);
  for (const leaf of compared ?? leaves) if (isLeaf(leaf)) chains.set(leaf, leafRules(desired, leaf));
  // A leaf that is not to be compared but is not there at all: a rule that leads to it would be refused.
  if (compared !== undefined) {
    for (const leaf of desired.buckets.keys()) if (!live.chains.has(leaf)) chains.set(leaf, leafRules(desired, leaf));
  }
  return chains;
}

/**
 * Desired against live -> Plan. Pure. Difference of sets by content; of what is not ours nothing is named in it.
 *
 * Order: `filter` before `nat`, so that no connection is translated before it may be forwarded. A removal (`planRemoval`)
 * goes the other way. A map lives in `nat` alone, so one change is one transaction.
 *
 * The state marker is written with the rules, in the same transaction. A new generation that changes no rule writes
 * nothing: the marker names the generation that last changed something, which is what a reader wants to know, and an
 * idle pass stays at zero writes.
 */
export function plan(desired: Desired, live: Live, options: PlanOptions = {}): Plan {
  const { buckets } = options;
  const hooks = natHooks(desired);
  const chains = wantedChains(desired, live.nat, buckets);
  const idsOf = (leaf: Bucket): Set<string> => new Set(desired.buckets.get(leaf)?.map((map) => map.ruleId));
  const nat = diffTable(hooks, chains, live.nat, idsOf);
  const filter = diffTable(FILTER_RULES.hooks, FILTER_RULES.chains, live.filter, idsOf);

  const { digest, journal } = liveState(live.nat);
  const going = nat.removes.flatMap((line) => readMap(line) ?? []);
  const cut = flowsToFlush(
    (content) => wantedMap(desired, leafChain(content.protocol, content.connectionPort), content),
    going,
    journal.filter((entry) => !isUntranslated(entry)),
  );
  const early = newcomers(desired, newUdpPorts(nat.adds, going), journal, (port) =>
    (desired.buckets.get(leafChain('udp', port)) ?? []).filter((map) => map.connectionPort === port),
  );
  const flows = [...cut, ...early.flows];
  const current = live.nat.chains.get(STATE_CHAIN) ?? [];
  const marker = digest === desired.digest ? current.findLast((line) => line.includes(digest)) : undefined;
  const settled = marker ?? stateRule(desired.generation, desired.digest);
  const notes = stateLines([settled, ...[...cut, ...early.notes].map(flushRule)], current);

  const transactions: Transaction[] = [];
  if (filter.lines.length > 0) transactions.push(transaction('filter', filter.lines));
  // The journal of flushes goes in with the rules: a crash between commit and flush forgets nothing.
  const lines = [...notes.declare, ...nat.lines, ...notes.append];
  if (lines.length > 0) transactions.push(transaction('nat', lines));
  let inPlace: Set<string> | undefined;
  const adds = [...filter.adds, ...nat.adds];
  const removes = [...filter.removes, ...nat.removes];
  return {
    family: desired.family,
    generation: desired.generation,
    adds,
    removes,
    rewrites: nat.rewrites,
    maps: nat.maps,
    flows,
    transactions,
    settle: flows.length > 0 ? transaction('nat', [`:${STATE_CHAIN} - [0:0]`, settled]) : undefined,
    touched: { buckets: nat.touched.buckets, frame: nat.touched.frame || filter.touched.frame },
    // Asked for after the commit, mostly: what a change waits for does not wait for this.
    get inPlace() {
      return (inPlace ??= mapsInPlace(desired, buckets ?? desired.buckets.keys(), hooks, nat, filter));
    },
    refusal: options.force === true ? null : refusalOf(desired, going, countRules(live.nat)),
    warnings: [...live.filter.blockers, ...live.nat.blockers].map(
      (line) => `a rule of others ends the chain before Berth's rule is reached, and is left alone: ${line}`,
    ),
    hash: hashOf(transactions, removes, flows),
  };
}

/** Old markers that may stay before the new one. */
const OLD_MARKERS = 16;

/**
 * What brings the state chain to these lines. Old markers stay for a while: whoever writes next after a deletion waits for
 * the kernel to free it (10 ms), so the marker of a change that deletes nothing is only appended.
 */
function stateLines(wanted: readonly string[], current: readonly string[]): { declare: string[]; append: string[] } {
  const { missing, surplus } = difference(wanted, current);
  if (surplus.length <= OLD_MARKERS && current.length > 0 && surplus.every(isMarker)) {
    return { declare: [], append: missing };
  }
  return { declare: [`:${STATE_CHAIN} - [0:0]`], append: [...wanted] };
}

/** Of a port that had a rule for everybody until now no flow can have gone untranslated. */
function newUdpPorts(adds: readonly string[], going: readonly Going[]): Set<number> {
  const ports = new Set<number>();
  for (const line of adds) if (line.startsWith('-A BERTH-U')) ports.add(readMap(line)?.connectionPort ?? 0);
  ports.delete(0);
  for (const map of going) if (map.protocol === 'udp' && map.source === undefined) ports.delete(map.connectionPort);
  return ports;
}

const transaction = (table: Table, lines: readonly string[]): Transaction => ({
  table,
  text: [`*${table}`, ...lines, 'COMMIT', ''].join('\n'),
});

const countRules = (nat: LiveTable): number =>
  [...nat.chains].reduce((sum, [chain, lines]) => sum + (isLeaf(chain) ? lines.length : 0), 0);

/** Takes every trace of ours out of the kernel: hooks, then chains; `nat` first, so that nothing is translated any more. */
export function planRemoval(live: Live): Transaction[] {
  const transactions: Transaction[] = [];
  for (const table of ['nat', 'filter'] as const) {
    const { chains, hooks } = live[table];
    if (chains.size + hooks.length === 0) continue;
    const names = [...chains.keys()].filter(isOwnedChain);
    const lines = [
      ...hooks.map((hook) => `-D ${hook.slice(3)}`),
      ...names.map((chain) => `-F ${chain}`),
      ...names.map((chain) => `-X ${chain}`),
    ];
    transactions.push({ table, text: [`*${table}`, ...lines, 'COMMIT', ''].join('\n') });
  }
  return transactions;
}
