import type { Protocol } from '../../contract/desired-state.js';
import type { Family } from '../../ip/address.js';
import type { Bucket, Desired } from './desired.js';
import type { Flow, MapContent } from './content.js';
import type { Plan, Transaction } from './plan.js';

/** What is to be read: named buckets, and with `frame` also the hooks and chains that lead to all of them. */
export interface Scope {
  buckets: ReadonlySet<Bucket>;
  frame: boolean;
}

export interface PlanOptions {
  /** Apply also what the fuse would refuse. */
  force?: boolean;
  /** Compare these buckets only; the rest of `live` is believed. Hooks and structure are compared always. */
  buckets?: ReadonlySet<Bucket>;
}

/** A flow to be cut as it is noted in the kernel. Narrowed: of the map that is wanted with it, what its sources leave out. */
export interface JournalEntry extends MapContent {
  narrowed: boolean;
}

/** What every backend can say about what it read. */
export interface LiveView {
  /** Anything of ours is there. */
  holdsAnything: boolean;
  /** Every rule of ours that translates one port, in any bucket. */
  maps: readonly (MapContent & { ruleId: string | undefined })[];
  /** Digest of the desired state that was applied last. */
  digest: string | undefined;
  /** Flows that an earlier pass noted and did not get to flush. */
  journal: readonly JournalEntry[];
}

/**
 * The gateway's door to a kernel. Implementations: iptables, nft, and an in-memory one that fails as the kernel does; all
 * pass the same contract suite (`test/gateway/firewall-contract.ts`). `Live` is a plain value that only its backend looks
 * into; `view`, `merge`, `changed`, `plan` and `planRemoval` are functions from values to values.
 */
export interface Firewall<Live = unknown> {
  readonly name: 'iptables' | 'nft';
  /** Tool, version and variant, for people. Throws `FirewallError` when it is not there. */
  variant(family: Family): Promise<string>;
  bucketOf(protocol: Protocol, connectionPort: number): Bucket;
  /** What is live; all of it, or the scope alone. Throws `FirewallError` rather than return less than the truth. */
  read(family: Family, scope?: Scope): Promise<Live>;
  /** `live` with what `part`, read with a scope, says newer. */
  merge(live: Live, part: Live, scope: Scope): Live;
  /** Which parts of ours differ between two reads: what somebody changed meanwhile, when we did not. */
  changed(before: Live, after: Live): Scope;
  view(live: Live): LiveView;
  plan(desired: Desired, live: Live, options?: PlanOptions): Plan;
  /** Takes every trace of ours out. */
  planRemoval(live: Live): Transaction[];
  /** Applies the transactions in order, each wholly or not at all. Throws `FirewallError` at the first that is refused. */
  apply(family: Family, transactions: readonly Transaction[]): Promise<void>;
  /**
   * Cuts the connections that were made through maps of these contents and that are not to be kept, and no others. Answers with a warning when the
   * machine cannot do it at all; throws `FirewallError` when it failed and should be tried again.
   */
  flush(family: Family, flows: readonly Flow[]): Promise<{ warning: string | null }>;
  /** Process ids of tools that are working for us now: what they change is not drift. */
  pids(): ReadonlySet<number>;
  /** Ends the tools that are kept running. The rules stay. */
  close(): Promise<void>;
}

export type FirewallErrorReason =
  /** A tool is not installed. */
  | 'missing'
  /** The process lacks NET_ADMIN. */
  | 'not-permitted'
  /** The kernel could not be read whole. */
  | 'unreadable'
  /** The kernel or the tool refused a transaction: nothing of it is applied. */
  | 'refused'
  /** The tool did not finish in time and was ended. */
  | 'deadline';

/** `message` is one sentence for people, with the tool's own words in it. */
export class FirewallError extends Error {
  override readonly name = 'FirewallError';

  constructor(
    readonly reason: FirewallErrorReason,
    message: string,
  ) {
    super(message);
  }
}
