import { setTimeout } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Database } from '../../platform/database/database.js';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { Log } from '../../platform/logging/log.js';
import type { EventPublisher } from './event-publisher.js';
import type { EventSignal } from './event-signal.js';
import { Sequencer } from './sequencer.js';

/** The safety net: how long an event can lie when its wake-up was lost with the process that wrote it. */
const POLL_MS = 500;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 4_000;

/** What a step leaves: more to do, nothing until woken, or nothing for so long whatever wakes. */
export type Next = 'more' | 'idle' | { restMs: number };

/**
 * Two loops over the outbox, in every process, each with one process at work at a time:
 *
 * - the sequencer gives committed events their positions, and wakes all listeners;
 * - the publisher sends events to JetStream in order of position.
 *
 * Database away: both try again with back-off. NATS away: the publisher does; events wait in the outbox. A frozen process
 * holds nobody up: see Sequencer and PublisherLease.
 */
@Injectable()
export class Relay implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stop = new AbortController();
  private readonly sequencer: Sequencer;
  private loops: Promise<unknown>[] = [];

  constructor(
    /** Its own: closed with it. */
    private readonly database: Database,
    private readonly signal: EventSignal,
    private readonly publisher: EventPublisher | undefined,
    private readonly log: Log,
  ) {
    this.sequencer = new Sequencer(database, signal);
  }

  onApplicationBootstrap(): void {
    const { publisher, sequencer, signal } = this;
    this.loops.push(
      this.loop(
        'sequencer',
        (wake) => signal.onWritten(wake),
        () => sequencer.step(),
      ),
    );
    if (publisher !== undefined) {
      this.loops.push(
        this.loop(
          'nats',
          (wake) => signal.onSequenced(wake),
          () => publisher.step(this.stop.signal),
        ),
      );
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.loops);
    await this.publisher?.close();
    await this.database.close();
  }

  /** Runs `step` while it has more to do, then sleeps until woken or for the poll time; after a fault with back-off. */
  private async loop(name: string, listen: (wake: () => void) => () => void, step: () => Promise<Next>): Promise<void> {
    const sleep = new Wakeable();
    const backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
    const off = listen(() => sleep.wake());
    const stop = (): void => sleep.wake();
    this.stop.signal.addEventListener('abort', stop);
    while (!this.stop.signal.aborted) {
      try {
        const next = await step();
        if (backoff.failing) this.log('info', 'relay works again', { loop: name });
        backoff.reset();
        if (next === 'idle') await sleep.sleep(POLL_MS);
        else if (next !== 'more') await sleepFully(next.restMs, this.stop.signal);
      } catch (error) {
        const inMs = backoff.next();
        this.log('warn', 'relay cannot work now; it will try again', { loop: name, inMs, cause: messageOf(error) });
        await sleepFully(inMs, this.stop.signal);
      }
    }
    this.stop.signal.removeEventListener('abort', stop);
    off();
  }
}

/** A pause that new events do not shorten: the other side is away, whoever asks. Ends early only at the stop. */
async function sleepFully(ms: number, stop: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal: stop }).catch(() => undefined);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
