import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import { SPACES_TO_WAKE, WAKE_POSITIONS } from './allocation.queries.js';

const EVERY_MS = 5_000;
/** Positions that one statement makes free. It holds their chunks meanwhile, for some 20 ms; who releases waits for it. */
const BATCH = 250;

/**
 * Makes addresses free whose rest after the release is over. Nothing depends on its being in time: an address asked for
 * by name may be had from the end of its rest on, and a claim that finds too little looks for rested ones itself.
 *
 * Any number of processes may run it: each takes what the others have not locked. With the database away, or a chunk
 * that is always busy, it tries again next time.
 */
@Injectable()
export class QuarantineSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.plan();
  }

  private plan(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.sweep().then(() => this.plan()), EVERY_MS);
    this.timer.unref();
  }

  async sweep(): Promise<void> {
    try {
      for (const { space } of await this.database.query<{ space: string }>(SPACES_TO_WAKE)) {
        let woken = BATCH;
        while (woken === BATCH && !this.stopped) {
          const [row] = await this.database.query<{ woken: number }>(WAKE_POSITIONS, [space, BATCH]);
          woken = row?.woken ?? 0;
        }
      }
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.log('debug', 'could not free rested addresses now', { cause });
    }
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}
