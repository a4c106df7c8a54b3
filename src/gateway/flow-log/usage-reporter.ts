import { randomBytes } from 'node:crypto';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { ControlPlaneClient } from '../control-plane-client.js';
import type { Log } from '../settings.js';
import type { UsageMeter } from './usage-meter.js';

const EVERY_MS = 5_000;
const LAST_WORDS_MS = 3_000;

/**
 * Tells the control plane what was counted, every five seconds and at the end. While the control plane is away the sums
 * grow here and are told when it is back; what was not told when the process is killed is lost to usage, not to the log.
 */
export class UsageReporter {
  private readonly epoch = randomBytes(8).toString('hex');
  private readonly closing = new AbortController();
  private readonly pause = new Wakeable();
  private readonly running: Promise<void>;

  constructor(
    private readonly client: ControlPlaneClient,
    private readonly meter: UsageMeter,
    private readonly log: Log,
  ) {
    this.running = this.run();
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.pause.wake();
    await this.running;
    await this.tell(AbortSignal.timeout(LAST_WORDS_MS)).catch((error: unknown) =>
      this.log('warn', `the last usage could not be told: ${String(error)}`),
    );
  }

  private async run(): Promise<void> {
    const backoff = new Backoff(EVERY_MS, 60_000);
    let said = '';
    for (let delay = EVERY_MS; ;) {
      await this.pause.sleep(delay);
      if (this.closed()) return;
      try {
        await this.tell(this.closing.signal);
        backoff.reset();
        said = '';
        delay = EVERY_MS;
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        if (words !== said && !this.closed()) this.log('warn', `usage waits to be told: ${words}`);
        said = words;
        delay = backoff.next(true);
      }
    }
  }

  private closed(): boolean {
    return this.closing.signal.aborted;
  }

  private async tell(signal: AbortSignal): Promise<void> {
    for (;;) {
      const { usage, giveBack } = this.meter.take();
      if (usage.length === 0) return;
      try {
        await this.client.putUsage({ epoch: this.epoch, maps: usage }, signal);
      } catch (error) {
        giveBack();
        throw error;
      }
    }
  }
}
