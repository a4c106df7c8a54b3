import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { EventSignal } from '../events/event-signal.js';
import { SWEEP_DEAD, WITH_WORK } from './delivery.queries.js';
import { Fenced } from './delivery-notes.js';
import { DeliveryWorker, type Deliveries } from './delivery-worker.js';
import { DeliveryLease } from './lease.js';

/** The signal itself fires every second, whatever happens; this is for the case that it does not. */
const POLL_MS = 2_000;
/** Between two looks: under load one does for many events. */
const GATHER_MS = 20;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 10_000;
/** A webhook whose worker met a fault of ours is left alone for so long. */
const FAULT_PAUSE_MS = 5_000;
const SWEEP_EVERY_MS = 3_600_000;

/**
 * Finds webhooks with something to do and starts a worker for each: none waits for another, and there are no more than
 * there may be webhooks. Any number of processes run this; each webhook is served by the one that has its lease, and by
 * another within seconds of that one's end. Database away: it tries again with back-off. Receiver away: see the worker.
 */
export class WebhookDispatcher implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly holder = `${hostname()} ${process.pid} ${randomUUID().slice(0, 8)}`;
  private readonly stop = new AbortController();
  private readonly sleep = new Wakeable();
  private readonly working = new Map<string, Promise<void>>();
  private loop?: Promise<void>;
  private sweptAt = -SWEEP_EVERY_MS;

  constructor(
    private readonly shared: Deliveries,
    private readonly signal: EventSignal,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    this.sleep.wake();
    await this.loop;
    await Promise.all(this.working.values());
    this.shared.receiver.close();
  }

  private async run(): Promise<void> {
    const backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
    const off = this.signal.onSequenced(() => this.sleep.wake());
    const { signal } = this.stop;
    while (!signal.aborted) {
      let pause = GATHER_MS;
      try {
        await this.look();
        backoff.reset();
        await this.sleep.sleep(POLL_MS);
      } catch (error) {
        pause = backoff.next();
        this.shared.log('debug', 'cannot look for what webhooks wait for now', { cause: messageOf(error) });
      }
      await setTimeout(pause, undefined, { signal }).catch(() => undefined);
    }
    off();
  }

  private async look(): Promise<void> {
    const { database, settings } = this.shared;
    for (const { id } of await database.query<{ id: string }>(WITH_WORK)) {
      if (!this.working.has(id)) this.working.set(id, this.serve(id));
    }
    if (performance.now() - this.sweptAt < SWEEP_EVERY_MS) return;
    this.sweptAt = performance.now();
    await database.query(SWEEP_DEAD, [settings.deadLetterDays]);
  }

  private async serve(webhook: string): Promise<void> {
    let lease: DeliveryLease | undefined;
    try {
      lease = await DeliveryLease.take(this.shared.database, webhook, this.holder);
      if (lease !== undefined) await new DeliveryWorker(this.shared, webhook, lease, this.stop.signal).run();
    } catch (error) {
      if (!(error instanceof Fenced)) {
        this.shared.log('warn', 'a webhook cannot be served now; it will be tried again', {
          ...{ webhook, inMs: FAULT_PAUSE_MS },
          cause: messageOf(error),
        });
        await setTimeout(FAULT_PAUSE_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
      }
    } finally {
      await lease?.release();
      this.working.delete(webhook);
      // What came since its last look.
      this.sleep.wake();
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
