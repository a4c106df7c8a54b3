import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { cloudEvent, type StoredEvent } from './event.js';
import { readBatches, type StoredBatch } from './batch.js';
import { EventSignal } from './event-signal.js';
import { BATCHES_AFTER, LAST_POSITION } from './outbox.queries.js';

const SLICE = 200;
/** Rows of the outbox read at once; each holds one event or many. */
const MAX_BATCHES = 64;
const HEARTBEAT_MS = 15_000;

/** Which events are wanted; what is absent does not matter. */
export interface EventFilter {
  /** A type, or with a dot at its end all that begin so. */
  type?: string | undefined;
  /** Name of the principal who did it. */
  actor?: string | undefined;
}

export interface EventSlice {
  events: StoredEvent[];
  /** Place in the stream up to which has been looked. */
  last: number;
  /** True when there may be more already. */
  more: boolean;
}

/** Reads the one stream of events by position; the same order and ids as on NATS. */
@Injectable()
export class EventStreamService {
  constructor(
    private readonly database: Database,
    private readonly signal: EventSignal,
  ) {}

  async lastPosition(): Promise<number> {
    const [row] = await this.database.query<{ position: string }>(LAST_POSITION);
    return Number(row?.position ?? 0);
  }

  /** Up to `limit` events after a position, of which those that are not wanted are left out. */
  async read(after: number, limit: number, filter: EventFilter): Promise<EventSlice> {
    const events: StoredEvent[] = [];
    let last = after;
    let looked = 0;
    let more = true;
    while (more && looked < limit) {
      const rows = Math.min(limit - looked, MAX_BATCHES);
      const batches = await this.database.query<StoredBatch>(BATCHES_AFTER, [last, rows]);
      more = batches.length === rows;
      for (const event of readBatches(batches, last)) {
        if (looked === limit) {
          more = true;
          break;
        }
        looked++;
        last = event.position;
        if (matches(event, filter)) events.push(event);
      }
    }
    return { events, last, more };
  }

  /** Server-sent events (WHATWG HTML section 9.2) from a position on, until aborted. A comment now and then keeps proxies awake. */
  async *follow(after: number, filter: EventFilter, stop: AbortSignal): AsyncGenerator<string> {
    let position = after;
    // With its place from the start: who is cut off before the first event continues here, not from "now".
    yield `: events of Berth\nid: ${after}\nretry: 1000\n\n`;
    let quietSince = Date.now();
    while (!stop.aborted) {
      const woken = new AbortController();
      const next = this.signal.next(HEARTBEAT_MS, AbortSignal.any([stop, woken.signal]));
      try {
        const { events, last, more } = await this.read(position, SLICE, filter);
        for (const event of events) yield `id: ${event.position}\nevent: ${event.type}\ndata: ${cloudEvent(event)}\n\n`;
        position = last;
        if (events.length > 0) quietSince = Date.now();
        else if (Date.now() - quietSince >= HEARTBEAT_MS) {
          quietSince = Date.now();
          yield ': still here\n\n';
        }
        if (!more) await next;
      } finally {
        woken.abort();
      }
    }
  }
}

function matches(event: StoredEvent, { type, actor }: EventFilter): boolean {
  if (actor !== undefined && event.actor !== actor) return false;
  if (type === undefined) return true;
  return type.endsWith('.') ? event.type.startsWith(type) : event.type === type;
}
