import type { Family } from '../../../ip/address.js';
import { emptyLive, type Elements, type NftLive } from './live.js';
import { BUCKETS, definition, fewOf, NOTES, TABLE, type Chain } from './ruleset.js';

/** What `nft -j list ...` printed is not the whole truth; it must never be taken for nothing. */
export class UnreadableListing extends Error {
  override readonly name = 'UnreadableListing';
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const nonsense = (value: unknown): UnreadableListing =>
  new UnreadableListing(`nft printed something that makes no sense: ${JSON.stringify(value).slice(0, 200)}`);

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw nonsense(value);
  return value;
}

const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** The objects of a listing, by kind, in their order. Throws when it is cut short. */
export function objectsOf(text: string): [kind: string, object: Json][] {
  let listing: unknown;
  try {
    listing = JSON.parse(text);
  } catch {
    throw new UnreadableListing('nft stopped before the end of its listing');
  }
  const all = isObject(listing) ? listing['nftables'] : undefined;
  if (!Array.isArray(all)) throw nonsense(listing);
  return all.map((entry: unknown) => {
    const [kind, object] = Object.entries(isObject(entry) ? entry : {})[0] ?? [];
    if (kind === undefined || !isObject(object)) throw nonsense(entry);
    return [kind, object];
  });
}

/** A part of a key or a value as it is printed: `tcp`, `22600`, `10.0.0.0/8`, `tcp . 22600`. */
function wordsOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (isObject(value)) {
    const { concat, prefix, range } = value;
    if (Array.isArray(concat)) return concat.map(wordsOf).join(' . ');
    if (isObject(prefix)) return `${wordsOf(prefix['addr'])}/${wordsOf(prefix['len'])}`;
    if (Array.isArray(range)) return range.map(wordsOf).join('-');
  }
  return JSON.stringify(value);
}

/** Key and value of an element; the value ends with a comment and anything else the element has. */
function elementOf(entry: unknown): [string, string] {
  const [left, right] = Array.isArray(entry) ? (entry as unknown[]) : [entry];
  const value = right === undefined ? [] : [wordsOf(right)];
  const whole = isObject(left) ? left['elem'] : undefined;
  if (!isObject(whole)) return [wordsOf(left), value.join(' ')];
  const { val, comment, ...more } = whole;
  const rest = Object.keys(more).length === 0 ? [] : [JSON.stringify(more)];
  return [wordsOf(val), [...value, ...(comment === undefined ? [] : [textOf(comment)]), ...rest].join(' ')];
}

function elementsOf(object: Json): [string, string][] {
  return list(object['elem']).map(elementOf);
}

/** Elements of the one set or map that is listed. */
export function readElements(text: string, name: string): Elements {
  const found = objectsOf(text).find(([kind, set]) => (kind === 'map' || kind === 'set') && set['name'] === name);
  if (found === undefined) throw new UnreadableListing(`nft did not list ${name}`);
  return new Map(elementsOf(found[1]));
}

function ruleWords(rule: Json): string {
  const { comment, expr } = rule;
  return typeof comment === 'string' && comment.startsWith('berth1:') ? comment : JSON.stringify(expr);
}

/** The listing of our whole table, with or without elements. */
export function readTable(family: Family, text: string): NftLive {
  const sets = new Map<string, string>();
  const elements = new Map<string, [string, string][]>();
  const chains = new Map<string, Chain & { rules: string[] }>();
  const others: string[] = [];
  let there = false;
  for (const [kind, object] of objectsOf(text)) {
    if (kind === 'metainfo') continue;
    if (kind === 'table') there ||= object['name'] === TABLE;
    else if (kind === 'set' || kind === 'map') {
      const name = textOf(object['name']);
      const value = object['map'] === undefined ? undefined : wordsOf(object['map']);
      const odd = ['timeout', 'size', 'policy', 'gc-interval', 'stmt'].filter((what) => object[what] !== undefined);
      const flags = [...list(object['flags']).map(textOf), ...odd];
      sets.set(name, definition(list(object['type']).map(textOf), value, flags));
      elements.set(name, elementsOf(object));
    } else if (kind === 'chain') {
      const { type, hook, prio, policy } = object;
      const base = type === undefined ? '' : [type, hook, prio, policy].map(wordsOf).join(' ');
      chains.set(textOf(object['name']), { base, rules: [] });
    } else if (kind === 'rule') {
      const chain = chains.get(textOf(object['chain']));
      if (chain === undefined) throw nonsense(object);
      chain.rules.push(ruleWords(object));
    } else others.push(`${kind} ${wordsOf(object['name'])}`);
  }
  if (!there) throw new UnreadableListing('nft listed no table');
  const buckets = new Map<string, Elements>();
  for (const bucket of BUCKETS) {
    const [own, few] = [elements.get(bucket), elements.get(fewOf(bucket))];
    if (own !== undefined || few !== undefined) buckets.set(bucket, new Map([...(own ?? []), ...(few ?? [])]));
  }
  const notes = new Map(elements.get(NOTES));
  return { ...emptyLive(family), frame: { sets, chains, others }, buckets, notes };
}

/** From `nft -j list chains`: chains of others that drop what is forwarded unless their rules say otherwise. */
export function droppingChains(family: Family, text: string): string[] {
  const families = ['inet', family === 4 ? 'ip' : 'ip6'];
  return objectsOf(text).flatMap(([kind, { family: of, table, name, hook, policy }]) =>
    kind === 'chain' && hook === 'forward' && policy === 'drop' && families.includes(wordsOf(of))
      ? [[of, table, name].map(wordsOf).join(' ')]
      : [],
  );
}
