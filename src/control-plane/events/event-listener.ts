import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import type { Log } from '../../platform/logging/log.js';
import { EventSignal } from './event-signal.js';

const RETRY_MS = 1_000;
const NET_MS = 1_000;

/**
 * Hears from the sequencer of any process that there are new events, on a connection of its own. While that is broken,
 * and as a safety net always, waiters are woken every second and look for themselves.
 */
@Injectable()
export class EventListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private client: pg.Client | undefined;
  private stopped = false;
  private net?: NodeJS.Timeout;
  private retry?: NodeJS.Timeout;

  constructor(
    private readonly url: string,
    private readonly signal: EventSignal,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.net = setInterval(() => this.signal.sequenced(), NET_MS);
    void this.listen();
  }

  private async listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      application_name: 'berth-listener',
    });
    this.client = client;
    client.on('notification', () => this.signal.sequenced());
    client.on('error', () => undefined); // told by 'end'
    client.once('end', () => this.again());
    try {
      await client.connect();
      await client.query('LISTEN berth_events');
    } catch (error) {
      this.log('debug', 'cannot listen for events now', {
        cause: error instanceof Error ? error.message : String(error),
      });
      await client.end().catch(() => undefined);
      this.again();
    }
  }

  private again(): void {
    if (this.stopped) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.listen(), RETRY_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.net);
    clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }
}
