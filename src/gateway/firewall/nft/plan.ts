import type { DesiredMap } from '../../../contract/desired-state.js';
import type { Family } from '../../../ip/address.js';
import { contentKey, contentOf, type MapContent } from '../content.js';
import type { Bucket, Desired } from '../desired.js';
import type { PlanOptions } from '../firewall.js';
import { flowsToFlush, FUSE, hashOf, refusalOf, type Plan, type Transaction } from '../plan.js';
import { diffFrame, type FrameDiff } from './frame-diff.js';
import {
  countElements,
  isAbsent,
  mapOfElement,
  NO_ELEMENTS,
  type Elements,
  type LiveMap,
  type NftLive,
} from './live.js';
import { flowNote, noteKey, remembered, stateNote, type Notes } from './notes.js';
import {
  bucketOf,
  elementsOf,
  elementText,
  frameOf,
  isBucket,
  mapOfKey,
  NOTES,
  tableOf,
  type Element,
} from './ruleset.js';

/** Elements of one bucket that come and go; one that changes is in both. */
interface BucketDiff {
  adds: Element[];
  removes: Element[];
}

/** Elements that are known to be exactly those of a list of maps: what was just written need not be compared again. */
const settledFor = new WeakMap<Elements, readonly DesiredMap[]>();

/** O(elements): a look-up for each that is wanted, and a second pass only when there is one too many. */
function diffBucket(maps: readonly DesiredMap[], have: Elements): BucketDiff {
  const diff: BucketDiff = { adds: [], removes: [] };
  if (settledFor.get(have) === maps) return diff;
  let found = 0;
  for (const map of maps) {
    for (const element of elementsOf(map)) {
      const value = have.get(element[0]);
      if (value !== undefined) found++;
      if (value === element[1]) continue;
      diff.adds.push(element);
      if (value !== undefined) diff.removes.push([element[0], value]);
    }
  }
  if (have.size === found) return diff;
  const keys = new Set<string>();
  for (const map of maps) for (const [key] of elementsOf(map)) keys.add(key);
  const surplus = [...have].filter(([key]) => !keys.has(key));
  // The kernel lists elements in an order of its own, and the same plan must have the same text.
  diff.removes.push(...surplus.sort(([a], [b]) => (a < b ? -1 : 1)));
  return diff;
}

/** `delete element` and `create element` are strict: both fail when somebody was there meanwhile, and nothing is changed. */
function commands(verb: 'delete' | 'create', table: string, elements: ReadonlyMap<string, string[]>): string[] {
  return [...elements].map(([name, texts]) => `${verb} element ${table} ${name} { ${texts.join(', ')} }`);
}

function group(diffs: ReadonlyMap<Bucket, BucketDiff>, which: keyof BucketDiff): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const [bucket, diff] of diffs) {
    for (const element of diff[which]) {
      const name = mapOfKey(bucket, element[0]);
      const text = which === 'adds' ? elementText(element) : element[0];
      const texts = grouped.get(name);
      if (texts === undefined) grouped.set(name, [text]);
      else texts.push(text);
    }
  }
  return grouped;
}

function noteCommands(table: string, have: Notes, want: Notes): string[] {
  const gone = [...have].filter(([key, note]) => want.get(key) !== note).map(([key]) => key);
  const fresh = [...want].filter(([key, note]) => have.get(key) !== note);
  const texts = fresh.map(([key, note]) => `${key} comment "${note}"`);
  return [
    ...commands('delete', table, new Map(gone.length === 0 ? [] : [[NOTES, gone]])),
    ...commands('create', table, new Map(texts.length === 0 ? [] : [[NOTES, texts]])),
  ];
}

const noteMap = (notes: readonly string[]): Notes => new Map(notes.map((note) => [noteKey(note), note]));

function transaction(family: Family, lines: readonly string[]): Transaction[] {
  return lines.length === 0 ? [] : [{ table: tableOf(family), text: `${lines.join('\n')}\n` }];
}

/** The desired map of a port, found in O(1) after one pass over each bucket that is asked for. */
function finder(desired: Desired): (content: MapContent) => DesiredMap | undefined {
  const indexes = new Map<Bucket, Map<number, DesiredMap>>();
  const place = ({ protocol, connectionPort }: MapContent | DesiredMap): number =>
    connectionPort * 2 + (protocol === 'udp' ? 1 : 0);
  return (content) => {
    const bucket = bucketOf(content.protocol, content.connectionPort);
    let index = indexes.get(bucket);
    if (index === undefined) {
      index = new Map();
      for (const map of desired.buckets.get(bucket) ?? []) index.set(place(map), map);
      indexes.set(bucket, index);
    }
    const map = index.get(place(content));
    return map !== undefined && contentKey(contentOf(map)) === contentKey(content) ? map : undefined;
  };
}

/** The maps whose whole way is in the kernel as wanted. */
function inPlaceOf(
  desired: Desired,
  compared: ReadonlySet<Bucket>,
  diffs: ReadonlyMap<Bucket, BucketDiff>,
  frame: FrameDiff,
): Set<string> {
  const inPlace = new Set<string>();
  if (frame.rebuild || frame.broken.has('prerouting') || frame.broken.has('postrouting')) return inPlace;
  for (const bucket of compared) {
    if (frame.broken.has(`s${bucket.slice(1)}`)) continue;
    const missing = new Set(diffs.get(bucket)?.adds.map(([key]) => key));
    for (const map of desired.buckets.get(bucket) ?? []) {
      if (missing.size === 0 || !elementsOf(map).some(([key]) => missing.has(key))) inPlace.add(map.ruleId);
    }
  }
  return inPlace;
}

