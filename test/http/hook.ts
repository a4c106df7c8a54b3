import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { NatsServer } from './nats-server.js';

export interface Asked {
  subject: string;
  type: string;
  data: { operation: string; actor: Record<string, unknown>; input: Record<string, unknown> };
}

/** A hook of a test: remembers what it was asked, and answers as it is told; undefined: not at all. */
export class TestHook {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => object | string | undefined = () => ({ allow: true });

  private constructor(readonly connection: NatsConnection) {}

  static async start(nats: NatsServer, subject = 'ipam.hooks.>'): Promise<TestHook> {
    const connection = await connect({ servers: nats.url });
    const hook = new TestHook(connection);
    connection.subscribe(subject, {
      callback: (_error, message) => {
        const asked = { subject: message.subject, ...message.json<Omit<Asked, 'subject'>>() };
        hook.asked.push(asked);
        const answer = hook.answer(asked);
        if (answer !== undefined) message.respond(typeof answer === 'string' ? answer : JSON.stringify(answer));
      },
    });
    await connection.flush();
    return hook;
  }

  /** What it was asked since the last time. */
  take(): Asked[] {
    return this.asked.splice(0);
  }
}
