import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { Log } from '../../platform/logging/log.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import {
  END_ROUND,
  LOCK_ROUND,
  LOOK,
  NEAR_THRESHOLDS,
  ROLL_UP_POOLS,
  ROLL_UP_SUBNETS,
  SET_CROSSED,
} from './capacity.queries.js';
import type { CapacityDocument } from './capacity.dto.js';
import { takeSamples, updateRates } from './samples.js';
import { crossings } from './thresholds.js';

/** Measured at least this often, whatever the events say: quarantines end by the clock, and a restored database heals. */
const AT_LEAST_MS = 60_000;
/** After a round that took t, the next begins no sooner than REST * t later: a twentieth of one connection at most. */
const REST = 20;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

export interface RollUpSettings {
  /** Pause between two rounds while things change. */
  intervalSeconds: number;
  /** How long samples are kept. */
  sampleDays: number;
}

/** How the last round went, as LOOK tells. */
interface Look {
  position: string;
  told: string;
  tookMs: number;
  ageMs: number;
}

interface NearPool extends CapacityDocument {
  id: string;
  name: string;
  thresholds: number[];
  crossed: number[];
}

/**
 * Measures how full subnets and pools are, now and then, so that no allocation has to count. Any number of processes may run
 * it: one at a time measures, under the lock of the one row of capacity_round, which also says when the last round was.
 *
 * While no event tells of a change, a round is one read. Every change of space tells an event in its own transaction, and
 * the place in the stream is read before the measuring: what was not seen has a later place. Database away: it tries
 * again with back-off, and the figures stay as they were, with their time.
 */
@Injectable()
export class CapacityRollUp implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sleep = new Wakeable();
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly settings: RollUpSettings,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.loop();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.sleep.wake();
    await this.running;
  }

  private async loop(): Promise<void> {
    const backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
    while (!this.stopped) {
      let pause = this.settings.intervalSeconds * 1_000;
      try {
        await this.round();
        if (backoff.failing) this.log('info', 'capacity is measured again');
        backoff.reset();
      } catch (error) {
        pause = backoff.next();
        const cause = error instanceof Error ? error.message : String(error);
        this.log('warn', 'capacity cannot be measured now; it will be tried again', { inMs: pause, cause });
      }
      if (!this.isStopped()) await this.sleep.sleep(pause);
    }
  }

  // a method, since the compiler takes the field's value at the head of the loop for its value ever after
  private isStopped(): boolean {
    return this.stopped;
  }

  private async round(): Promise<void> {
    const [look] = await this.database.query<Look>(LOOK);
    if (look === undefined || !this.isDue(look)) return;
    const sampled = await this.units.run((unit) => this.measure(unit));
    if (sampled) await updateRates(this.database);
  }

  /** A little less than the interval is enough: the next look of this process may be a little early. */
  private isDue({ position, told, tookMs, ageMs }: Look): boolean {
    const interval = position === told ? AT_LEAST_MS : this.settings.intervalSeconds * 900;
    return ageMs >= Math.max(interval, REST * tookMs);
  }

  /** True when the samples of the hour were taken. */
  private async measure(unit: Unit): Promise<boolean> {
    const [look] = await unit.query<Look>(LOCK_ROUND);
    if (look === undefined || !this.isDue(look)) return false;
    const begin = performance.now();
    await unit.query(ROLL_UP_SUBNETS);
    await unit.query(ROLL_UP_POOLS);
    await this.tellCrossings(unit);
    const sampled = await takeSamples(unit, this.settings.sampleDays);
    unit.write(END_ROUND, [look.told, performance.now() - begin]);
    return sampled;
  }

  private async tellCrossings(unit: Unit): Promise<void> {
    for (const { thresholds, crossed: before, ...pool } of await unit.query<NearPool>(NEAR_THRESHOLDS)) {
      const { crossed, up, down } = crossings(pool.utilization, thresholds, before);
      if (crossed.join() === before.join()) continue;
      unit.write(SET_CROSSED, [pool.id, crossed]);
      const told = (verb: 'threshold' | 'threshold-cleared') => (threshold: number) =>
        ({ noun: 'pool', verb, id: pool.id, data: { threshold, ...pool } }) as const;
      unit.emit(...down.map(told('threshold-cleared')), ...up.map(told('threshold')));
    }
  }
}
