import type { DesiredMap, Protocol } from '../../../contract/desired-state.js';
import type { Family } from '../../../ip/address.js';
import { parseCidr } from '../../../ip/cidr.js';
import { contentOf, kernelNetwork } from '../content.js';
import type { Bucket, Desired } from '../desired.js';

/**
 * Desired state -> the rules we want, as the very text that `iptables-save` prints for them (checked on 1.8.9), so that
 * comparing with the live kernel is comparing strings.
 *
 * Layout in `nat`: PREROUTING -> BERTH-PM -> BERTH-T / BERTH-U (protocol) -> BERTH-T<w> -> BERTH-T<wx>, where `wxyz` are
 * the hex digits of the connection port. A packet passes at most 2 + 16 + 16 + 256 rules, whatever the number of maps.
 * `-g` (goto) everywhere inside: the end of a leaf returns straight to PREROUTING. Keys are disjoint, so the order of
 * rules inside a chain has no meaning. The rules name no external address: the hook's `--dst-type LOCAL` restricts them.
 */

export type Table = 'nat' | 'filter';

export interface TableRules {
  /** Rules with our mark in the built-in chains. */
  hooks: readonly string[];
  /** Chains that are ours as a whole, each with its rules. */
  chains: ReadonlyMap<string, readonly string[]>;
}

export interface Ruleset {
  family: Family;
  nat: TableRules;
  filter: TableRules;
}

export const ENTRY_CHAIN = 'BERTH-PM';
/** Unreferenced chain that holds comments only: what was applied last, and which flows are still to be flushed. */
export const STATE_CHAIN = 'BERTH-STATE';
const LEAF = /^BERTH-[TU][0-9A-F]{2}$/;
const OWNED_CHAIN = /^BERTH-(?:PM|STATE|[TU][0-9A-F]{0,2})$/;
export const isOwnedChain = (chain: string): boolean => OWNED_CHAIN.test(chain);
export const isLeaf = (chain: string): boolean => LEAF.test(chain);

const rootChain = (protocol: Protocol): string => (protocol === 'tcp' ? 'BERTH-T' : 'BERTH-U');
const protocolOf = (chain: string): Protocol => (chain.startsWith('BERTH-T') ? 'tcp' : 'udp');

export function leafChain(protocol: Protocol, port: number): string {
  return rootChain(protocol) + port.toString(16).toUpperCase().padStart(4, '0').slice(0, 2);
}

/** The chains that a packet passes on its way to a leaf, from the entry to the leaf itself. */
export const pathTo = (leaf: string): string[] => [ENTRY_CHAIN, leaf.slice(0, 7), leaf.slice(0, 8), leaf];

const aboveOf = (chain: string): string => (chain.length === 'BERTH-T'.length ? ENTRY_CHAIN : chain.slice(0, -1));

/** There are 546 of these at most, and every pass compares all that are there. */
const dispatchRules = new Map<string, string>();

/** The rule in the chain above that sends the chain's ports to it. */
export function dispatchRule(chain: string): string {
  let rule = dispatchRules.get(chain);
  if (rule === undefined) dispatchRules.set(chain, (rule = renderDispatch(chain)));
  return rule;
}

function renderDispatch(chain: string): string {
  const protocol = protocolOf(chain);
  const digits = chain.slice('BERTH-T'.length);
  if (digits === '') return `-A ${ENTRY_CHAIN} -p ${protocol} -g ${chain}`;
  const span = digits.length === 1 ? 0x1000 : 0x100;
  const first = parseInt(digits, 16) * span;
  return `-A ${aboveOf(chain)} -p ${protocol} -m ${protocol} --dport ${first}:${first + span - 1} -g ${chain}`;
}

/** Desired maps are values that later desired states share, so the text of each is made once. */
const rendered = new WeakMap<DesiredMap, readonly string[]>();

