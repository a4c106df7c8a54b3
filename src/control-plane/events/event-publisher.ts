import type { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import type { Metrics } from '../../platform/metrics/metrics.js';
import { readBatches, type StoredBatch } from './batch.js';
import { cloudEvent, type StoredEvent } from './event.js';
import { JetStreamLink, type LinkSettings } from './jetstream-link.js';
import { BATCHES_AFTER, BATCHES_WITHIN } from './outbox.queries.js';
import { COUNT_PARKED, PARK } from './parked.queries.js';
import { ChainBroken, PublishWindow, Refused, type Outgoing } from './publish-window.js';
import { LeaseLost, PublisherLease } from './publisher-lease.js';
import type { Next } from './relay.js';

/** Of the outbox read at once; so much is in memory twice, being sent and being read ahead. */
const SLICE_ROWS = 512;
const SLICE_BYTES = 1024 * 1024;
/** How often the holder notes how far it is. The stream knows it better; this is what others, and sweepers, see. */
const KEEP_EVERY_MS = 250;
/** After the chain broke without any progress. */
const CHAIN_PAUSE_MS = 20;
/** How often another looks whether the holder still is at work. */
const STANDBY_MS = 500;

interface SizedBatch extends StoredBatch {
  bytesUpTo: number;
}

/** A part of the outbox; `full` when there may be more behind it. */
interface Slice {
  batches: StoredBatch[];
  full: boolean;
  last: number;
}

/**
 * Publishes events to a JetStream stream in order of position, by one process at a time (PublisherLease). How far it came
 * is first of all what the stream says: the last message tells its position, so that after any crash, on either side, it
 * goes on exactly there, and sends again what a server lost that had acknowledged it. No transaction is open meanwhile.
 */
export class EventPublisher {
  private readonly lease: PublisherLease;
  private link: JetStreamLink | undefined;
  private window: PublishWindow | undefined;
  /** Position of the last event that the stream has, as far as is known here. */
  private position = 0;
  /** Position of the last event that went out in this window. */
  private sent = 0;
  /** Position at which this window began. */
  private begunAt = 0;
  private kept = 0;
  private keptAt = 0;

  constructor(
    private readonly database: Database,
    private readonly settings: LinkSettings,
    /** Where the API is reached: events name their schemas below it. */
    private readonly publicUrl: string,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {
    this.lease = new PublisherLease(database);
  }

  /** Publishes all there is, if it is this process' turn. A fault of NATS leaves the turn to others. */
  async step(stop: AbortSignal): Promise<Next> {
    if (!this.lease.held) {
      const next = await this.takeTurn();
      if (next !== 'more') return next;
    }
    try {
      const link = await this.linked();
      this.window ??= await this.resume(link);
      await this.publishAll(link, this.window, stop);
      return 'idle';
    } catch (error) {
      return await this.recover(error);
    }
  }

  private async takeTurn(): Promise<Next> {
    this.window = undefined;
    const { position, last, heldMs } = await this.lease.look();
    if (position >= last) return 'idle';
    if (heldMs > 0) return { restMs: Math.min(heldMs + 1, STANDBY_MS) };
    // Connected first: who cannot reach NATS shall not keep others from it.
    await this.linked();
    const from = await this.lease.take();
    if (from === undefined) return { restMs: STANDBY_MS };
    this.position = from;
    return 'more';
  }

  private async linked(): Promise<JetStreamLink> {
    if (this.link?.broken === true) {
      await this.link.close();
      this.link = undefined;
    }
    if (this.link === undefined) {
      this.leaveWindow();
      this.link = await JetStreamLink.open(this.settings, this.log);
    }
    return this.link;
  }

  private leaveWindow(): void {
    this.position = this.window?.acknowledged ?? this.position;
    this.window = undefined;
  }

  /** Finds out where the stream ends, and begins there. */
  private async resume(link: JetStreamLink): Promise<PublishWindow> {
    const { sequence, event } = await link.tail();
    const certain = event !== undefined && (await this.isOurs(event));
    if (certain) await this.goOnFrom(event.position);
    const stored = this.metrics.events.of({ outcome: 'stored' });
    const again = this.metrics.events.of({ outcome: 'duplicate' });
    const count = (duplicate: boolean): void => {
      (duplicate ? again : stored).value++;
    };
    const window = new PublishWindow(sequence, this.position, certain || sequence === 0, count);
    link.use(window);
    this.sent = this.begunAt = this.position;
    return window;
  }

  /** Whether the outbox has this very event there: positions come again when a database is restored from a backup. */
  private async isOurs({ id, position }: { id: string; position: number }): Promise<boolean> {
    const [batch] = await this.database.query<StoredBatch>(BATCHES_AFTER, [position - 1, 1]);
    if (batch === undefined) return false;
    const [first] = readBatches([batch], position - 1);
    return first?.position === position && first.id === id;
  }

  /** The stream ends at a position: further than was noted, if its last publisher died; less far, if it lost messages. */
  private async goOnFrom(position: number): Promise<void> {
    if (position < this.position) {
      const [row] = await this.database.query<{ parked: number }>(COUNT_PARKED, [position, this.position]);
      const lost = this.position - position - (row?.parked ?? 0);
      if (lost <= 0) return;
      this.log('warn', 'the stream lost events it had acknowledged; they are published again', { lost, position });
    }
    this.position = position;
  }

  /** From where it left off to the end of the outbox, reading ahead by one slice. */
  private async publishAll(link: JetStreamLink, window: PublishWindow, stop: AbortSignal): Promise<void> {
    let slice: Slice | undefined = await this.read(this.sent);
    // With nothing new to send there is time to wait for what the stream has not acknowledged yet.
    if (slice.batches.length === 0) await window.drained();
    while (slice !== undefined && !stop.aborted) {
      const ahead: Promise<Slice> | undefined = slice.full ? this.read(slice.last) : undefined;
      ahead?.catch(() => undefined); // told where it is awaited
      for (const event of readBatches(slice.batches, this.sent)) {
        if (window.full) await window.room();
        await this.stayOnTurn(window);
        const body = Buffer.from(cloudEvent(event, this.publicUrl));
        if (body.length <= link.largest) link.send(window, toSend(event, body), body);
        else await this.passOver(window, event, body.length, link.largest);
        this.sent = event.position;
      }
      slice = await ahead;
    }
    // The answers to the last ones are not awaited, so that what comes next need not wait for them. They are looked at
    // when this is called again: at the latest when the loop looks by itself.
    await this.stayOnTurn(window);
  }

  /** Notes now and then how far the stream has everything. */
  private async stayOnTurn(window: PublishWindow): Promise<void> {
    if (!this.lease.held) throw new LeaseLost();
    this.position = window.acknowledged;
    if (this.position === this.kept || performance.now() - this.keptAt < KEEP_EVERY_MS) return;
    await this.keep(this.position);
  }

  private async read(after: number): Promise<Slice> {
    const sql = BATCHES_WITHIN;
    const batches = await this.database.query<SizedBatch>(sql, [after, SLICE_ROWS, SLICE_BYTES]);
    const last = batches.at(-1);
    const full = last !== undefined && (batches.length === SLICE_ROWS || last.bytesUpTo >= SLICE_BYTES);
    return { batches, full, last: Number(last?.lastPosition ?? after) };
  }

  private async keep(position: number): Promise<void> {
    await this.lease.keep(position);
    this.kept = position;
    this.keptAt = performance.now();
  }

  /** An event that no server of this size takes: noted with the reason, once all before it are stored. */
  private async passOver(window: PublishWindow, event: StoredEvent, bytes: number, largest: number): Promise<void> {
    await window.drained();
    await this.park(event, bytes, `its ${bytes} bytes are more than the ${largest} that the server takes`);
    window.skip(event.position);
  }

  private async park({ position, id, type, subject }: StoredEvent, bytes: number, reason: string): Promise<void> {
    await this.database.query(PARK, [position, id, type, subject, bytes, reason]);
    this.metrics.events.add({ outcome: 'parked' });
    this.log('error', 'an event was parked: NATS does not take it', { id, type, subject, position, reason });
  }

  private async recover(error: unknown): Promise<Next> {
    this.leaveWindow();
    if (error instanceof LeaseLost) return 'more';
    if (error instanceof Refused) {
      const [batch] = await this.database.query<StoredBatch>(BATCHES_AFTER, [error.position - 1, 1]);
      const [event] = readBatches(batch === undefined ? [] : [batch], error.position - 1);
      if (event !== undefined)
        await this.park(event, Buffer.byteLength(cloudEvent(event, this.publicUrl)), error.message);
      this.position = error.position;
      return 'more';
    }
    if (error instanceof ChainBroken) {
      // Another process may have the turn by now; if not, somebody else writes to the stream, and it goes on behind that.
      this.log('warn', 'the stream was written to by another', { position: this.position, cause: error.message });
      return this.position > this.begunAt ? 'more' : { restMs: CHAIN_PAUSE_MS };
    }
    await this.lease.release(this.position);
    await this.link?.close();
    this.link = undefined;
    throw error;
  }

  async close(): Promise<void> {
    if (this.lease.held) {
      await this.window?.drained().catch(() => undefined);
      this.leaveWindow();
      await this.lease.release(this.position);
    }
    await this.link?.close();
  }
}

const toSend = ({ id, position, type }: StoredEvent, body: Uint8Array): Outgoing & { type: string } => ({
  ...{ id, position, type },
  bytes: body.length,
});
