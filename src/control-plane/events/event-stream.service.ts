import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, fingerprintOf } from '../resource/cursor.js';
import { invalidField } from '../../platform/problem/problem.js';
import { EventFeed } from './event-feed.js';
import type { EventFilter } from './event-filter.js';
import { EventReader, MAX_ROWS, requireKept } from './event-reader.js';
import { EventSubscriber } from './event-subscriber.js';
import type { ToldEvent } from './told-event.js';

/** Events that one page looks through at most: a filter that nothing passes must not read years. */
const MAX_LOOKED = 5_000;

export interface EventSlice {
  events: ToldEvent[];
  /** Place in the stream up to which has been looked. */
  last: number;
  /** Cursor of the next page; absent when this one ends where the stream does now. */
  next?: string;
}

/** Shows the one stream of events, as pages and live; the same order and ids as on NATS. */
@Injectable()
export class EventStreamService {
  constructor(
    private readonly reader: EventReader,
    private readonly feed: EventFeed,
  ) {}

  /** Up to `limit` events that are wanted, after a position or a cursor, which is good for the filter that gave it. */
  async page(from: { after?: number; cursor?: string }, limit: number, filter: EventFilter): Promise<EventSlice> {
    const list = fingerprintOf(['events', filter.key]);
    const kept = await this.reader.kept();
    let last = from.cursor === undefined ? (from.after ?? 0) : placeOf(decodeCursor(from.cursor, list).id);
    requireKept(last, kept);
    const events: ToldEvent[] = [];
    for (let looked = 0; last < kept.last && events.length < limit && looked < MAX_LOOKED;) {
      const slice = await this.reader.after(last, Math.min(limit, MAX_ROWS));
      if (slice.events.length === 0) break;
      requireKept(last, slice);
      for (const told of slice.events) {
        last = told.event.position;
        looked++;
        if (filter.wants(told)) events.push(told);
        if (events.length === limit || looked === MAX_LOOKED) break;
      }
    }
    return { events, last, ...(last < kept.last && { next: encodeCursor({ id: String(last) }, list) }) };
  }

  /** Server-sent events after a position, or from now on, until the stream is destroyed. */
  async follow(after: number | undefined, filter: EventFilter): Promise<Readable> {
    const kept = await this.reader.kept();
    if (after !== undefined) requireKept(after, kept);
    return new EventSubscriber(this.reader, this.feed, after ?? kept.last, filter);
  }
}

function placeOf(id: string): number {
  if (!/^[0-9]{1,15}$/.test(id)) throw invalidField('cursor', 'is not one that this list gave');
  return Number(id);
}
