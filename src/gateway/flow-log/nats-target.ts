import { jetstream, jetstreamManager, JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsServers } from '../../platform/nats/servers.js';
import type { Message, Target } from './target.js';

const STREAM_NOT_FOUND = 10059;
const TIMEOUT_MS = 5_000;
const WINDOW = 500;

/** A gateway's name as one token of a subject: what NATS gives a meaning, and what is not printable ASCII, becomes `_`. */
export const subjectOf = (gateway: string): string => `flows.${gateway.replaceAll(/[^\x21-\x7e]|[.*>]/g, '_')}`;

/**
 * JetStream: each record is acknowledged by the stream, and one that is sent again is dropped there by its id. A connection
 * that is lost is made again with the next batch.
 */
export class NatsTarget implements Target {
  private link: { connection: NatsConnection; client: JetStreamClient } | undefined;

  constructor(
    private readonly url: string,
    private readonly stream: string,
    private readonly subject: string,
  ) {}

  async send(messages: readonly Message[]): Promise<void> {
    const { client } = (this.link ??= await this.open());
    try {
      for (let at = 0; at < messages.length; at += WINDOW) {
        const some = messages.slice(at, at + WINDOW);
        await Promise.all(
          some.map(({ id, body }) => client.publish(this.subject, body, { msgID: id, timeout: TIMEOUT_MS })),
        );
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const { link } = this;
    this.link = undefined;
    await link?.connection.close().catch(() => undefined);
  }

  private async open(): Promise<{ connection: NatsConnection; client: JetStreamClient }> {
    const connection = await connect({
      ...natsServers(this.url),
      name: 'berth flow log',
      timeout: 3_000,
      reconnect: false,
    });
    try {
      const manager = await jetstreamManager(connection, { timeout: TIMEOUT_MS });
      await manager.streams.info(this.stream).catch(async (error: unknown) => {
        if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NOT_FOUND) throw error;
        await manager.streams.add({ name: this.stream, subjects: ['flows.>'], max_age: 30 * 86_400 * 1e9 });
      });
      return { connection, client: jetstream(connection, { timeout: TIMEOUT_MS }) };
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw error;
    }
  }
}
