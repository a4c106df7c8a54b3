import { Injectable } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import { RetentionSweeper } from '../../platform/database/retention-sweeper.js';
import type { Log } from '../../platform/logging/log.js';
import { FORGET, FORGET_AT_ONCE } from './sweep.queries.js';

const EVERY_MS = 10 * 60 * 1000;

/** Forgets the past that ended long ago; each process takes rows that no other is deleting. */
@Injectable()
export class HistorySweeper extends RetentionSweeper {
  constructor(database: Database, days: number, log: Log) {
    super(database, days, log, { what: 'forget old history', everyMs: EVERY_MS });
  }

  protected async sweep(): Promise<void> {
    for (const sql of Object.values(FORGET)) await this.remove(sql, FORGET_AT_ONCE);
  }
}
