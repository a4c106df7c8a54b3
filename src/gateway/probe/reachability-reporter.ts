import {
  REACHABILITY_LIMITS,
  type ObservedReachability,
  type ReachabilityReport,
} from '../../contract/reachability.js';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { ControlPlaneClient } from '../control-plane-client.js';
import type { Log } from '../settings.js';

/** What comes together is told together. */
const GATHER_MS = 200;
const IDLE_MS = 3_600_000;

/**
 * Tells the control plane what changed until that is acknowledged. While the control plane is away only the latest word on
 * each address is kept; a control plane without this route is told now and then again.
 */
export class ReachabilityReporter {
  private readonly words = new Map<string, ObservedReachability | 'gone'>();
  private readonly closing = new AbortController();
  private readonly wake = new Wakeable();
  private readonly running: Promise<void>;

  constructor(
    private readonly client: Pick<ControlPlaneClient, 'putReachability'>,
    private readonly log: Log,
  ) {
    this.running = this.run();
  }

  tell({ results, gone }: ReachabilityReport): void {
    for (const result of results) this.say(result.address, result);
    for (const address of gone) this.say(address, 'gone');
    this.wake.wake();
  }

  /** Gives up on what is not acknowledged yet: the next start finds it out anew. */
  async close(): Promise<void> {
    this.closing.abort();
    this.wake.wake();
    await this.running;
  }

  /** To the end of the line, so that what changes often does not keep the rest waiting. */
  private say(address: string, word: ObservedReachability | 'gone'): void {
    this.words.delete(address);
    this.words.set(address, word);
  }

  private async run(): Promise<void> {
    const backoff = new Backoff();
    const { signal } = this.closing;
    while (!signal.aborted) {
      if (this.words.size === 0) {
        await this.wake.sleep(IDLE_MS);
        await this.pause(GATHER_MS);
        continue;
      }
      const batch = [...this.words].slice(0, REACHABILITY_LIMITS.results);
      try {
        await this.client.putReachability(reportOf(batch), signal);
        for (const [address, word] of batch) if (this.words.get(address) === word) this.words.delete(address);
        backoff.reset();
      } catch (error) {
        if (this.closed()) return;
        const message = error instanceof Error ? error.message : String(error);
        if (!backoff.failing) this.log('warn', `the report of what is reachable was not taken: ${message}`);
        await this.pause(backoff.next(true));
      }
    }
  }

  // a method, since the compiler takes the value at the head of the loop for the value ever after
  private closed(): boolean {
    return this.closing.signal.aborted;
  }

  private async pause(ms: number): Promise<void> {
    const until = Date.now() + ms;
    for (let left = ms; left > 0 && !this.closed(); left = until - Date.now()) await this.wake.sleep(left);
  }
}

function reportOf(batch: readonly (readonly [string, ObservedReachability | 'gone'])[]): ReachabilityReport {
  return {
    results: batch.flatMap(([, word]) => (word === 'gone' ? [] : [word])),
    gone: batch.flatMap(([address, word]) => (word === 'gone' ? [address] : [])),
  };
}
