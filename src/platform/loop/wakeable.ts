/** A sleep that another part can end. A wake that comes while nobody sleeps ends the next sleep at once: none is lost. */
export class Wakeable {
  private woken = false;
  private release: (() => void) | undefined;

  wake(): void {
    this.woken = true;
    this.release?.();
  }

  /** Resolves after `ms` or at a wake, whichever comes first. */
  async sleep(ms: number): Promise<void> {
    if (!this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.release = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.release = undefined;
    }
    this.woken = false;
  }
}

/** Milliseconds to wait after failures: `first`, doubling to `max`. */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly first = 1_000,
    private readonly max = 30_000,
  ) {}

  /** After one more failure; `jitter` spreads many that fail together. */
  next(jitter = false): number {
    const ms = Math.min(this.first * 2 ** this.failures, this.max);
    if (ms < this.max) this.failures++;
    return jitter ? ms * (0.5 + Math.random() / 2) : ms;
  }

  /** True while the last attempt failed. */
  get failing(): boolean {
    return this.failures > 0;
  }

  reset(): void {
    this.failures = 0;
  }
}
