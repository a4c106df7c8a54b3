import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';

/** One event as the consumer got it, in the order in which it did. */
export interface Received {
  /** Sequence of the message in the stream. */
  sequence: number;
  id: string;
  /** Which resource. */
  subject: string;
  position: number;
}

/** A durable pull consumer that acknowledges what it got and outlives every fault of the server, as a site's would. */
export class DurableConsumer {
  readonly received: Received[] = [];
  private readonly known = new Set<number>();
  private stopped = false;
  private working: Promise<void> | undefined;

  constructor(
    private readonly url: string,
    private readonly stream = 'BERTH',
  ) {}

  start(): void {
    this.working = this.work();
  }

  private async work(): Promise<void> {
    while (!this.stopped) {
      try {
        const connection = await connect({ servers: this.url, reconnect: false, timeout: 1_000 });
        await this.consume(connection).finally(() => connection.close());
      } catch {
        await sleep(50); // the server is away, or has no stream yet: again, as long as it takes
      }
    }
  }

  private async consume(connection: NatsConnection): Promise<void> {
    const manager = await jetstreamManager(connection, { timeout: 1_000 });
    const config = { durable_name: 'site', ack_policy: AckPolicy.Explicit, max_ack_pending: 5_000 };
    await manager.consumers.add(this.stream, config);
    const consumer = await jetstream(connection, { timeout: 1_000 }).consumers.get(this.stream, 'site');
    while (!this.stopped && !connection.isClosed()) {
      for await (const message of await consumer.fetch({ max_messages: 500, expires: 1_000 })) {
        const event = message.json<{ id: string; subject: string; sequence: string }>();
        if (!this.known.has(message.seq)) {
          this.known.add(message.seq);
          const { id, subject } = event;
          this.received.push({ sequence: message.seq, id, subject, position: Number(event.sequence) });
        }
        message.ack();
      }
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.working;
  }
}