/**
 * What the kernel holds once it has taken the elements of a plan. Their acceptance proves it: each was made or taken away
 * strictly, all at once, so nothing of it needs to be read back.
 */
function outcomeOf(
  live: NftLive,
  diffs: ReadonlyMap<Bucket, BucketDiff>,
  notes: Notes,
  wanted: Desired['buckets'],
): NftLive {
  const buckets = new Map(live.buckets);
  for (const [bucket, { adds, removes }] of diffs) {
    const elements = new Map(buckets.get(bucket));
    for (const [key] of removes) elements.delete(key);
    for (const [key, value] of adds) elements.set(key, value);
    buckets.set(bucket, elements);
    const maps = wanted.get(bucket);
    if (maps !== undefined) settledFor.set(elements, maps);
  }
  return { ...live, buckets, notes };
}

/**
 * Desired against live -> Plan. Pure. All of it is one transaction, whatever it touches: rules, elements, and the note of
 * what was applied with the flows that are still to be cut. O(elements of the compared buckets).
 *
 * A new generation that changes no rule writes nothing: the note names the generation that last changed something.
 */
export function plan(desired: Desired, live: NftLive, options: PlanOptions = {}): Plan {
  const { family } = desired;
  const table = tableOf(family);
  const wanted = frameOf(desired, live.frame?.sets.keys() ?? []);
  const frame = diffFrame(wanted, live, table);
  const fresh = frame.rebuild || isAbsent(live);
  const everything = new Set([...live.buckets.keys(), ...desired.buckets.keys()]);
  const compared = options.buckets === undefined || fresh ? everything : options.buckets;

  const diffs = new Map<Bucket, BucketDiff>();
  const writes = new Map<Bucket, BucketDiff>();
  for (const bucket of compared) {
    if (!isBucket(bucket)) continue;
    const maps = desired.buckets.get(bucket) ?? [];
    const diff = diffBucket(maps, live.buckets.get(bucket) ?? NO_ELEMENTS);
    if (diff.adds.length + diff.removes.length > 0) diffs.set(bucket, diff);
    // A map that is made anew is empty, whatever it held.
    writes.set(bucket, fresh ? diffBucket(maps, NO_ELEMENTS) : diff);
  }

  const removed = [...diffs.values()].flatMap(({ removes }) => removes);
  const hashing = removed.length > FUSE.rules && removed.length > countElements(live.buckets) * FUSE.share;
  const going = removed.flatMap(([key, value]): LiveMap[] => {
    const map = mapOfElement(key, value, hashing);
    return map === undefined ? [] : [map];
  });
  const { digest, note, journal } = remembered(live.notes);
  // The kernel gives the notes back in an order of its own.
  const flows = flowsToFlush(finder(desired), going, journal).sort((a, b) => (contentKey(a) < contentKey(b) ? -1 : 1));
  const settled = [
    digest === desired.digest && note !== undefined ? note : stateNote(desired.generation, desired.digest),
  ];
  const notes = noteMap([...settled, ...flows.map(flowNote)]);

  const lines = [
    ...frame.commands,
    ...(fresh ? [] : commands('delete', table, group(writes, 'removes'))),
    ...commands('create', table, group(writes, 'adds')),
    ...noteCommands(table, fresh ? new Map<string, string>() : live.notes, notes),
  ];
  const transactions = transaction(family, lines);
  const told = (which: keyof BucketDiff, text: (name: string, element: Element) => string): string[] =>
    [...diffs].flatMap(([bucket, diff]) => diff[which].map((element) => text(mapOfKey(bucket, element[0]), element)));
  const elementAdds = told('adds', (name, element) => `create element ${table} ${name} { ${elementText(element)} }`);
  const elementRemoves = told('removes', (name, [key, value]) => `${table} ${name} { ${key} : ${value} }`);
  const removes = [...frame.removes, ...elementRemoves];
  const framed = frame.commands.length > 0;
  let inPlace: Set<string> | undefined;
  const known = { ...live, frame: live.frame ?? wanted };
  return {
    family,
    generation: desired.generation,
    adds: [...frame.adds, ...elementAdds],
    removes,
    rewrites: frame.rewrites,
    maps: { added: elementAdds.length, removed: elementRemoves.length },
    flows,
    transactions,
    settle: flows.length > 0 ? transaction(family, noteCommands(table, notes, noteMap(settled)))[0] : undefined,
    touched: { buckets: new Set(diffs.keys()), frame: framed },
    outcome: framed && live.frame !== undefined ? undefined : outcomeOf(known, diffs, notes, desired.buckets),
    // Found out when asked for: of the two plans of a pass only the last is.
    get inPlace() {
      return (inPlace ??= inPlaceOf(desired, compared, diffs, frame));
    },
    refusal: options.force === true ? null : refusalOf(desired, going, countElements(live.buckets)),
    warnings: live.blockers.map(
      (chain) =>
        `chain ${chain} drops what is forwarded unless its rules accept it, which no rule of Berth can change: let it ` +
        'accept "ct status dnat" (iptables: -m conntrack --ctstate DNAT) and established connections',
    ),
    hash: hashOf(transactions, removes, flows),
  };
}

/** Takes every trace of ours out of the kernel. */
export const planRemoval = (live: NftLive): Transaction[] =>
  isAbsent(live) ? [] : transaction(live.family, [`delete table ${tableOf(live.family)}`]);
