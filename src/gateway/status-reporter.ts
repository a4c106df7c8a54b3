import type { ObservedDrift, StatusReport } from '../contract/desired-state.js';
import type { ControlPlaneClient } from './control-plane-client.js';
import type { Log } from './settings.js';
import { StatusLedger } from './status-ledger.js';
import { Backoff, Wakeable } from '../platform/loop/wakeable.js';

/** With nothing to send the loop sleeps until it is woken; the bound only keeps a timer's value legal. */
const IDLE_MS = 3_600_000;

/** Sends what the ledger holds until it is acknowledged. */
export class StatusReporter {
  private readonly ledger = new StatusLedger();
  private readonly closing = new AbortController();
  private readonly wake = new Wakeable();
  private readonly running: Promise<void>;
  private toldAll = { generation: -1, at: 0 };

  constructor(
    private readonly client: Pick<ControlPlaneClient, 'putStatus'>,
    /** A new generation has everything told again, at most once in this time: 50,000 maps are some megabytes. */
    private readonly tellAllEveryMs: number,
    private readonly log: Log,
  ) {
    this.running = this.run();
  }

  observe(report: StatusReport, whole = true): void {
    const now = Date.now();
    if (report.generation !== this.toldAll.generation && now - this.toldAll.at >= this.tellAllEveryMs) {
      this.toldAll = { generation: report.generation, at: now };
      this.ledger.forget();
    }
    this.ledger.observe(report, whole);
    this.wake.wake();
  }

  find(drift: ObservedDrift): void {
    this.ledger.find(drift);
    this.wake.wake();
  }

  /** Gives up on what is not acknowledged yet: the next start tells everything anew. */
  async close(): Promise<void> {
    this.closing.abort();
    this.wake.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    const backoff = new Backoff();
    let said = '';
    while (!this.closed()) {
      const report = this.ledger.next();
      if (report === undefined) {
        await this.wake.sleep(IDLE_MS);
        continue;
      }
      try {
        await this.client.putStatus(report, this.closing.signal);
        this.ledger.acknowledge(report);
        backoff.reset();
        said = '';
      } catch (error) {
        if (this.closed()) return;
        const message = error instanceof Error ? error.message : String(error);
        if (message !== said) this.log('warn', `the status report was not taken: ${message}`);
        said = message;
        await this.waitOut(backoff.next(true));
      }
    }
  }

  private closed(): boolean {
    return this.closing.signal.aborted;
  }

  /** A new observation does not cut the pause short: it would make a busy gateway hammer an ailing control plane. */
  private async waitOut(ms: number): Promise<void> {
    const until = Date.now() + ms;
    for (let left = ms; left > 0 && !this.closed(); left = until - Date.now()) await this.wake.sleep(left);
  }
}
