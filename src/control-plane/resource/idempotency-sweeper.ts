import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import { EXPIRE_KEYS } from './idempotency.queries.js';

const EVERY_MS = 10 * 60 * 1000;

/**
 * Forgets the answers to old Idempotency-Keys. Any number of processes may do it: a row goes once. With the database away
 * it tries again next time; old rows do no harm but for their space.
 */
@Injectable()
export class IdempotencySweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweep(), EVERY_MS);
    this.timer.unref();
  }

  async sweep(): Promise<void> {
    try {
      await this.database.query(EXPIRE_KEYS);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.log('debug', 'could not forget old idempotency keys now', { cause });
    }
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}
