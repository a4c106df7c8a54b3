import { setTimeout } from 'node:timers/promises';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { Log } from '../../platform/logging/log.js';
import { Problem } from '../../platform/problem/problem.js';
import type { Unit, UnitsOfWork } from '../events/unit-of-work.js';
import type { LeaseRelease } from '../leases/lease-release.js';
import { DUE_TO_END, DUE_TO_TELL, LOCK_TO_TELL, NEXT_DUE, TAKE_TURN, TOLD } from './expiry.queries.js';
import type { ExpirySignal } from './expiry-signal.js';
import { reservationDocument, type LeaseRow, type ReservationRow } from './reservation-documents.js';
import { LEASES_OF } from './reservation.queries.js';

/** About so many leases are ended, or told of, by one transaction: memory holds one batch, whatever is due. */
const LEASES_AT_ONCE = 2_000;
/** The safety net: how late an end can be that another process set, before it died, for sooner than we would have looked. */
const POLL_MS = 1_000;
/** Another process has the turn, or all that is due is just being changed. */
const BUSY_MS = 250;
/** Any number; it names the turn among the advisory locks of the database. */
const TURN = 7_311_904;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;

/**
 * Ends reservations whose time has come, as a delete would, and tells once before. Every process has one; they take turns.
 * It sleeps until the next is due; an end that this process sets for sooner wakes it. All it knows is in the rows: killed
 * at any moment, the next one goes on from there. With the database away it tries again with back-off, and then ends
 * everything that came due meanwhile; a renewal that comes first, after the time, is refused all the same.
 */
export class ExpirySweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stop = new AbortController();
  private readonly sleep = new Wakeable();
  private readonly backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
  /** What could not be ended by itself either: a fault, which must not keep the others from ending. */
  private readonly stuck = new Set<string>();
  private wakeAt = 0;
  private loop?: Promise<void>;

  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly release: LeaseRelease,
    private readonly signal: ExpirySignal,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    this.sleep.wake();
    await this.loop;
  }

  private async run(): Promise<void> {
    const off = this.signal.onSet((due) => {
      if (due.getTime() < this.wakeAt) this.sleep.wake();
    });
    while (!this.stop.signal.aborted) {
      try {
        const ms = await this.sweep();
        if (this.backoff.failing) this.log('info', 'reservations end in time again');
        this.backoff.reset();
        this.wakeAt = Date.now() + ms;
        if (ms > 0) await this.sleep.sleep(ms);
      } catch (error) {
        const inMs = this.backoff.next();
        const cause = error instanceof Error ? error.message : String(error);
        this.log('warn', 'cannot end reservations now; it will try again', { inMs, cause });
        await setTimeout(inMs, undefined, { signal: this.stop.signal }).catch(() => undefined);
      }
    }
    off();
  }

  /** One batch of each kind; answers with the time until there is more to do. */
  private async sweep(): Promise<number> {
    // From here on whoever sets an end wakes us, should it come before what we are about to read.
    this.wakeAt = Infinity;
    const [next] = await this.database.query<{ inMs: number | null }>(NEXT_DUE);
    const inMs = next?.inMs ?? POLL_MS;
    if (inMs > 0) return Math.min(Math.ceil(inMs) + 1, POLL_MS);
    const done = (await this.endDue()) + (await this.tellDue());
    return done > 0 ? 0 : BUSY_MS;
  }

  private async endDue(): Promise<number> {
    const ids = await this.due(DUE_TO_END);
    if (ids.length === 0) return 0;
    try {
      return await this.units.run((unit) => this.end(unit, ids));
    } catch (error) {
      if (error instanceof Problem || ids.length === 0) throw error;
      return this.endOneByOne(ids);
    }
  }

  /** One reservation's fault is its own: it is passed over, loudly, until the next start. */
  private async endOneByOne(ids: readonly string[]): Promise<number> {
    let done = 0;
    for (const id of ids) {
      try {
        done += await this.units.run((unit) => this.end(unit, [id]));
      } catch (error) {
        if (error instanceof Problem) throw error;
        this.stuck.add(id);
        this.log('error', 'a reservation cannot be ended', { reservation: id, cause: String(error) });
      }
    }
    return done;
  }

  private async end(unit: Unit, ids: readonly string[]): Promise<number> {
    if (!(await this.takeTurn(unit))) return 0;
    this.release.lockHeldBy(unit, ids, []);
    const held = await this.release.hold(unit, ids, { due: true });
    await this.release.end(
      unit,
      held.map((reservation) => ({ by: null, reason: 'expired', reservation })),
    );
    return held.length;
  }

  private async tellDue(): Promise<number> {
    const ids = await this.due(DUE_TO_TELL);
    if (ids.length === 0) return 0;
    return this.units.run(async (unit) => {
      if (!(await this.takeTurn(unit))) return 0;
      const rows = await unit.query<ReservationRow>(LOCK_TO_TELL, [ids]);
      const told = rows.map((row) => row.id);
      const leases = new Map<string, LeaseRow[]>(told.map((id) => [id, []]));
      for (const lease of await unit.query<LeaseRow>(LEASES_OF, [told])) leases.get(lease.reservationId)?.push(lease);
      unit.write(TOLD, [told]);
      for (const row of rows) {
        const data = reservationDocument(row, leases.get(row.id) ?? []);
        unit.emit({ noun: 'reservation', verb: 'expiring', id: row.id, owner: row.owner, data });
      }
      return rows.length;
    });
  }

  private async due(sql: string): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(sql, [LEASES_AT_ONCE, [...this.stuck]]);
    return rows.map(({ id }) => id);
  }

  private async takeTurn(unit: Unit): Promise<boolean> {
    const [turn] = await unit.query<{ mine: boolean }>(TAKE_TURN, [TURN]);
    return turn?.mine === true;
  }
}
