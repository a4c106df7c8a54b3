import { setTimeout as sleep } from 'node:timers/promises';

/** A process that has been started and is ready. */
export interface Running {
  readonly pid: number;
  /** Resolves when it has ended, with how, for people: `exit status 1`. */
  readonly ended: Promise<string>;
  /** Asks it to end, and resolves when it has; forces it after a while. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
  /** After a life so long the next pause is the first one again. */
  readonly settledMs: number;
}

export const BACKOFF: Backoff = { firstMs: 500, longestMs: 30_000, settledMs: 60_000 };

/**
 * Keeps one process running: starts it, starts it again after growing pauses when it ends unasked, and says so. The first
 * start is the caller's to judge: it rejects with what went wrong.
 */
export class Supervisor {
  private current?: Running;
  private launching?: Promise<Running>;
  private watching: Promise<void> = Promise.resolve();
  private replaced = false;
  private readonly stopped = new AbortController();

  constructor(
    readonly name: string,
    private readonly launch: (stopped: AbortSignal) => Promise<Running>,
    private readonly say: (line: string) => void,
    private readonly backoff: Backoff = BACKOFF,
  ) {}

  async start(): Promise<void> {
    this.watching = this.watch(await this.launchOnce());
  }

  /** Ends the process and starts it anew without a pause, as a change of its program or its settings asks for. */
  async restart(): Promise<void> {
    this.replaced = true;
    await this.current?.stop();
  }

  /** Ends the process and its supervision, in whatever state they are. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.launching?.catch(() => undefined);
    await this.current?.stop();
    await this.watching;
  }

  kill(): void {
    this.stopped.abort();
    this.current?.kill();
  }

  private async launchOnce(): Promise<Running> {
    this.launching = this.launch(this.stopped.signal);
    this.current = await this.launching;
    return this.current;
  }

  private async watch(first: Running): Promise<void> {
    let running: Running | undefined = first;
    let pause = this.backoff.firstMs;
    let reason = '';
    for (;;) {
      if (running) {
        const since = Date.now();
        reason = `ended by itself (${await running.ended})`;
        if (Date.now() - since >= this.backoff.settledMs) pause = this.backoff.firstMs;
      }
      if (!this.replaced && !this.stopped.signal.aborted) {
        this.say(`${this.name} ${reason}; it starts again in ${(pause / 1000).toFixed(1)} s`);
        await sleep(pause, undefined, { signal: this.stopped.signal }).catch(() => undefined);
        pause = Math.min(pause * 2, this.backoff.longestMs);
      }
      if (this.stopped.signal.aborted) return;
      this.replaced = false;
      try {
        running = await this.launchOnce();
        this.say(`${this.name} runs again`);
      } catch (error) {
        running = undefined;
        reason = `did not start: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
  }
}
