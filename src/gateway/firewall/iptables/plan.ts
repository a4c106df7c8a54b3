import type { DesiredMap } from '../../../contract/desired-state.js';
import type { Bucket, Desired } from '../desired.js';
import type { PlanOptions } from '../firewall.js';
import {
  flowsToFlush,
  hashOf,
  mapsIn,
  refusalOf,
  wantedMap,
  type Plan,
  type Rewrite,
  type Transaction,
} from '../plan.js';
import { chainOf, flushRule, liveState, readMap, stateRule, type Live, type LiveTable } from './live.js';
import {
  dispatchRule,
  ENTRY_CHAIN,
  isLeaf,
  isOwnedChain,
  leafChain,
  mapRules,
  pathTo,
  ruleset,
  STATE_CHAIN,
  type Ruleset,
  type Table,
  type TableRules,
} from './ruleset.js';

interface TableDiff {
  adds: string[];
  removes: string[];
  rewrites: Rewrite[];
  text: string | undefined;
}

/** How often each line occurs. */
function countLines(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/**
 * Why the chain cannot be mended line by line; empty when it can. A rule with our mark that is no longer wanted is an
 * ordinary removal. Anything else that we did not write may stand before our rules and change what they do, so the chain
 * is declared anew in the same transaction (which empties it), wholly by content and without any position.
 */
function foreignTouches(
  lines: readonly string[],
  wanted: ReadonlySet<string>,
  ids: ReadonlySet<string>,
  chain: string,
): string[] {
  const counts = countLines(lines);
  const because = [...counts].flatMap(([line, count]) => (count > 1 ? `${count} times: ${line}` : []));
  for (const line of counts.keys()) {
    if (wanted.has(line)) continue;
    const map = isLeaf(chain) ? readMap(line) : undefined;
    if (map?.ruleId === undefined || !map.proper) because.push(`not ours: ${line}`);
    else if (ids.has(map.ruleId)) because.push(`altered: ${line}`);
  }
  return because;
}

function diffTable(table: Table, wanted: TableRules, live: LiveTable, ids: ReadonlySet<string>): TableDiff {
  const diff: TableDiff = { adds: [], removes: [], rewrites: [], text: undefined };
  const declare: string[] = [];
  const drop: string[] = [];
  const append: string[] = [];

  for (const [chain, rules] of wanted.chains) {
    const lines = live.chains.get(chain);
    const have = countLines(lines ?? []);
    const want = new Set(rules);
    const missing = rules.filter((rule) => !have.has(rule));
    const surplus = (lines ?? []).filter((line) => {
      const left = have.get(line) ?? 0;
      have.set(line, left - 1);
      return !want.has(line) || left > 1;
    });
    diff.adds.push(...missing);
    diff.removes.push(...surplus);
    const because = lines === undefined ? [] : foreignTouches(lines, want, ids, chain);
    if (because.length > 0) diff.rewrites.push({ chain, because });
    if (lines === undefined || because.length > 0) {
      declare.push(`:${chain} - [0:0]`);
      append.push(...rules);
    } else {
      drop.push(...surplus);
      append.push(...missing);
    }
  }

  const hooks = countLines(live.hooks);
  for (const hook of wanted.hooks) {
    if (!hooks.has(hook)) {
      diff.adds.push(hook);
      append.push(hook);
    }
  }
  const spare = new Set(wanted.hooks);
  for (const hook of live.hooks) {
    // The first of each wanted hook stays; `-D` deletes the first that matches, which is as good.
    if (spare.delete(hook)) continue;
    diff.removes.push(hook);
    drop.push(hook);
  }

  if (declare.length + drop.length + append.length > 0) {
    const deletions = drop.map((line) => `-D ${line.slice(3)}`);
    diff.text = [`*${table}`, ...declare.sort(), ...deletions, ...append, 'COMMIT', ''].join('\n');
  }
  return diff;
}

/** Rule ids of the maps whose whole way, from the hooks to the rule itself, is in the kernel as wanted. */
function mapsInPlace(maps: Iterable<DesiredMap>, wanted: Ruleset, nat: TableDiff, filter: TableDiff): Set<string> {
  const missing = new Set([...nat.adds, ...filter.adds]);
  if ([...wanted.nat.hooks, ...wanted.filter.hooks].some((hook) => missing.has(hook))) return new Set();
  const broken = new Set(nat.rewrites.map((rewrite) => rewrite.chain));
  const isSound = (leaf: string): boolean =>
    pathTo(leaf).every((chain) => !broken.has(chain) && (chain === ENTRY_CHAIN || !missing.has(dispatchRule(chain))));
  const unsound = new Set([...wanted.nat.chains.keys()].filter((chain) => isLeaf(chain) && !isSound(chain)));
  const inPlace = new Set<string>();
  for (const map of maps) {
    if (unsound.size > 0 && unsound.has(leafChain(map.protocol, map.connectionPort))) continue;
    if (missing.size === 0 || !mapRules(map).some((rule) => missing.has(rule))) inPlace.add(map.ruleId);
  }
  return inPlace;
}

const stateText = (lines: readonly string[]): string =>
  ['*nat', `:${STATE_CHAIN} - [0:0]`, ...lines, 'COMMIT', ''].join('\n');

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
  const wanted = ruleset(desired, live.nat.chains.keys(), buckets);
  const ids = new Set<string>();
  for (const map of mapsIn(desired, buckets)) ids.add(map.ruleId);
  const { digest, journal } = liveState(live.nat);

  const nat = diffTable('nat', wanted.nat, live.nat, ids);
  const filter = diffTable('filter', wanted.filter, live.filter, ids);
  const going = nat.removes.flatMap((line) => readMap(line) ?? []);
  const flows = flowsToFlush(
    (content) => wantedMap(desired, leafChain(content.protocol, content.connectionPort), content),
    going,
    journal,
  );

  const current = live.nat.chains.get(STATE_CHAIN) ?? [];
  const marker = digest === desired.digest ? current.find((line) => line.includes(digest)) : undefined;
  const settled = [marker ?? stateRule(desired.generation, desired.digest)];
  const state = [...settled, ...flows.map(flushRule)];
  const stateDiffers = state.length !== current.length || state.some((line) => !current.includes(line));

  const transactions: Transaction[] = [];
  if (filter.text !== undefined) transactions.push({ table: 'filter', text: filter.text });
  if (nat.text !== undefined || stateDiffers) {
    // The journal of flushes goes in with the rules: a crash between commit and flush forgets nothing.
    const lines = (nat.text ?? '*nat\nCOMMIT\n').split('\n');
    const [declaration, marks] = stateDiffers ? [[`:${STATE_CHAIN} - [0:0]`], state] : [[], []];
    const text = ['*nat', ...declaration, ...lines.slice(1, -2), ...marks, 'COMMIT', ''].join('\n');
    transactions.push({ table: 'nat', text });
  }
  const adds = [...filter.adds, ...nat.adds];
  const removes = [...filter.removes, ...nat.removes];
  const total = [...live.nat.chains].reduce((sum, [chain, lines]) => sum + (isLeaf(chain) ? lines.length : 0), 0);
  return {
    family: wanted.family,
    generation: desired.generation,
    adds,
    removes,
    rewrites: nat.rewrites,
    maps: { added: countMaps(nat.adds), removed: countMaps(nat.removes) },
    flows,
    transactions,
    settle: flows.length > 0 ? { table: 'nat', text: stateText(settled) } : undefined,
    touched: touchedBy([...adds, ...removes], nat.rewrites),
    inPlace: mapsInPlace(mapsIn(desired, buckets), wanted, nat, filter),
    refusal: options.force === true ? null : refusalOf(desired, going, total),
    warnings: [...live.filter.blockers, ...live.nat.blockers].map(
      (line) => `a rule of others ends the chain before Berth's rule is reached, and is left alone: ${line}`,
    ),
    hash: hashOf(transactions, removes, flows),
  };
}

function touchedBy(lines: readonly string[], rewrites: readonly Rewrite[]): Plan['touched'] {
  const chains = new Set([...lines.map(chainOf), ...rewrites.map(({ chain }) => chain)]);
  const buckets = new Set<Bucket>([...chains].filter(isLeaf));
  return { buckets, frame: buckets.size < chains.size };
}

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

/** How many of the lines are rules of maps; structure and hooks are not. */
const countMaps = (lines: readonly string[]): number => lines.filter((line) => isLeaf(chainOf(line))).length;
