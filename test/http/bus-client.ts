import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import type { NatsServer } from './nats-server.js';

export interface BusReply {
  status: number;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Answer of api.ts
  body: any;
  header(name: string): string;
}

/** A client as any site could write one: plain JSON and a few headers. */
export class BusClient {
  private constructor(
    readonly connection: NatsConnection,
    private readonly token: string,
  ) {}

  static async connect(nats: NatsServer, token: string): Promise<BusClient> {
    return new BusClient(await connect({ servers: nats.url }), token);
  }

  async ask(
    operation: string,
    input: object | string | Uint8Array = '',
    sent: Record<string, string> = {},
  ): Promise<BusReply> {
    const all = headers();
    for (const [name, value] of Object.entries({ Authorization: `Bearer ${this.token}`, ...sent })) {
      if (value !== '') all.set(name, value);
    }
    const data = typeof input === 'string' || input instanceof Uint8Array ? input : JSON.stringify(input);
    const reply = await this.connection.request(`berth.api.${operation}`, data, { headers: all, timeout: 20_000 });
    const header = (name: string): string => reply.headers?.get(name) ?? '';
    const text = reply.string();
    return { status: Number(header('Berth-Status')), text, body: text === '' ? undefined : JSON.parse(text), header };
  }
}
