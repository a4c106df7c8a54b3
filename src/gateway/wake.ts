import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsServers } from '../platform/nats/servers.js';
import type { Log } from './settings.js';
import { Backoff, Wakeable } from '../platform/loop/wakeable.js';

const SUBJECTS = ['ipam.port-map.>', 'ipam.gateway.>'];

/**
 * Listens on the bus only to be told earlier: each event calls `onEvent`, whatever it says. With the bus away nothing is
 * lost but time, since the long poll goes on; it is looked for until it is back, and each time it is, `onEvent` is
 * called for what may have been missed.
 */
export class BusWaker {
  private readonly pause = new Wakeable();
  private readonly running: Promise<void>;
  private connection: NatsConnection | undefined;
  private readonly closing = new AbortController();

  constructor(
    private readonly bus: { url: string },
    private readonly onEvent: () => void,
    private readonly log: Log,
  ) {
    this.running = this.run();
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.pause.wake();
    await this.connection?.close();
    await this.running;
  }

  private async run(): Promise<void> {
    const backoff = new Backoff();
    let said = false;
    while (!this.closed()) {
      try {
        await this.listen();
        backoff.reset();
        said = false;
      } catch (error) {
        if (!said) {
          const message = error instanceof Error ? error.message : String(error);
          this.log('warn', `the event bus cannot be reached, changes are found by long poll alone: ${message}`);
        }
        said = true;
      }
      if (!this.closed()) await this.pause.sleep(backoff.next(true));
    }
  }

  private closed(): boolean {
    return this.closing.signal.aborted;
  }

  /** Connected until closed: the client reconnects by itself, for ever. */
  private async listen(): Promise<void> {
    const connection = await connect({
      ...natsServers(this.bus.url),
      name: 'berth-gateway',
      maxReconnectAttempts: -1,
      timeout: 5_000,
    });
    this.connection = connection;
    if (this.closed()) return connection.close();
    for (const subject of SUBJECTS) connection.subscribe(subject, { callback: () => this.onEvent() });
    // The server has the subscriptions now: what comes later is heard, and the call below covers what came before.
    await connection.flush();
    this.onEvent();
    void this.watch(connection);
    const problem = await connection.closed();
    this.connection = undefined;
    if (problem !== undefined) throw problem;
  }

  private async watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.log('warn', 'the event bus is away, changes are found by long poll alone');
      if (status.type === 'reconnect') {
        this.log('info', 'the event bus is back');
        this.onEvent();
      }
    }
  }
}
