import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Problem } from '../../platform/problem/problem.js';
import { readBatches, type StoredBatch } from './batch.js';
import { EventTerms } from './event-terms.js';
import { BATCHES_AFTER, KEPT } from './outbox.queries.js';
import { ToldEvent } from './told-event.js';

/** Rows of the outbox read at once; each has one event or many, up to about 256 kB of them. */
export const MAX_ROWS = 16;

/** A stretch of the one stream of events. */
export interface Slice {
  /** The place before the first event; where reading began, if there is none. */
  start: number;
  events: ToldEvent[];
  /** Place of the last event; where reading began, if there is none. */
  last: number;
  /** True when there may be more already. */
  more: boolean;
}

/** Reads the outbox by position. Places have no gaps, so a gap is where the past has been forgotten. */
@Injectable()
export class EventReader {
  private readonly inFlight = new Map<string, Promise<Slice>>();

  constructor(
    private readonly database: Database,
    private readonly terms: EventTerms,
  ) {}

  /**
   * What comes after a position. Those who ask for the same at the same time get it together: after a restart of this
   * process all subscribers come back with the same last event.
   */
  after(position: number, rows = MAX_ROWS): Promise<Slice> {
    const key = `${position} ${rows}`;
    let slice = this.inFlight.get(key);
    if (slice === undefined) {
      slice = this.read(position, rows).finally(() => this.inFlight.delete(key));
      this.inFlight.set(key, slice);
    }
    return slice;
  }

  /** As `after`, and read now: what was there when it was called is in it. */
  async read(position: number, rows = MAX_ROWS): Promise<Slice> {
    const batches = await this.database.query<StoredBatch>(BATCHES_AFTER, [position, rows]);
    const events: ToldEvent[] = [];
    for (const event of readBatches(batches, position)) events.push(new ToldEvent(event, this.terms.publicUrl));
    const start = (events[0]?.event.position ?? position + 1) - 1;
    return { start, events, last: events.at(-1)?.event.position ?? position, more: batches.length === rows };
  }

  /** The place before the oldest event that is kept, and that of the newest. */
  async kept(): Promise<{ start: number; last: number }> {
    const [row] = await this.database.query<{ start: string | null; last: string }>(KEPT);
    const last = Number(row?.last ?? 0);
    return { start: Number(row?.start ?? last), last };
  }
}

/**
 * The problem for a place after which events are missing: they are not kept any more, or never were in this database. 0 is
 * before everything, and always good.
 */
export function requireKept(after: number, { start, last = after }: { start: number; last?: number }): void {
  if (after === 0 || (after >= start && after <= last)) return;
  const why =
    after < start
      ? `The events after ${after} are not kept any more; the oldest that is comes after ${start}.`
      : `The stream has no event ${after}; its last is ${last}. Has the database been restored?`;
  throw new Problem('events-gone', `${why} Read the resources anew, and go on after what the stream has now.`);
}
