import type { Protocol } from '../../src/contract/desired-state.js';
import { contentKey, type Flow } from '../../src/gateway/firewall/content.js';
import type { Desired } from '../../src/gateway/firewall/desired.js';
import {
  FirewallError,
  type Firewall,
  type FirewallErrorReason,
  type LiveView,
  type PlanOptions,
  type Scope,
} from '../../src/gateway/firewall/firewall.js';
import { changedChains, mergeLive, parseSave, viewOf, type Live } from '../../src/gateway/firewall/iptables/live.js';
import { plan, planRemoval } from '../../src/gateway/firewall/iptables/plan.js';
import { isLeaf, leafChain, STATE_CHAIN, type Table } from '../../src/gateway/firewall/iptables/ruleset.js';
import type { Plan, Transaction } from '../../src/gateway/firewall/plan.js';
import type { Family } from '../../src/ip/address.js';

type Chains = Map<string, string[]>;

const BUILT_IN: Record<Table, string[]> = {
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/**
 * A kernel in memory that takes the same text as `iptables-restore --noflush` and refuses what the real one refuses, a
 * table at a time, each wholly or not at all. It passes the same contract suite as the real one.
 */
export class FakeFirewall implements Firewall<Live> {
  readonly name = 'iptables';
  private readonly kernels = new Map<string, Chains>();
  /** Contents of the connections that are open, as `protocol/port/target`. */
  readonly connections = new Set<string>();
  writes = 0;
  reads = 0;
  /** Set to have the next apply fail after so many transactions, as a crash or a refusal between tables does. */
  failAfter: number | undefined;
  failure: { reason: FirewallErrorReason; message: string } | undefined;
  /** Set to change each save's text before it is read. */
  distort: (text: string) => string = (text) => text;

  variant(): Promise<string> {
    return Promise.resolve('in memory');
  }
  bucketOf(protocol: Protocol, connectionPort: number): string {
    return leafChain(protocol, connectionPort);
  }
  merge(live: Live, part: Live, scope: Scope): Live {
    return mergeLive(live, part, scope);
  }
  changed(before: Live, after: Live): Scope {
    return changedChains(before, after);
  }
  view(live: Live): LiveView {
    return viewOf(live);
  }
  plan(desired: Desired, live: Live, options?: PlanOptions): Plan {
    return plan(desired, live, options);
  }
  planRemoval(live: Live): Transaction[] {
    return planRemoval(live);
  }
  pids(): ReadonlySet<number> {
    return new Set();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  read(family: Family, scope?: Scope): Promise<Live> {
    return Promise.resolve().then(() => {
      this.reads++;
      if (this.failure !== undefined) throw new FirewallError(this.failure.reason, this.failure.message);
      try {
        const nat = parseSave('nat', this.distort(this.save(family, 'nat')));
        const live = { family, nat, filter: parseSave('filter', this.distort(this.save(family, 'filter'))) };
        if (scope === undefined) return live;
        // As little as was asked for: a pass that needs more than it asked for must not find it by chance.
        const asked = (chain: string): boolean =>
          scope.buckets.has(chain) || chain === STATE_CHAIN || (scope.frame && !isLeaf(chain));
        const chains = new Map([...nat.chains].filter(([chain]) => asked(chain)));
        const none = { chains: new Map<string, string[]>(), hooks: [], foreignRules: 0, blockers: [] };
        return { family, nat: { ...(scope.frame ? nat : none), chains }, filter: scope.frame ? live.filter : none };
      } catch (error) {
        throw new FirewallError('unreadable', String(error));
      }
    });
  }

  apply(family: Family, transactions: readonly Transaction[]): Promise<void> {
    return Promise.resolve().then(() => {
      for (const [index, { text }] of transactions.entries()) {
        if (this.failAfter === index) {
          this.failAfter = undefined;
          throw new FirewallError('refused', 'the kernel refused it');
        }
        this.restore(family, text);
        this.writes++;
      }
    });
  }

  flush(_family: Family, flows: readonly Flow[]): Promise<{ warning: string | null }> {
    // Who made a connection is not known here: what may stay stays.
    for (const flow of flows) if (flow.keep === undefined) this.connections.delete(contentKey(flow));
    return Promise.resolve({ warning: null });
  }

  save(family: Family, table: Table): string {
    const chains = this.chains(family, table);
    const heads = [...chains.keys()].map((name) => `:${name} ${BUILT_IN[table].includes(name) ? 'ACCEPT' : '-'} [0:0]`);
    return ['# made up', `*${table}`, ...heads, ...[...chains.values()].flat(), 'COMMIT', ''].join('\n');
  }

  /** Input of `iptables-restore --noflush`; also the way in which tests play the part of other programs. */
  restore(family: Family, text: string): void {
    let table: Table | undefined;
    let chains: Chains = new Map();
    for (const [index, line] of text.split('\n').entries()) {
      const refuse = (why: string): never => {
        throw new FirewallError('refused', `line ${index + 1} failed: ${why} (${line})`);
      };
      if (line === '*nat' || line === '*filter') {
        table = line === '*nat' ? 'nat' : 'filter';
        chains = new Map([...this.chains(family, table)].map(([name, rules]) => [name, [...rules]]));
      } else if (line === 'COMMIT') {
        if (table === undefined) return refuse('no table');
        this.kernels.set(`${family}${table}`, chains);
        table = undefined;
      } else if (line !== '') {
        if (table === undefined) return refuse('no table');
        execute(chains, BUILT_IN[table], line, refuse);
      }
    }
    if (table !== undefined) throw new FirewallError('refused', 'COMMIT expected at the end');
  }

  private chains(family: Family, table: Table): Chains {
    return this.kernels.get(`${family}${table}`) ?? new Map(BUILT_IN[table].map((name) => [name, []]));
  }
}

function execute(chains: Chains, builtIn: readonly string[], line: string, refuse: (why: string) => never): void {
  const match = /^(?::(?<declared>\S+) -|-(?<verb>[ADFX]) (?<chain>\S+))(?<rest>.*)$/.exec(line)?.groups;
  if (match === undefined) return refuse('unknown command');
  if (match['declared'] !== undefined) {
    chains.set(match['declared'], []);
    return;
  }
  const chain = match['chain'] ?? '';
  const rules = chains.get(chain);
  if (rules === undefined) return refuse('No chain/target/match by that name.');
  const rule = `-A ${chain}${match['rest'] ?? ''}`;
  if (match['verb'] === 'A') {
    const target = / -[jg] (\S+)/.exec(rule)?.[1] ?? '';
    const known = chains.has(target) && !builtIn.includes(target);
    if (target !== '' && !known && !/^(ACCEPT|DROP|RETURN|DNAT|MASQUERADE|REJECT)$/.test(target)) {
      return refuse(`Chain '${target}' does not exist`);
    }
    rules.push(rule);
  } else if (match['verb'] === 'D') {
    const index = rules.findIndex((other) => unquoted(other) === unquoted(rule));
    if (index < 0) return refuse('Bad rule (does a matching rule exist in that chain?).');
    rules.splice(index, 1);
  } else if (match['verb'] === 'F') {
    rules.length = 0;
  } else {
    const used = [...chains.values()].flat().some((other) => new RegExp(` -[jg] ${chain}$`).test(other));
    if (rules.length > 0 || used || builtIn.includes(chain))
      return refuse('CHAIN_DEL failed (Device or resource busy)');
    chains.delete(chain);
  }
}

const unquoted = (line: string): string => line.replaceAll('"', '');
