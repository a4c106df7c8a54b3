import { Injectable } from '@nestjs/common';
import { Wakeable } from '../../platform/loop/wakeable.js';
import { Problem } from '../../platform/problem/problem.js';
import { framesOf, type EventFilter } from './event-filter.js';
import { EventReader, type Slice } from './event-reader.js';
import { EventSignal } from './event-signal.js';
import type { EventSubscriber } from './event-subscriber.js';
import { EventTerms } from './event-terms.js';
import type { ToldEvent } from './told-event.js';

/** The safety net: a signal comes at least every second. */
const POLL_MS = 5_000;
const HEARTBEAT_MS = 15_000;
/** Events kept at hand, so that whoever comes from the database can join without a gap while more are coming. */
const RECENT_EVENTS = 1_000;
const RECENT_CHARACTERS = 4 * 1024 * 1024;
/** The first may have begun before the position was there. */
const MAX_ATTEMPTS = 3;

/** Subscribers who want the same: what they want is found and written once for all of them. */
interface Group {
  filter: EventFilter;
  members: Set<EventSubscriber>;
}

/**
 * The live end of the stream for all subscribers of this process: one reader of the outbox, whatever their number. It reads
 * while there is somebody to read for. For each filter, not each subscriber, it finds what is wanted; all who share a filter
 * get the same buffer.
 *
 * Subscribers join when they have caught up by themselves, and are dropped as soon as one does not take what it gets: it
 * catches up again when it can (event-subscriber.ts). Database away: the feed stands still, and looks at each signal.
 */
@Injectable()
export class EventFeed {
  private readonly subscribers = new Set<EventSubscriber>();
  private readonly groups = new Map<string, Group>();
  private recent: ToldEvent[] = [];
  private characters = 0;
  /** Place before the first of the recent events, and of the last. Undefined until somebody has been at the live end. */
  private span: { start: number; last: number } | undefined;
  private reading: Promise<void> | undefined;
  /** A signal has come since the last read began. */
  private again = false;
  private stop: (() => void) | undefined;

  constructor(
    private readonly reader: EventReader,
    private readonly signal: EventSignal,
    private readonly terms: EventTerms,
  ) {}

  /** Counts a subscriber in, before it has caught up; the problem `unavailable` when there are too many. */
  admit(subscriber: EventSubscriber): void {
    if (this.subscribers.size >= this.terms.maxSubscribers) {
      throw new Problem('unavailable', 'This process serves as many event streams as it may. Try again, or another.', {
        headers: { 'retry-after': '5' },
      });
    }
    this.subscribers.add(subscriber);
    this.stop ??= this.start();
  }

  /** Forgets a subscriber; with the last one, reading ends. */
  dismiss(subscriber: EventSubscriber): void {
    this.leave(subscriber);
    this.subscribers.delete(subscriber);
    if (this.subscribers.size > 0) return;
    this.stop?.();
    this.stop = undefined;
    [this.span, this.recent, this.characters] = [undefined, [], 0];
  }

  /** Puts a subscriber to the live end, if nothing is missing between it and the recent events; it gets these at once. */
  join(subscriber: EventSubscriber): boolean {
    const { span } = this;
    if (span === undefined || subscriber.position < span.start || subscriber.position > span.last) return false;
    const { wanted: filter } = subscriber;
    let group = this.groups.get(filter.key);
    if (group === undefined) this.groups.set(filter.key, (group = { filter, members: new Set() }));
    group.members.add(subscriber);
    const missed = this.recent.filter(({ event }) => event.position > subscriber.position);
    subscriber.deliver(framesOf(missed, filter), span.last);
    return true;
  }

  /** Takes a subscriber from the live end: it does not take what it gets, or has gone. */
  leave(subscriber: EventSubscriber): void {
    const group = this.groups.get(subscriber.wanted.key);
    group?.members.delete(subscriber);
    if (group?.members.size === 0) this.groups.delete(group.filter.key);
  }

  /** Reads until the live end is at a position that the stream has, or beyond. */
  async reach(position: number): Promise<void> {
    const span = (this.span ??= { start: position, last: position });
    for (let attempt = 0; span.last < position; attempt++) {
      if (attempt === MAX_ATTEMPTS) throw new Error(`the stream of events ends before ${position}`);
      await this.read();
    }
  }

  /** Begins to read, at every signal; the function ends it. */
  private start(): () => void {
    const sleep = new Wakeable();
    let stopped = false;
    const off = this.signal.onSequenced(() => {
      this.again = true;
      sleep.wake();
    });
    const timer = setInterval(() => {
      for (const subscriber of this.subscribers) subscriber.heartbeat();
    }, HEARTBEAT_MS);
    const run = async (): Promise<void> => {
      while (!stopped) {
        // what failed is tried again at the next signal
        await this.read().catch(() => undefined);
        await sleep.sleep(POLL_MS);
      }
    };
    void run();
    return () => {
      stopped = true;
      off();
      clearInterval(timer);
      sleep.wake();
    };
  }

  /** Reads all there is after the live end; one at a time. */
  private read(): Promise<void> {
    this.reading ??= this.readOn().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readOn(): Promise<void> {
    const { span } = this;
    for (let more = span !== undefined; more;) {
      this.again = false;
      const slice = await this.reader.read(span?.last ?? 0);
      // everybody has gone meanwhile
      if (span === undefined || this.span !== span) return;
      if (slice.events.length > 0) this.tell(slice, span);
      // A signal that came while we read may be of something that we have not seen.
      more = slice.more || this.again;
    }
  }

  private tell({ events, last }: Slice, span: { start: number; last: number }): void {
    this.recent.push(...events);
    for (const { event } of events) this.characters += event.data.length;
    let gone = 0;
    while (this.recent.length - gone > RECENT_EVENTS || this.characters > RECENT_CHARACTERS) {
      const { event } = this.recent[gone++] ?? {};
      if (event === undefined) break;
      this.characters -= event.data.length;
      span.start = event.position;
    }
    this.recent.splice(0, gone);
    span.last = last;
    for (const { filter, members } of this.groups.values()) {
      const frames = framesOf(events, filter);
      for (const member of members) member.deliver(frames, last);
    }
  }
}
