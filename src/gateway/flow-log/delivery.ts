import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { Log } from '../settings.js';
import type { FlowRecord } from './record.js';
import type { Spool } from './spool.js';
import type { Message, Target } from './target.js';

const BATCH_BYTES = 1024 * 1024;
const IDLE_MS = 3_600_000;

/** Sends what the spool holds, in order, at least once: the cursor moves when the target has it. */
export class Delivery {
  /** Records that arrived since the process began. */
  delivered = 0;
  private readonly closing = new AbortController();
  private readonly pause = new Wakeable();
  private readonly running: Promise<void>;
  private dropsSaid = 0;

  constructor(
    private readonly spool: Spool,
    private readonly target: Target,
    private readonly bodyOf: (line: string, record: FlowRecord) => string,
    private readonly log: Log,
  ) {
    this.running = this.run();
  }

  /** There may be more. */
  wake(): void {
    this.pause.wake();
  }

  /** What is not delivered yet waits on disk for the next process. */
  async close(): Promise<void> {
    this.closing.abort();
    this.pause.wake();
    await this.target.close();
    await this.running;
  }

  private async run(): Promise<void> {
    const backoff = new Backoff(500, 15_000);
    while (!this.closed()) {
      this.sayDrops();
      try {
        const more = await this.deliver();
        if (backoff.failing) this.log('info', 'the flow log is delivered again');
        backoff.reset();
        if (!more) await this.pause.sleep(IDLE_MS);
      } catch (error) {
        if (this.closed()) return;
        if (!backoff.failing) this.log('warn', `the flow log waits on disk: ${String(error)}`);
        // Not `pause`: each new record would end that at once.
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, backoff.next(true));
          this.closing.signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
          });
        });
      }
    }
  }

  private closed(): boolean {
    return this.closing.signal.aborted;
  }

  private async deliver(): Promise<boolean> {
    const batch = await this.spool.read(BATCH_BYTES);
    if (batch === undefined) return false;
    const messages = batch.lines.flatMap((line) => this.messageOf(line));
    if (messages.length > 0) await this.target.send(messages);
    await this.spool.commit(batch.next);
    this.delivered += messages.length;
    return true;
  }

  /** None for a line that a damaged disk left. */
  private messageOf(line: string): Message[] {
    try {
      const record = JSON.parse(line) as FlowRecord;
      return [{ id: record.id, time: record.time, body: this.bodyOf(line, record) }];
    } catch {
      this.log('warn', 'a line of the spool is not a record, and is passed over');
      return [];
    }
  }

  private sayDrops(): void {
    if (this.spool.dropped === this.dropsSaid) return;
    this.dropsSaid = this.spool.dropped;
    this.log('error', 'the spool of the flow log is full: its oldest records were dropped', {
      dropped: this.spool.dropped,
    });
  }
}
