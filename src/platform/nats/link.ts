import { setTimeout } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../logging/log.js';
import { Backoff } from '../loop/wakeable.js';
import { natsServers } from './servers.js';

const CONNECT_TIMEOUT_MS = 3_000;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5_000;

/**
 * A connection to NATS that is there again by itself after every loss, and says whether it is there now: who has no time to
 * wait need not. The client reconnects; one that has given up (refused twice with the same credentials) is replaced.
 */
export class NatsLink {
  private readonly stop = new AbortController();
  private connection?: NatsConnection;
  private up = false;
  private ended?: Promise<void>;

  constructor(
    private readonly url: string,
    /** What it is for; monitoring of the server shows it. */
    private readonly name: string,
    private readonly log: Log,
  ) {}

  /** The connection while there is one; undefined while NATS is away. */
  get live(): NatsConnection | undefined {
    return this.up ? this.connection : undefined;
  }

  /**
   * Connects, and goes on doing so; `use` is called with every new connection. Resolves after the first attempt, however it
   * ended: a start does not fail because NATS is away.
   */
  open(use: (connection: NatsConnection) => void = () => undefined): Promise<void> {
    return new Promise((tried) => {
      this.ended = this.run(use, tried);
    });
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.connection?.close();
    await this.ended;
  }

  private stopped(): boolean {
    return this.stop.signal.aborted;
  }

  private async run(use: (connection: NatsConnection) => void, tried: () => void): Promise<void> {
    const backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS);
    while (!this.stopped()) {
      let cause: unknown;
      try {
        await this.connected(use, tried, () => backoff.reset());
      } catch (error) {
        cause = error;
      }
      this.up = false;
      tried();
      if (this.stopped()) return;
      const inMs = backoff.next(true);
      const text = cause instanceof Error ? cause.message : 'closed';
      this.log('warn', 'no connection to NATS; it will try again', {
        for: this.name,
        inMs: Math.round(inMs),
        cause: text,
      });
      await setTimeout(inMs, undefined, { signal: this.stop.signal }).catch(() => undefined);
    }
  }

  /** From a connection's beginning to its end. */
  private async connected(
    use: (connection: NatsConnection) => void,
    tried: () => void,
    good: () => void,
  ): Promise<void> {
    const connection = await connect({
      ...natsServers(this.url),
      name: this.name,
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
    });
    this.connection = connection;
    if (this.stopped()) {
      await connection.close();
      return;
    }
    const changes = connection.status();
    this.up = true;
    good();
    use(connection);
    tried();
    for await (const { type } of changes) {
      if (type === 'disconnect') this.up = false;
      else if (type === 'reconnect') this.up = true;
    }
    const error = await connection.closed();
    if (error instanceof Error) throw error;
  }
}
