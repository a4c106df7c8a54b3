import { createHash } from 'node:crypto';
import type { DesiredMap, Protocol } from '../../../contract/desired-state.js';
import { formatAddress, parseAddress, type Family } from '../../../ip/address.js';
import { parseCidr } from '../../../ip/cidr.js';
import { covers } from '../../../ip/range.js';
import { contentOf, kernelNetwork, splitTarget } from '../content.js';
import type { Bucket, Desired } from '../desired.js';

/**
 * The layout of our table, `ip berth` or `ip6 berth`: one for each family, so that a family comes and goes as a whole.
 *
 *     set notes         what was applied last, and which flows are to be cut (see notes.ts)
 *     map m0 ... m63    port maps for everybody: protocol . port : address . port, a map for each 1,024 ports
 *     map f0 ... f63    those for some only, with the network of the caller in the key; made when first needed
 *     chain s0 ... s63  look into the maps of one bucket
 *     chain prerouting  leads packets for the machine's own addresses to the bucket of their port
 *     chain postrouting lets a machine reach its neighbour by the public port
 *
 * 64 buckets: each set makes every command dearer (the tool fetches them all first: 0.04 ms for 8), but reading a bucket
 * (6 us an element) must be faster than others commit, or it never ends: 1,024 elements can be read between commits 10 ms
 * apart, 2,048 cannot.
 */

export const TABLE = 'berth';
export const NOTES = 'notes';
const SHARDS = 64;
const SPAN = 65_536 / SHARDS;

export const tableOf = (family: Family): string => `${family === 4 ? 'ip' : 'ip6'} ${TABLE}`;

export const shardOf = (port: number): number => Math.floor(port / SPAN);
/** A bucket has the name of the map that holds what is in it for everybody. */
export const bucketOf = (_protocol: Protocol, port: number): Bucket => `m${shardOf(port)}`;
/** The map of a bucket that holds what is in it for some callers only. */
export const fewOf = (bucket: Bucket): string => `f${bucket.slice(1)}`;
export const BUCKETS: readonly Bucket[] = Array.from({ length: SHARDS }, (_, shard) => `m${shard}`);
const names: ReadonlySet<string> = new Set(BUCKETS);
export const isBucket = (name: string): boolean => names.has(name);

/**
 * An element in the words of the tool: `tcp . 22600` and `10.20.3.7 . 22` for everybody; for some, and then with the rule
 * id as its comment, `tcp . 22600 . 198.51.100.0/24` and `10.20.3.7 . 22 berth1:0123456789abcdef`.
 */
export type Element = readonly [key: string, value: string];

const known = new WeakMap<DesiredMap, readonly Element[]>();

/** The elements of one map; remembered with it, since a bucket is compared more often than it changes. */
export function elementsOf(map: DesiredMap): readonly Element[] {
  let elements = known.get(map);
  if (elements === undefined) {
    const { address, port } = splitTarget(contentOf(map).target);
    const key = `${map.protocol} . ${map.connectionPort}`;
    const value = `${address} . ${port}`;
    elements =
      map.sources === undefined
        ? [[key, value]]
        : widest(map.sources).map((network): Element => [`${key} . ${printed(network)}`, `${value} ${map.ruleId}`]);
    known.set(map, elements);
  }
  return elements;
}

/** A network as nft prints it: an address alone without its length. */
const printed = (network: string): string => kernelNetwork(network).replace(/(?<=\..*)\/32$|\/128$/, '');

/** The networks that lie in no other of them: the kernel refuses an interval within another. */
function widest(networks: readonly string[]): string[] {
  const cidrs = networks.map((network) => ({ network, cidr: parseCidr(network) }));
  return cidrs
    .filter(
      ({ network, cidr }) =>
        cidr === undefined ||
        !cidrs.some((other) => other.network !== network && other.cidr !== undefined && covers(other.cidr, cidr)),
    )
    .map(({ network }) => network);
}

/** An element as `create element` takes it. */
export function elementText([key, value]: Element): string {
  const [address = '', , port = '', id] = value.split(' ');
  return `${key}${id === undefined ? '' : ` comment "${id}"`} : ${address} . ${port}`;
}

/** The map of the table that an element's key belongs to. */
export const mapOfKey = (bucket: Bucket, key: string): string => (isForFew(key) ? fewOf(bucket) : bucket);
export const isForFew = (key: string): boolean => key.split(' . ').length === 3;

/** An address of the kernel in the words of the contract. */
export function contractAddress(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : formatAddress(address);
}

/** A named set or map, by what the tool says of it: types of key and value, flags. */
export type Sets = ReadonlyMap<string, string>;

export interface Chain {
  /** Type, hook, priority, policy; empty for a chain that others lead to. */
  base: string;
  /** Rules, each as its comment: the hash of its text, so that it is the same in the words of every version of the tool. */
  rules: readonly string[];
}

/** Everything of the table but elements. */
export interface Frame {
  sets: Sets;
  chains: ReadonlyMap<string, Chain>;
  /** What else is in it. */
  others: readonly string[];
}

