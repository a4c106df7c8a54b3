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

/** 1 s doubling to 30 s. */
export class Backoff {
  private failures = 0;

  /** Milliseconds to wait after one more failure; `jitter` spreads many gateways that fail together. */
  next(jitter = false): number {
    const ms = Math.min(1_000 * 2 ** this.failures, 30_000);
    this.failures = Math.min(this.failures + 1, 5);
    return jitter ? ms * (0.5 + Math.random() / 2) : ms;
  }

  reset(): void {
    this.failures = 0;
  }
}
