import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Log } from '../logging/log.js';
import type { Database } from './database.js';

/**
 * Removes what is older than so many days (0: never), at the start and now and then. Any number of processes may do it:
 * that two do not meet is the statement's own matter. With the database away it tries again next time: what is kept too
 * long does no harm but for its space.
 */
export abstract class RetentionSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;
  private sweeping?: Promise<void>;
  private stopped = false;

  constructor(
    protected readonly database: Database,
    private readonly days: number,
    private readonly log: Log,
    /** What it does, to be said where it could not, and how often. */
    private readonly task: { readonly what: string; readonly everyMs: number },
  ) {}

  onApplicationBootstrap(): void {
    if (this.days === 0) return;
    this.start();
    this.timer = setInterval(() => this.start(), this.task.everyMs);
    this.timer.unref();
  }

  private start(): void {
    this.sweeping ??= this.guarded().finally(() => (this.sweeping = undefined));
  }

  private async guarded(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.log('debug', `could not ${this.task.what} now`, { cause });
    }
  }

  /** One round; a fault of it ends the round. */
  protected abstract sweep(): Promise<void>;

  /**
   * Runs a statement until it removes fewer rows than it may, so that none holds locks, or fills the log of the database, for
   * long. Its parameters are the days, the most rows, and what else is given; it answers with one row that has `gone`.
   * Resolves to whether any row went.
   */
  protected async remove(sql: string, atOnce: number, ...more: readonly unknown[]): Promise<boolean> {
    let any = false;
    let gone = atOnce;
    while (gone === atOnce && !this.stopped) {
      const [row] = await this.database.query<{ gone: number }>(sql, [this.days, atOnce, ...more]);
      gone = row?.gone ?? 0;
      any ||= gone !== 0;
    }
    return any;
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.sweeping;
  }
}