export interface WantedFrame extends Frame {
  /** Texts of the rules by their comments. */
  texts: ReadonlyMap<string, string>;
}

export const definition = (keys: readonly string[], value: string | undefined, flags: readonly string[]): string =>
  [keys.join(' . '), ...(value === undefined ? [] : [value]), ...(flags.length === 0 ? [] : [flags.join(',')])].join(
    ' : ',
  );

/** The body of a declaration with this definition. */
export function declared(name: string, sets: Sets): string {
  const [keys = '', value, flags] = (sets.get(name) ?? '').split(' : ');
  const type = value === undefined ? keys : `${keys} : ${value}`;
  return `${value === undefined ? 'set' : 'map'} ${name} { type ${type};${flags === undefined ? '' : ` flags ${flags};`} }`;
}

/**
 * Priorities: after the nat chains of others (iptables has -100 and 100), whose own port forwards and masquerading go
 * first, as they do with the iptables backend. There is no chain for forwarding: an accept in a chain of ours would not
 * keep another's from dropping the packet, so it would do nothing (see `warnings` in plan.ts).
 */
const BASES: Readonly<Record<string, string>> = {
  prerouting: 'nat prerouting -95 accept',
  postrouting: 'nat postrouting 105 accept',
};

export function chainDeclaration(name: string, base: string): string {
  const [type = '', hook = '', priority = '', policy = ''] = base.split(' ');
  return base === ''
    ? `chain TABLE ${name}`
    : `chain TABLE ${name} { type ${type} hook ${hook} priority ${priority}; policy ${policy}; }`;
}

/** Machines that reach a neighbour by the public port: without it the answer would bypass the gateway. */
function hairpinRules(networks: readonly string[], family: Family): string[] {
  const ip = family === 4 ? 'ip' : 'ip6';
  const rules = networks.flatMap((network) => {
    if (parseCidr(network)?.family !== family) return [];
    const ends = network.endsWith('/0') ? '' : ` ${ip} saddr ${network} ${ip} daddr ${network}`;
    return `ct status dnat${ends} masquerade`;
  });
  return [...new Set(rules)];
}

const ranges = BUCKETS.map((_, shard) => `${shard * SPAN}-${(shard + 1) * SPAN - 1} : goto s${shard}`);
const ENTRY = `fib daddr type local th dport vmap { ${ranges.join(', ')} }`;
/** Those for some go first; a port has either those or one for everybody. */
const fewRule = (shard: number, family: Family): string =>
  `meta l4proto { tcp, udp } dnat to meta l4proto . th dport . ${family === 4 ? 'ip' : 'ip6'} saddr map @f${shard}`;
const allRule = (shard: number): string => `dnat to meta l4proto . th dport map @m${shard}`;

/**
 * The frame for a desired state. `keep` names maps that are live already: those for some callers stay although they may
 * be empty, since removing them is a write that gains nothing. O(buckets); the last answer is remembered, since most plans
 * are made for the same frame.
 */
export function frameOf(desired: Desired, keep: Iterable<string>): WantedFrame {
  const few = new Set([...keep].filter((name) => isBucket(`m${name.slice(1)}`) && name.startsWith('f')));
  for (const [bucket, maps] of desired.buckets) if (hasFew(maps)) few.add(fewOf(bucket));
  const memo = JSON.stringify([desired.family, desired.gateway.networks, [...few].sort()]);
  if (last?.memo !== memo) last = { memo, frame: makeFrame(desired.family, desired.gateway.networks, few) };
  return last.frame;
}

const knownFew = new WeakMap<readonly DesiredMap[], boolean>();
/** Remembered with the list: lists of buckets that do not change stay the same. */
function hasFew(maps: readonly DesiredMap[]): boolean {
  let few = knownFew.get(maps);
  if (few === undefined) knownFew.set(maps, (few = maps.some((map) => map.sources !== undefined)));
  return few;
}

let last: { memo: string; frame: WantedFrame } | undefined;

function makeFrame(family: Family, networks: readonly string[], few: ReadonlySet<string>): WantedFrame {
  const address = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
  const target = `${address} . inet_service`;
  const sets = new Map([[NOTES, definition(['mark', 'mark'], undefined, [])]]);
  const chains = new Map<string, Chain>();
  const texts = new Map<string, string>();
  const chain = (name: string, rules: readonly string[]): void => {
    const comments = rules.map((text) => {
      const comment = `berth1:${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
      texts.set(comment, text);
      return comment;
    });
    chains.set(name, { base: BASES[name] ?? '', rules: comments });
  };
  for (const [shard, bucket] of BUCKETS.entries()) {
    sets.set(bucket, definition(['inet_proto', 'inet_service'], target, []));
    const some = few.has(fewOf(bucket));
    if (some) sets.set(fewOf(bucket), definition(['inet_proto', 'inet_service', address], target, ['interval']));
    chain(`s${shard}`, [...(some ? [fewRule(shard, family)] : []), allRule(shard)]);
  }
  chain('prerouting', [ENTRY]);
  chain('postrouting', hairpinRules(networks, family));
  return { sets, chains, others: [], texts };
}
