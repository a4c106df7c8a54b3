import { Injectable } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import { RetentionSweeper } from '../../platform/database/retention-sweeper.js';
import type { Log } from '../../platform/logging/log.js';
import { FORGET_USAGE } from './usage.queries.js';

const EVERY_MS = 60 * 60 * 1000;
const AT_ONCE = 5_000;

/** Forgets old usage. */
@Injectable()
export class UsageSweeper extends RetentionSweeper {
  constructor(database: Database, days: number, log: Log) {
    super(database, days, log, { what: 'forget old usage', everyMs: EVERY_MS });
  }

  protected async sweep(): Promise<void> {
    await this.remove(FORGET_USAGE, AT_ONCE);
  }
}
