import { PROTOCOLS, type Protocol } from '../../../contract/desired-state.js';
import { ruleId, type RuleContent } from '../../../contract/rule-id.js';
import type { Family } from '../../../ip/address.js';
import type { MapContent } from '../content.js';
import type { Bucket } from '../desired.js';
import type { LiveView, Scope } from '../firewall.js';
import { remembered, type Notes } from './notes.js';
import { contractAddress, fewOf, isBucket, type Frame } from './ruleset.js';

/** Elements of both maps of one bucket as the tool prints them, by their keys; an element with anything more has that in its value. */
export type Elements = ReadonlyMap<string, string>;

/** What the kernel holds of our table of one family. */
export interface NftLive {
  family: Family;
  /** Undefined when it is not known; empty when there is no table. */
  frame: Frame | undefined;
  /** Buckets that have a map. */
  buckets: ReadonlyMap<Bucket, Elements>;
  notes: Notes;
  /** Chains of others that drop what is forwarded. */
  blockers: readonly string[];
}

export const NO_FRAME: Frame = { sets: new Map(), chains: new Map(), others: [] };
export const NO_ELEMENTS: Elements = new Map();

export const emptyLive = (family: Family): NftLive => ({
  family,
  frame: NO_FRAME,
  buckets: new Map(),
  notes: new Map(),
  blockers: [],
});

/** Nothing of ours: no table. An empty table of our name is ours. */
export const isAbsent = (live: NftLive): boolean => live.frame === NO_FRAME;

/** `live` with what was read newer. What a part says of the frame is believed also when it was not asked for. */
export function mergeLive(live: NftLive, part: NftLive, { buckets }: Scope): NftLive {
  const merged = new Map(live.buckets);
  for (const bucket of buckets) {
    const elements = part.buckets.get(bucket);
    if (elements === undefined) merged.delete(bucket);
    else merged.set(bucket, elements);
  }
  if (part.frame !== undefined) {
    const { sets } = part.frame;
    for (const bucket of [...merged.keys()]) if (!sets.has(bucket) && !sets.has(fewOf(bucket))) merged.delete(bucket);
  }
  return {
    family: live.family,
    frame: part.frame ?? live.frame,
    buckets: merged,
    notes: part.notes,
    blockers: part.frame === undefined ? live.blockers : part.blockers,
  };
}

function same(a: ReadonlyMap<string, string> | undefined, b: ReadonlyMap<string, string> | undefined): boolean {
  if (a === b) return true;
  if (a?.size !== b?.size) return false;
  for (const [key, value] of a ?? []) if (b?.get(key) !== value) return false;
  return true;
}

const frameText = (frame: Frame): string =>
  JSON.stringify([[...frame.sets].sort(), [...frame.chains].sort(([a], [b]) => (a < b ? -1 : 1)), frame.others]);

/** A frame that is not known is not another one. */
const sameFrame = (a: Frame | undefined, b: Frame | undefined): boolean =>
  a === undefined || b === undefined || a === b || frameText(a) === frameText(b);

/** See `Firewall.changed`. What merging left alone is the same object, so it costs nothing. */
export function changedParts(before: NftLive, after: NftLive): Scope {
  const names = new Set([...before.buckets.keys(), ...after.buckets.keys()]);
  const buckets = new Set([...names].filter((name) => !same(before.buckets.get(name), after.buckets.get(name))));
  return { buckets, frame: !sameFrame(before.frame, after.frame) || !same(before.notes, after.notes) };
}

/** What the rule of a port map says; `source` is the network it lets in, absent for everybody. */
export type LiveMap = MapContent & { ruleId: string | undefined; source?: string };

const isProtocol = (word: string): word is Protocol => (PROTOCOLS as readonly string[]).includes(word);
const VALUE = /^(\S+) \. (\d+)(?: (berth1:[0-9a-f]{16}))?$/;

/**
 * What an element says; undefined when it is none of a port map. An element for everybody carries no rule id (36 bytes
 * instead of 90, and a faster load): its content has one, and hashing it costs 3 us, so only `withId` does it.
 */
export function mapOfElement(key: string, value: string, withId = true): LiveMap | undefined {
  const [protocol = '', port, source] = key.split(' . ');
  const [, printed, targetPort, noted] = VALUE.exec(value) ?? [];
  if (!isProtocol(protocol) || printed === undefined || targetPort === undefined) return undefined;
  const connectionPort = Number(port);
  const target = printed.includes(':') ? `[${printed}]:${targetPort}` : `${printed}:${targetPort}`;
  if (source !== undefined) {
    const network = source.includes('/') ? source : `${source}/${source.includes(':') ? 128 : 32}`;
    return { protocol, connectionPort, target, ruleId: noted, source: network };
  }
  const content: RuleContent = {
    protocol,
    connectionPort,
    address: contractAddress(printed),
    targetPort: Number(targetPort),
  };
  return { protocol, connectionPort, target, ruleId: withId ? ruleId(content) : undefined };
}

export function viewOf(live: NftLive): LiveView {
  const { digest, journal } = remembered(live.notes);
  return {
    holdsAnything: !isAbsent(live),
    maps: [...live.buckets.values()].flatMap((elements) =>
      [...elements].flatMap(([key, value]) => mapOfElement(key, value) ?? []),
    ),
    digest,
    journal,
  };
}

export const countElements = (buckets: NftLive['buckets']): number =>
  [...buckets].reduce((sum, [name, elements]) => sum + (isBucket(name) ? elements.size : 0), 0);
