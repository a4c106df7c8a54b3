import type { Database } from '../../platform/database/database.js';
import type { EventSignal } from './event-signal.js';
import { SEQUENCE } from './outbox.queries.js';
import type { Next } from './relay.js';

/** Rows of the outbox at a time; each has one event or many. */
const BATCHES = 500;
/** Another process is at it: look again soon, since it may have looked before our commit. */
const BUSY_MS = 3;
/**
 * Above so many rows a second the sequencer leaves what is written after its run for a moment, so that one run, with its
 * commit and the waking of all listeners, does for many transactions. Below, an event gets its position at once.
 */
const BUSY_RATE = 1_200;
const GATHER_MS = 15;
/** The rate is that of about the last so many milliseconds. */
const MEMORY_MS = 250;

/**
 * Gives committed events their positions, one stream for all, and wakes all listeners. It needs no lease: a run is one
 * statement and so one transaction of the database's own, which ends whatever becomes of the process that asked for it. Of
 * several at once one gets the lock of the row, and nobody queues for it.
 */
export class Sequencer {
  private readonly rate = new RecentRate(MEMORY_MS);

  constructor(
    private readonly database: Database,
    private readonly signal: EventSignal,
  ) {}

  async step(): Promise<Next> {
    const [given] = await this.database.query<{ batches: number | null }>(SEQUENCE, [BATCHES]);
    if (given?.batches == null) return { restMs: BUSY_MS };
    if (given.batches === 0) return 'idle';
    this.signal.sequenced();
    const perSecond = this.rate.after(given.batches, performance.now());
    if (given.batches === BATCHES) return 'more';
    // More may have come meanwhile, but then its writer has woken us.
    return perSecond > BUSY_RATE ? { restMs: GATHER_MS } : 'idle';
  }
}

/** How many a second came lately: older ones count less and less. */
export class RecentRate {
  private perSecond = 0;
  private at = 0;

  constructor(private readonly memoryMs: number) {}

  /** The rate after `count` more at the time `now` (milliseconds of any clock that does not go back). */
  after(count: number, now: number): number {
    const faded = Math.exp((this.at - now) / this.memoryMs);
    this.perSecond = this.perSecond * faded + (count * 1_000) / this.memoryMs;
    this.at = now;
    return this.perSecond;
  }
}
