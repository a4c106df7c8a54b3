import { setTimeout } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { Log } from '../../platform/logging/log.js';
import { readBatches, type StoredBatch } from './batch.js';
import type { EventPublisher } from './event-publisher.js';
import { EventSignal } from './event-signal.js';
import { BATCHES_AFTER, LOCK_RELAY, MOVE_RELAY, SEQUENCE } from './outbox.queries.js';

/** Rows of the outbox at a time; each has one event or many. */
const SEQUENCE_BATCHES = 500;
const PUBLISH_BATCHES = 32;
/** The safety net: how long an event can lie when its wake-up was lost with the process that wrote it. */
const POLL_MS = 500;
/** Somebody else is at work: look again soon, since it may have looked before our commit. */
const BUSY_MS = 15;
/**
 * So long the sequencer leaves what is written after its last run, so that under load one run, with its commit and the
 * waking of all listeners, does for several transactions. After a pause an event still gets its position at once.
 */
const GATHER_MS = 15;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;

/**
 * Two loops over the outbox, each by one process at a time (the lock of its row in `relay`):
 *
 * - the sequencer gives committed events their positions, and wakes all listeners;
 * - the publisher sends events to JetStream in order of position and notes how far it came only after the server has
 *   acknowledged. At least once: after a crash between the two, the server drops the repetition by its Nats-Msg-Id.
 *
 * A process that freezes with the lock is cut off by PostgreSQL (idle_in_transaction_session_timeout), so others take over.
 * Database away: both try again with back-off. NATS away: the publisher does; events wait in the outbox.
 */
@Injectable()
export class Relay implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stop = new AbortController();
  private loops: Promise<unknown>[] = [];

  constructor(
    private readonly database: Database,
    private readonly signal: EventSignal,
    private readonly publisher: EventPublisher | undefined,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.loops.push(
      this.loop(
        'sequencer',
        (wake) => this.signal.onWritten(wake),
        () => this.sequence(),
      ),
    );
    const { publisher } = this;
    if (publisher !== undefined) {
      this.loops.push(
        this.loop(
          'nats',
          (wake) => this.signal.onSequenced(wake),
          () => this.publish(publisher),
        ),
      );
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.loops);
    await this.publisher?.close();
  }

  /** Runs `step` while it has more to do, then sleeps until woken or for the poll time; after a fault with back-off. */
  private async loop(
    name: string,
    listen: (wake: () => void) => () => void,
    step: () => Promise<'more' | 'idle' | 'busy'>,
  ): Promise<void> {
    const sleep = new Wakeable();
    const backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
    const off = listen(() => sleep.wake());
    const stop = (): void => sleep.wake();
    this.stop.signal.addEventListener('abort', stop);
    while (!this.stop.signal.aborted) {
      try {
        const state = await step();
        if (backoff.failing) this.log('info', 'relay works again', { loop: name });
        backoff.reset();
        if (state !== 'more') await sleep.sleep(state === 'busy' ? BUSY_MS : POLL_MS);
      } catch (error) {
        const inMs = backoff.next();
        this.log('warn', 'relay cannot work now; it will try again', { loop: name, inMs, cause: messageOf(error) });
        await sleepFully(inMs, this.stop.signal);
      }
    }
    this.stop.signal.removeEventListener('abort', stop);
    off();
  }

  private async sequence(): Promise<'more' | 'idle' | 'busy'> {
    const [given] = await this.database.query<{ batches: number | null }>(SEQUENCE, [SEQUENCE_BATCHES]);
    if (given?.batches == null) return 'busy';
    if (given.batches === 0) return 'idle';
    this.signal.sequenced();
    if (given.batches === SEQUENCE_BATCHES) return 'more';
    await sleepFully(GATHER_MS, this.stop.signal);
    return 'idle';
  }

  private async publish(publisher: EventPublisher): Promise<'more' | 'idle' | 'busy'> {
    // Connected first, so that no lock is held while NATS is away.
    await publisher.ready();
    return this.database.transaction(async (transaction) => {
      const [relay] = await transaction.query<{ position: string }>(LOCK_RELAY, ['nats']);
      if (relay === undefined) return 'busy';
      const batches = await transaction.query<StoredBatch>(BATCHES_AFTER, [relay.position, PUBLISH_BATCHES]);
      if (batches.length === 0) return 'idle';
      await publisher.publish(readBatches(batches, Number(relay.position)));
      await transaction.query(MOVE_RELAY, ['nats', batches.at(-1)?.lastPosition]);
      return batches.length === PUBLISH_BATCHES ? 'more' : 'idle';
    });
  }
}

/** A pause that new events do not shorten: the other side is away, whoever asks. Ends early only at the stop. */
async function sleepFully(ms: number, stop: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal: stop }).catch(() => undefined);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
