import { createHash } from 'node:crypto';
import type { DesiredMap } from '../../contract/desired-state.js';
import type { Family } from '../../ip/address.js';
import { parseCidr } from '../../ip/cidr.js';
import { covers } from '../../ip/range.js';
import { contentKey, contentOf, type Flow, type MapContent } from './content.js';
import { mapsOf, type Bucket, type Desired } from './desired.js';
import type { JournalEntry } from './firewall.js';

/** Input of the backend's tool that the kernel takes as a whole or not at all. */
export interface Transaction {
  /** What it changes, for people: `nat`, `filter`, `ip berth`. */
  table: string;
  text: string;
}

/** A part of ours that somebody else changed, and that is written anew as a whole. */
export interface Rewrite {
  chain: string;
  because: string[];
}

/** What has to happen so that the kernel holds the desired state. A plain value: showing it costs nothing. */
export interface Plan {
  family: Family;
  generation: number;
  /** Rules that the kernel gains, in the words of the backend's tool. */
  adds: string[];
  /** Rules of ours that the kernel loses, in its own words. */
  removes: string[];
  rewrites: Rewrite[];
  /** Port maps among `adds` and `removes`, for a summary. */
  maps: { added: number; removed: number };
  /** Connections to cut once the rules are in: those of maps that are gone or lead elsewhere now. */
  flows: Flow[];
  /** In this order. */
  transactions: Transaction[];
  /** To be applied once `flows` are flushed; absent when there are none. */
  settle: Transaction | undefined;
  /** What `transactions` write, to be read back. */
  touched: { buckets: ReadonlySet<Bucket>; frame: boolean };
  /**
   * What the kernel holds once it has taken all transactions, when their acceptance proves it and nothing needs to be read
   * back; only the backend looks into it.
   */
  outcome?: unknown;
  /** Rule ids of the compared maps for which nothing is missing in the kernel. */
  inPlace: ReadonlySet<string>;
  /** Why this plan must not be applied; null when it may. */
  refusal: string | null;
  warnings: string[];
  /** Names what would be done: the same plan has the same hash. */
  hash: string;
}

export const isEmpty = (plan: Plan): boolean => plan.transactions.length === 0 && plan.flows.length === 0;

/** More removals than both of these, without the control plane naming them, are taken for a mistake of it. */
export const FUSE = { share: 0.5, rules: 20 };

/** A map's rule that a plan takes out of the kernel. `source`: the network it lets in; absent for everybody. */
export type Going = MapContent & { ruleId: string | undefined; source?: string | undefined };

/** The desired map that leads where `content` leads. */
export function wantedMap(desired: Desired, bucket: Bucket, content: MapContent): DesiredMap | undefined {
  const { protocol, connectionPort, target } = content;
  return desired.buckets
    .get(bucket)
    ?.find(
      (map) => map.connectionPort === connectionPort && map.protocol === protocol && contentOf(map).target === target,
    );
}

/**
 * Flows to cut: of rules that go and lead where no desired map leads; of those that let in what a desired map no longer
 * does, as far as it does not; and earlier ones that were noted and not yet cut.
 */
export function flowsToFlush(
  wanted: (content: MapContent) => DesiredMap | undefined,
  going: readonly Going[],
  journal: readonly JournalEntry[],
): Flow[] {
  const flows = new Map<string, Flow>();
  for (const { protocol, connectionPort, target, narrowed } of [
    ...journal,
    ...going.map((map) => ({ ...map, narrowed: !isLetIn(map.source, wanted(map)?.sources) })),
  ]) {
    const content = { protocol, connectionPort, target };
    const map = wanted(content);
    if (map === undefined) flows.set(contentKey(content), content);
    else if (narrowed && map.sources !== undefined) flows.set(contentKey(content), { ...content, keep: map.sources });
  }
  return [...flows.values()];
}

/** Whether everybody in `source` is let in by `sources`; absent is everybody. */
function isLetIn(source: string | undefined, sources: readonly string[] | undefined): boolean {
  if (sources === undefined) return true;
  const inner = source === undefined ? undefined : parseCidr(source);
  return (
    inner !== undefined &&
    sources.some((network) => {
      const outer = parseCidr(network);
      return outer !== undefined && covers(outer, inner);
    })
  );
}

/** A desired state that silently forgets most of what is live is more likely a broken control plane than a wish. */
export function refusalOf(desired: Desired, going: readonly Going[], total: number): string | null {
  // Before anything dear: a thousand changes of 50,000 are no such thing.
  if (going.length <= Math.max(FUSE.rules, total * FUSE.share)) return null;
  const port = (map: { protocol: string; connectionPort: number }): string => `${map.protocol}/${map.connectionPort}`;
  const named = new Set(desired.removing.map((map) => map.ruleId));
  const ports = new Set<string>();
  for (const map of mapsOf(desired)) {
    named.add(map.ruleId);
    ports.add(port(map));
  }
  const unexplained = going.filter(
    (map) => map.ruleId !== undefined && !named.has(map.ruleId) && !ports.has(port(map)),
  ).length;
  if (unexplained <= FUSE.rules || unexplained <= total * FUSE.share) return null;
  return (
    `generation ${desired.generation} would remove ${unexplained} of the ${total} port maps in the kernel, and the ` +
    'control plane does not name them as removed; if that is meant, run the gateway once with --force'
  );
}

/** What is written and what is lost by it: a part that is written anew may be rid of one thing or of another. */
export function hashOf(
  transactions: readonly Transaction[],
  removes: readonly string[],
  flows: readonly Flow[],
): string {
  const hash = createHash('sha256');
  hash.update(removes.join('\n'));
  for (const { text } of transactions) hash.update(text);
  hash.update(flows.map(contentKey).join('\n'));
  return hash.digest('hex').slice(0, 16);
}

/** The desired maps of some buckets, or all. */
export function* mapsIn(desired: Desired, buckets: ReadonlySet<Bucket> | undefined): Generator<DesiredMap> {
  if (buckets === undefined) yield* mapsOf(desired);
  else for (const bucket of buckets) yield* desired.buckets.get(bucket) ?? [];
}
