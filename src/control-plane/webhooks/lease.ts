import type { Database } from '../../platform/database/database.js';
import { KEEP, RELEASE, TAKE } from './delivery.queries.js';

/** So long a holder that fell silent keeps others waiting. */
const LEASE_MS = 5_000;
const KEEP_EVERY_MS = 1_500;
/** By its own clock (CLOCK_MONOTONIC, which goes on while the process is frozen) a holder stops so much earlier. */
const MARGIN_MS = 500;

/** The right to deliver for one webhook: of all processes one has it. What it notes counts only under its epoch. */
export class DeliveryLease {
  private readonly ended = new AbortController();
  private until = 0;
  private timer?: NodeJS.Timeout;

  private constructor(
    private readonly database: Database,
    private readonly webhook: string,
    readonly epoch: string,
  ) {}

  /** Undefined when another process was faster. */
  static async take(database: Database, webhook: string, holder: string): Promise<DeliveryLease | undefined> {
    const asked = performance.now();
    const [row] = await database.query<{ epoch: string }>(TAKE, [webhook, holder, LEASE_MS]);
    if (row === undefined) return undefined;
    const lease = new DeliveryLease(database, webhook, row.epoch);
    lease.until = asked + LEASE_MS - MARGIN_MS;
    lease.timer = setInterval(() => void lease.keep(), KEEP_EVERY_MS);
    return lease;
  }

  /** Aborted when the lease has ended. */
  get signal(): AbortSignal {
    if (performance.now() >= this.until) this.ended.abort();
    return this.ended.signal;
  }

  private async keep(): Promise<void> {
    const asked = performance.now();
    // With the database away it ends by its time.
    const kept = await this.database
      .query(KEEP, [this.webhook, this.epoch, LEASE_MS])
      .catch(() => (performance.now() < this.until ? undefined : []));
    if (kept === undefined) return;
    if (kept.length === 0) this.ended.abort();
    else this.until = asked + LEASE_MS - MARGIN_MS;
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    this.ended.abort();
    await this.database.query(RELEASE, [this.webhook, this.epoch]).catch(() => undefined);
  }
}
