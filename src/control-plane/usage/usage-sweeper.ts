import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import { FORGET_USAGE } from './usage.queries.js';

const EVERY_MS = 60 * 60 * 1000;
const AT_ONCE = 5_000;

/**
 * Forgets usage older than so many days (0: never). Any number of processes may do it. With the database away it tries
 * again next time: what is kept too long does no harm but for its space.
 */
@Injectable()
export class UsageSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
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
      for (let gone = AT_ONCE; gone === AT_ONCE && !this.stopped;) {
        const [row] = await this.database.query<{ gone: number }>(FORGET_USAGE, [this.days, AT_ONCE]);
        gone = row?.gone ?? 0;
      }
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.log('debug', 'could not forget old usage now', { cause });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.sweeping;
  }
}