/** The rules of one map: one, or one for each network that may connect, all with the map's id. */
export function mapRules(map: DesiredMap): readonly string[] {
  let rules = rendered.get(map);
  if (rules === undefined) rendered.set(map, (rules = renderMap(map)));
  return rules;
}

function renderMap(map: DesiredMap): string[] {
  const { protocol, connectionPort, target } = contentOf(map);
  const chain = `-A ${leafChain(protocol, connectionPort)}`;
  const rule =
    ` -p ${protocol} -m ${protocol} --dport ${connectionPort}` +
    ` -m comment --comment "${map.ruleId}" -j DNAT --to-destination ${target}`;
  if (map.sources === undefined) return [chain + rule];
  return map.sources.map((network) => `${chain} -s ${kernelNetwork(network)}${rule}`);
}

/** Machines that reach a neighbour by the public port: without it the answer would bypass the gateway. */
function hairpinRules(networks: readonly string[], family: Family): string[] {
  return networks.flatMap((network) => {
    if (parseCidr(network)?.family !== family) return [];
    const ends = network.endsWith('/0') ? '' : `-s ${network} -d ${network} `;
    return `-A POSTROUTING ${ends}-m conntrack --ctstate DNAT -m comment --comment "berth1:hook:hairpin" -j MASQUERADE`;
  });
}

/**
 * One rule for all maps instead of an accept for each: a per-map accept taxes every packet. Appended, never inserted: a
 * site's own drop rules go first.
 */
const FILTER_HOOKS = [
  '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "berth1:hook:est" -j ACCEPT',
  '-A FORWARD -m conntrack --ctstate DNAT -m comment --comment "berth1:hook:fwd" -j ACCEPT',
];
const NAT_HOOK = `-A PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "berth1:hook:pre" -j ${ENTRY_CHAIN}`;

export const FILTER_RULES: TableRules = { hooks: FILTER_HOOKS, chains: new Map() };
export const natHooks = ({ gateway, family }: Desired): string[] => [
  NAT_HOOK,
  ...new Set(hairpinRules(gateway.networks, family)),
];

/** The chains that lead to these leaves, with their rules. Both protocols have their chain, wanted or not. */
export function frameFor(leaves: ReadonlySet<Bucket>): Map<string, string[]> {
  const chains = new Map<string, string[]>([[ENTRY_CHAIN, []]]);
  const ensure = (chain: string): string[] => {
    let rules = chains.get(chain);
    if (rules !== undefined) return rules;
    ensure(aboveOf(chain)).push(dispatchRule(chain));
    chains.set(chain, (rules = []));
    return rules;
  };
  ensure('BERTH-T');
  ensure('BERTH-U');
  for (const leaf of leaves) ensure(isLeaf(leaf) ? aboveOf(leaf) : leaf);
  for (const leaf of leaves) if (isLeaf(leaf)) ensure(aboveOf(leaf)).push(dispatchRule(leaf));
  return chains;
}

/** By port, so that the same desired state always has the same text. */
export function leafRules(desired: Desired, leaf: Bucket): string[] {
  const rules: string[] = [];
  const maps = [...(desired.buckets.get(leaf) ?? [])].sort((a, b) => a.connectionPort - b.connectionPort);
  for (const map of maps) rules.push(...mapRules(map));
  return rules;
}

/**
 * The whole ruleset for a desired state. Leaves are made when first needed; `keep` names chains that are live already and
 * stay although they may be empty, since removing a chain is a write that gains nothing.
 */
export function ruleset(desired: Desired, keep: Iterable<string> = []): Ruleset {
  const needed = new Set(desired.buckets.keys());
  for (const chain of keep)
    if (isOwnedChain(chain) && chain !== STATE_CHAIN && chain !== ENTRY_CHAIN) needed.add(chain);
  const chains = frameFor(needed);
  for (const chain of needed) if (isLeaf(chain)) chains.set(chain, leafRules(desired, chain).sort());
  return { family: desired.family, nat: { hooks: natHooks(desired), chains }, filter: FILTER_RULES };
}
