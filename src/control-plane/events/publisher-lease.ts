import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Database } from '../../platform/database/database.js';
import { KEEP_LEASE, LOOK_AT_LEASE, RELEASE_LEASE, TAKE_LEASE } from './lease.queries.js';

/** So long a holder that fell silent keeps others waiting. */
const LEASE_MS = 2_000;
/** By its own clock a holder stops so much earlier: what it began may still be on its way. */
const MARGIN_MS = 400;

/** How things stand, for who does not hold the lease. */
export interface Standing {
  /** Position of the last event that was published. */
  position: number;
  /** Position of the last event there is. */
  last: number;
  /** How long another holds the lease; 0: nobody. */
  heldMs: number;
}

/** Another process is the publisher by now. */
export class LeaseLost extends Error {
  constructor() {
    super('another process publishes by now');
  }
}

/**
 * The right to publish: of all processes one has it, for a few seconds at a time, while it is at work. Its end is judged by
 * the database's clock for others, and earlier by a clock that goes on while the process is frozen (CLOCK_MONOTONIC) for
 * the holder itself. What a holder notes counts only under its epoch. That a woken holder sends one more message before it
 * looks at its clock cannot be helped here: the stream itself refuses it (see PublishWindow).
 */
export class PublisherLease {
  private readonly holder = `${hostname()} ${process.pid} ${randomUUID().slice(0, 8)}`;
  private epoch = '0';
  private until = 0;

  constructor(private readonly database: Database) {}

  get held(): boolean {
    return performance.now() < this.until;
  }

  async look(): Promise<Standing> {
    const [row] = await this.database.query<{ position: string; last: string; heldMs: number }>(LOOK_AT_LEASE);
    if (row === undefined) throw new Error('the rows of the table relay are missing');
    return { position: Number(row.position), last: Number(row.last), heldMs: row.heldMs };
  }

  /** The position to go on from, or undefined when another was faster. */
  async take(): Promise<number | undefined> {
    const asked = performance.now();
    const [row] = await this.database.query<{ position: string; epoch: string }>(TAKE_LEASE, [this.holder, LEASE_MS]);
    if (row === undefined) return undefined;
    this.epoch = row.epoch;
    this.until = asked + LEASE_MS - MARGIN_MS;
    return Number(row.position);
  }

  /** Notes how far the stream has all events, and holds the lease for its whole time again. */
  async keep(position: number): Promise<void> {
    const asked = performance.now();
    const kept = await this.database.query(KEEP_LEASE, [this.holder, this.epoch, position, LEASE_MS]);
    if (kept.length === 0) {
      this.until = 0;
      throw new LeaseLost();
    }
    this.until = asked + LEASE_MS - MARGIN_MS;
  }

  /** Gives it up for whoever is next; without the database it ends by itself. */
  async release(position: number): Promise<void> {
    this.until = 0;
    await this.database.query(RELEASE_LEASE, [this.holder, this.epoch, position]).catch(() => undefined);
  }
}
