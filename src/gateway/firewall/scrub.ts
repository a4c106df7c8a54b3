import type { Bucket } from './desired.js';
import type { Scope } from './firewall.js';

/** So often one part is read although nothing says that it changed: all of it in some minutes at the very most. */
const EVERY_MS = 1_000;

/**
 * The rolling look: one bucket a turn, and in its turn what leads to all of them. For what a watch cannot see (legacy
 * iptables, a monitor that was away), at the cost of one small read.
 */
export class Scrub {
  private readonly timer: NodeJS.Timeout;
  private next = 0;

  constructor(
    private readonly buckets: () => readonly Bucket[],
    private readonly suspect: (scope: Scope) => void,
    everyMs = EVERY_MS,
  ) {
    this.timer = setInterval(() => this.turn(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  private turn(): void {
    const buckets = this.buckets();
    if (buckets.length === 0) return;
    const bucket = buckets[this.next++ % (buckets.length + 1)];
    this.suspect({ buckets: new Set(bucket === undefined ? [] : [bucket]), frame: bucket === undefined });
  }
}
