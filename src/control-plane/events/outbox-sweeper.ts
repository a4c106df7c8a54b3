import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import { SWEEP, SWEEP_GENERATIONS } from './sweep.queries.js';

const EVERY_MS = 60 * 1000;
/** Rows at a time, so that none holds locks, or fills the log of the database, for long. */
const AT_ONCE = 500;

/**
 * Removes events that are older than so many days (0: never) from the outbox; while a NATS is configured, only what that
 * has stored. Any number of processes may do it. With the database away it tries again next time: what is kept too long
 * does no harm but for its space.
 */
@Injectable()
export class OutboxSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;
  private sweeping?: Promise<void>;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly days: number,
    private readonly withNats: boolean,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    if (this.days === 0) return;
    this.start();
    this.timer = setInterval(() => this.start(), EVERY_MS);
    this.timer.unref();
  }

  private start(): void {
    this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined));
  }

  private async sweep(): Promise<void> {
    try {
      let gone: number | undefined = AT_ONCE;
      let any = false;
      while (gone === AT_ONCE && !this.stopped) {
        const [row]: { gone: number }[] = await this.database.query(SWEEP, [this.days, AT_ONCE, this.withNats]);
        gone = row?.gone;
        any ||= gone !== 0;
      }
      if (any) await this.database.query(SWEEP_GENERATIONS);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.log('debug', 'could not remove old events now', { cause });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.sweeping;
  }
}
