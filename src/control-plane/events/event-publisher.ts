import {
  jetstream,
  jetstreamManager,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamClient,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsServers } from '../../platform/nats/servers.js';
import type { Log } from '../../platform/logging/log.js';
import { cloudEvent, type StoredEvent } from './event.js';

export interface PublisherSettings {
  /** nats://host:port, with user information if need be; several separated by commas. */
  url: string;
  /** Name of the JetStream stream; created when it is not there. */
  stream: string;
}

const STREAM_NOT_FOUND = 10059;
/** How long the server remembers message ids; a repetition after a crash comes within seconds. */
const DUPLICATE_WINDOW_NS = 10 * 60 * 1_000_000_000;
const PUBLISH_TIMEOUT_MS = 5_000;
/** Acknowledgements awaited at once. */
const IN_FLIGHT = 64;

/** Publishes events to a JetStream stream. Connects when first needed and again after every loss. */
export class EventPublisher {
  private connection?: NatsConnection;
  private client?: JetStreamClient;

  constructor(
    private readonly settings: PublisherSettings,
    private readonly log: Log,
  ) {}

  /** Resolves when there is a connection and a stream; rejects when not (the caller tries again). */
  async ready(): Promise<void> {
    if (this.client !== undefined && this.connection?.isClosed() === false) return;
    const { url, stream } = this.settings;
    const { servers, ...credentials } = natsServers(url);
    this.connection = await connect({
      servers,
      ...credentials,
      name: 'berth',
      timeout: 3_000,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
    });
    await this.ensureStream(this.connection, stream);
    this.client = jetstream(this.connection, { timeout: PUBLISH_TIMEOUT_MS });
    this.log('info', 'publishing events to NATS', { server: this.connection.getServer(), stream });
  }

  /** Makes the stream if it is missing; one that is there is the site's own and left as it is. */
  private async ensureStream(connection: NatsConnection, stream: string): Promise<void> {
    const manager = await jetstreamManager(connection, { timeout: PUBLISH_TIMEOUT_MS });
    try {
      await manager.streams.info(stream);
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NOT_FOUND) throw error;
      await manager.streams.add({
        name: stream,
        subjects: ['ipam.>'],
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        duplicate_window: DUPLICATE_WINDOW_NS,
      });
      this.log('info', 'made the JetStream stream', { stream });
    }
  }

  /**
   * Publishes in order and resolves when the server has stored all of them. One connection keeps the order; only so many
   * acknowledgements are awaited at once. A failure leaves the rest unpublished: the caller repeats from its last position.
   */
  async publish(events: Iterable<StoredEvent>): Promise<void> {
    const { client } = this;
    if (client === undefined) throw new Error('not connected to NATS');
    for (const some of inTurns(events, IN_FLIGHT)) {
      const acknowledged = await Promise.allSettled(
        some.map((event) => client.publish(event.type, cloudEvent(event), { msgID: event.id })),
      );
      const failed = acknowledged.find((result) => result.status === 'rejected');
      if (failed !== undefined) {
        // The stream may have been deleted with the server's storage: look again before the next attempt.
        delete this.client;
        await this.connection?.close().catch(() => undefined);
        throw failed.reason;
      }
    }
  }

  async close(): Promise<void> {
    await this.connection?.close();
  }
}

/** A few at a time, so that never more of them are in memory. */
function* inTurns<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let some: T[] = [];
  for (const item of items) {
    some.push(item);
    if (some.length < size) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
