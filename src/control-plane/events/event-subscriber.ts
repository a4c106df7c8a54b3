import { Readable } from 'node:stream';
import type { EventFeed } from './event-feed.js';
import { framesOf, type EventFilter } from './event-filter.js';
import { requireKept, type EventReader } from './event-reader.js';

/** Bytes that wait for a client, beyond what its socket holds; one more delivery may come on top. */
const BUFFER = 64 * 1024;
/** Heartbeats that a client may let pass without taking anything. */
const PATIENCE = 4;

/**
 * One client's live stream of server-sent events. It reads the past from the database, at the client's own pace, until it
 * meets the feed; from then on the feed delivers. A client that does not take what it is sent leaves the feed, costs nothing
 * while it waits, and catches up from the database when it reads again: nothing is lost, and memory is bounded. One that has
 * taken nothing for a minute is cut off; it comes back with its Last-Event-ID.
 */
export class EventSubscriber extends Readable {
  private isLive = false;
  private isReading = false;
  private heartbeatsMissed = 0;

  constructor(
    private readonly reader: EventReader,
    private readonly feed: EventFeed,
    /** Place in the stream up to which it has been told. */
    public position: number,
    readonly wanted: EventFilter,
  ) {
    super({ highWaterMark: BUFFER });
    feed.admit(this);
    // With its place from the start: who is cut off before the first event continues here, not from "now".
    this.push(`: events of Berth\nid: ${position}\nretry: 1000\n\n`);
  }

  /** What the feed has up to a place; undefined when nothing of it is wanted. */
  deliver(frames: Buffer | undefined, position: number): void {
    this.position = position;
    if (frames === undefined || this.push(frames)) return;
    this.isLive = false;
    this.feed.leave(this);
  }

  /** Keeps proxies awake, and moves a client on for which there was nothing: its place must not become too old. */
  heartbeat(): void {
    if (this.isLive) this.deliver(Buffer.from(`: still here\nid: ${this.position}\n\n`), this.position);
    else if (!this.isReading && ++this.heartbeatsMissed >= PATIENCE) this.destroy();
  }

  /** The client takes more. */
  override _read(): void {
    this.heartbeatsMissed = 0;
    if (!this.isLive && !this.isReading) void this.catchUp();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.feed.dismiss(this);
    done(error);
  }

  /** Goes on from the database until the feed takes over, or the client is full. */
  private async catchUp(): Promise<void> {
    this.isReading = true;
    try {
      while (!this.destroyed && !this.goLive()) {
        const slice = await this.reader.after(this.position);
        if (slice.events.length > 0) requireKept(this.position, slice);
        this.position = slice.last;
        const frames = framesOf(slice.events, this.wanted);
        if (frames !== undefined && !this.push(frames)) return;
        if (!slice.more) await this.feed.reach(this.position);
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.isReading = false;
    }
  }

  private goLive(): boolean {
    this.isLive = true;
    const joined = this.feed.join(this);
    if (!joined) this.isLive = false;
    return joined;
  }
}
