import type { Family } from '../../ip/address.js';
import type { Live } from './live.js';
import type { Transaction } from './plan.js';
import type { MapContent } from './ruleset.js';

/**
 * The gateway's door to a kernel. Two implementations: iptables, and an in-memory one that fails as the kernel does;
 * both pass the same contract suite (`test/gateway/firewall-contract.ts`).
 */
export interface Firewall {
  /** What is live. Throws `FirewallError` rather than return less than the truth. */
  read(family: Family): Promise<Live>;
  /** Applies the transactions in order, each wholly or not at all. Throws `FirewallError` at the first that is refused. */
  apply(family: Family, transactions: readonly Transaction[]): Promise<void>;
  /**
   * Cuts the connections that were made through maps of these contents, and no others. Answers with a warning when the
   * machine cannot do it at all; throws `FirewallError` when it failed and should be tried again.
   */
  flush(family: Family, flows: readonly MapContent[]): Promise<{ warning: string | null }>;
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
