import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import { FORGET, FORGET_AT_ONCE } from './sweep.queries.js';

const EVERY_MS = 10 * 60 * 1000;

/**
 * Forgets the past that ended more than so many days ago (0: never). Any number of processes may do it: each takes rows that
 * no other is deleting. In batches, so that none holds locks, or fills the log of the database, for long. With the database
 * away it tries again next time: what is kept too long does no harm but for its space.
 */
@Injectable()
export class HistorySweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;
  private sweeping?: Promise<void>;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly days: number,
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
      for (const sql of Object.values(FORGET)) {
        let gone = FORGET_AT_ONCE;
        while (gone === FORGET_AT_ONCE && !this.stopped) {
          const [row] = await this.database.query<{ gone: number }>(sql, [this.days, FORGET_AT_ONCE]);
          gone = row?.gone ?? 0;
        }
      }
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.log('debug', 'could not forget old history now', { cause });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.sweeping;
  }
}
