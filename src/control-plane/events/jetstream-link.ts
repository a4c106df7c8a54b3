import { jetstreamManager, JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import { connect, createInbox, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../../platform/logging/log.js';
import { natsServers } from '../../platform/nats/servers.js';
import { NOUNS } from './event-types.js';
import type { Answer, Outgoing, PublishWindow } from './publish-window.js';
import { newStream, planStream, type StreamSettings } from './stream-plan.js';

const STREAM_NOT_FOUND = 10059;
const TIMEOUT_MS = 5_000;
/** Position of the event of a message, so that the stream itself tells how far it is. */
const POSITION = 'Berth-Position';
/** Of a message, at most, besides its body. */
const HEADERS_BYTES = 512;

export interface LinkSettings extends StreamSettings {
  /** nats://host:port, with user information if need be; several separated by commas. */
  url: string;
}

/** The end of the stream: its last sequence, and the event of the last message, if that is there and ours. */
export interface Tail {
  sequence: number;
  event: { id: string; position: number } | undefined;
}

/**
 * One connection to NATS and the stream on it. It is not made again after a loss, so that no message waits in a buffer of
 * its own for a connection to come: whoever uses it opens another.
 */
export class JetStreamLink {
  private readonly inbox = createInbox();
  private window: PublishWindow | undefined;
  private windows = 0;
  private fault: Error | undefined;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly settings: LinkSettings,
    private readonly largestOfStream: number,
  ) {
    connection.subscribe(`${this.inbox}.*.*`, { callback: (_error, message) => this.heard(message) });
    void connection.closed().then((error) => this.broke(error ?? new Error('the connection to NATS was closed')));
    void this.watch();
  }

  /** Connects, and makes the stream or brings it up to the settings. */
  static async open(settings: LinkSettings, log: Log): Promise<JetStreamLink> {
    const { servers, ...credentials } = natsServers(settings.url);
    const options = { servers, ...credentials, name: 'berth', timeout: 3_000, reconnect: false };
    const connection = await connect({ ...options, pingInterval: 5_000, maxPingOut: 2 });
    try {
      const manager = await jetstreamManager(connection, { timeout: TIMEOUT_MS });
      const { config } = await ensureStream(manager, settings, log);
      log('info', 'publishing events to NATS', { server: connection.getServer(), stream: settings.name });
      const largest = config.max_msg_size > 0 ? config.max_msg_size : Infinity;
      return new JetStreamLink(connection, manager, settings, largest);
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw error;
    }
  }

  /** Bytes of the largest body that server and stream take. */
  get largest(): number {
    return Math.min(this.connection.info?.max_payload ?? Infinity, this.largestOfStream) - HEADERS_BYTES;
  }

  get broken(): boolean {
    return this.fault !== undefined;
  }

  async tail(): Promise<Tail> {
    const { name } = this.settings;
    const { state } = await this.manager.streams.info(name);
    const message = state.messages === 0 ? null : await this.manager.streams.getMessage(name, { seq: state.last_seq });
    const position = Number(message?.header.get(POSITION) ?? '');
    const id = message?.header.get('Nats-Msg-Id') ?? '';
    return { sequence: state.last_seq, event: position > 0 && id !== '' ? { id, position } : undefined };
  }

  /** From now on answers go to this window; those to messages of an earlier one are passed over. */
  use(window: PublishWindow): void {
    this.windows++;
    this.window = window;
    if (this.fault !== undefined) window.fail(this.fault);
  }

  /** Sends an event on its way, by way of the window in use. `type` is `ipam.<noun>.<verb>`. */
  send(window: PublishWindow, event: Outgoing & { type: string }, body: Uint8Array): void {
    const { n, after } = window.add(event);
    const head = headers();
    head.set('Nats-Msg-Id', event.id);
    head.set('Nats-Expected-Stream', this.settings.name);
    head.set('Nats-Expected-Last-Sequence', String(after));
    head.set(POSITION, String(event.position));
    const subject = this.settings.prefix + event.type.slice(event.type.indexOf('.'));
    this.connection.publish(subject, body, { headers: head, reply: `${this.inbox}.${this.windows}.${n}` });
  }

  private heard(message: Msg): void {
    const [window, n] = message.subject.split('.').slice(-2);
    if (Number(window) === this.windows) this.window?.answer(Number(n), answerOf(message));
  }

  /** A refusal to publish (permissions) is told beside the answers. */
  private async watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'error') this.broke(status.error);
    }
  }

  private broke(error: Error): void {
    this.fault ??= error;
    this.window?.fail(this.fault);
  }

  async close(): Promise<void> {
    await this.connection.close().catch(() => undefined);
  }
}

function answerOf(message: Msg): Answer {
  if (message.headers?.code === 503) return { code: 503, reason: 'no stream takes its subject' };
  const { seq, duplicate, error } = message.json<{
    seq?: number;
    duplicate?: boolean;
    error?: { err_code?: number; code: number; description?: string };
  }>();
  if (error !== undefined || seq === undefined) {
    return { code: error?.err_code ?? error?.code ?? 0, reason: error?.description ?? 'not an acknowledgement' };
  }
  return { seq, duplicate: duplicate === true };
}

async function ensureStream(manager: JetStreamManager, settings: LinkSettings, log: Log): Promise<StreamInfo> {
  const { name } = settings;
  let info: StreamInfo;
  try {
    info = await manager.streams.info(name);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NOT_FOUND) throw error;
    info = await manager.streams.add(newStream(settings, NOUNS));
    log('info', 'made the JetStream stream', { stream: name });
    return info;
  }
  const { change, left, unfit } = planStream(settings, NOUNS, info.config, info.state, new Date());
  if (unfit !== undefined)
    throw new Error(`The stream ${name} cannot take events: ${unfit}. Set NATS_STREAM to another.`);
  const text = `Change it yourself (nats stream edit ${name}), or take the setting back.`;
  for (const reason of left) log('warn', 'the JetStream stream was left as it is', { stream: name, reason, text });
  if (Object.keys(change).length === 0) return info;
  try {
    info = await manager.streams.update(name, change);
    log('info', 'changed the JetStream stream', { stream: name, change: JSON.stringify(change) });
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    const reason = `${JSON.stringify(change)}: ${error.message}`;
    log('warn', 'the JetStream stream was left as it is', { stream: name, reason, text });
  }
  return info;
}
