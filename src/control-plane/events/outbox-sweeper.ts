import { Injectable } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import { RetentionSweeper } from '../../platform/database/retention-sweeper.js';
import type { Log } from '../../platform/logging/log.js';
import { SWEEP, SWEEP_GENERATIONS } from './sweep.queries.js';

const EVERY_MS = 60 * 1000;
const AT_ONCE = 500;

/** Removes old events from the outbox; while a NATS is configured, only what that has stored. */
@Injectable()
export class OutboxSweeper extends RetentionSweeper {
  constructor(
    database: Database,
    days: number,
    private readonly withNats: boolean,
    log: Log,
  ) {
    super(database, days, log, { what: 'remove old events', everyMs: EVERY_MS });
  }

  protected async sweep(): Promise<void> {
    if (await this.remove(SWEEP, AT_ONCE, this.withNats)) await this.database.query(SWEEP_GENERATIONS);
  }
}
