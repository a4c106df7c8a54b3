import { setTimeout as sleep } from 'node:timers/promises';

/** What may be caught up with at once, in seconds: more would be a burst that small machines drop. */
const BURST_SECONDS = 0.02;

/** How often those that wait look again. */
export const TICK_MS = 4;

/** A token bucket: `rate` packets a second, for everything that the process probes with. */
export class Pace {
  private readonly burst: number;
  private tokens = 0;
  private filledAt: number;

  constructor(
    private readonly rate: number,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.burst = Math.max(1, rate * BURST_SECONDS);
    this.filledAt = clock();
  }

  /** Packets that may be sent now. */
  allowance(): number {
    const now = this.clock();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.filledAt) * this.rate) / 1_000);
    this.filledAt = now;
    return Math.floor(this.tokens);
  }

  spend(packets: number): void {
    this.tokens -= packets;
  }

  /** Waits for leave to send one packet, and takes it. */
  async turn(): Promise<void> {
    while (this.allowance() < 1) await sleep(TICK_MS);
    this.spend(1);
  }
}
