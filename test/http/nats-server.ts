import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { eventually } from '../support/eventually.js';

/** One message of the stream. */
export interface Message {
  subject: string;
  /** Nats-Msg-Id. */
  msgId: string;
  event: { id: string; type: string; subject: string; sequence: string; data: { version?: number } };
}

/** A real nats-server with JetStream on disk, which a test can kill and start again on the same port and store. */
export class NatsServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly port: number,
    private readonly store: string,
  ) {}

  /** Reserves a port and a store; nothing runs yet. */
  static async prepare(): Promise<NatsServer> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, 'close');
    return new NatsServer(port, await mkdtemp(join(tmpdir(), 'berth-nats-')));
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const child = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.store], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    this.child = child;
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    await Promise.race([eventually('nats-server', () => log.includes('Server is ready')), failed]);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Keeps a copy of what is on the disk, while it is stopped. */
  async keepStore(): Promise<void> {
    await cp(this.store, `${this.store}.kept`, { recursive: true });
  }

  /** Takes the server, stopped, back to that copy. */
  async putStoreBack(): Promise<void> {
    await rm(this.store, { recursive: true });
    await rename(`${this.store}.kept`, this.store);
  }

  /** Everything in the stream, in its order. */
  async messages(stream = 'BERTH'): Promise<Message[]> {
    const connection = await connect({ servers: this.url });
    try {
      const manager = await jetstreamManager(connection);
      const { state } = await manager.streams.info(stream);
      const consumer = await manager.jetstream().consumers.get(stream);
      const messages: Message[] = [];
      while (messages.length < state.messages) {
        const batch = await consumer.fetch({ max_messages: Math.min(1000, state.messages - messages.length) });
        for await (const message of batch) {
          const { subject, headers } = message;
          messages.push({ subject, msgId: headers?.get('Nats-Msg-Id') ?? '', event: message.json() });
        }
      }
      return messages;
    } finally {
      await connection.close();
    }
  }

  /** The number of messages; 0 while there is no stream. */
  async count(stream = 'BERTH'): Promise<number> {
    const connection = await connect({ servers: this.url });
    try {
      return (await (await jetstreamManager(connection)).streams.info(stream)).state.messages;
    } catch {
      return 0;
    } finally {
      await connection.close();
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.store, { recursive: true, force: true });
    await rm(`${this.store}.kept`, { recursive: true, force: true });
  }
}
