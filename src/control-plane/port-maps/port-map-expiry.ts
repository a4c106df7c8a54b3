import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { UnitsOfWork } from '../events/unit-of-work.js';
import { TAKE_TURN } from '../reservations/expiry.queries.js';
import { MAPS_DUE, MAPS_STILL_DUE } from './port-map-expiry.queries.js';
import type { PortMapRemoval } from './port-map-removal.js';

/** How late the end of a map can be. */
const EVERY_MS = 1_000;
/** Maps that one transaction begins to remove. */
const BATCH = 500;
/** Any number; it names the turn among the advisory locks of the database. */
const TURN = 7_311_905;

/**
 * Ends port maps whose time has come, as a delete would. Every process has one; they take turns. All it knows is in the rows:
 * killed at any moment, the next one goes on from there. With the database away it tries again with back-off, and then ends
 * everything that came due meanwhile; with the gateway away the maps stay `removing` until it confirms.
 */
export class PortMapExpiry implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sleep = new Wakeable();
  private readonly backoff = new Backoff(EVERY_MS, 30_000);
  private stopped = false;
  private loop?: Promise<void>;

  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly removal: PortMapRemoval,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.sleep.wake();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      let pause = EVERY_MS;
      try {
        if ((await this.sweep()) === BATCH) pause = 0;
        this.backoff.reset();
      } catch (error) {
        pause = this.backoff.next();
        const cause = error instanceof Error ? error.message : String(error);
        this.log('warn', 'cannot end port maps now; it will try again', { inMs: pause, cause });
      }
      if (pause > 0) await this.sleep.sleep(pause);
    }
  }

  /** One batch; answers with the number of maps that are being removed now. */
  private async sweep(): Promise<number> {
    const due = await this.database.query<{ id: string }>(MAPS_DUE, [BATCH]);
    if (due.length === 0) return 0;
    const ids = due.map(({ id }) => id);
    return this.units.run(async (unit) => {
      const [turn] = await unit.query<{ mine: boolean }>(TAKE_TURN, [TURN]);
      if (turn?.mine !== true) return 0;
      await this.removal.lockSpace(unit, ids);
      // With the rows locked: who moved an end meanwhile is heard.
      const ends = await unit.query<{ id: string }>(MAPS_STILL_DUE, [ids]);
      await this.removal.begin(
        unit,
        ends.map(({ id }) => ({ id, by: null, reason: 'expired' })),
      );
      return ends.length;
    });
  }
}
