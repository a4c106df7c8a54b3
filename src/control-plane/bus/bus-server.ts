import { setTimeout } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BaseRpcContext, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { lastValueFrom } from 'rxjs';
import type { Config } from '../../platform/config/config.js';
import { DRAIN_MS } from '../../platform/http/server.js';
import type { Log } from '../../platform/logging/log.js';
import { NatsLink } from '../../platform/nats/link.js';
import { Problem } from '../../platform/problem/problem.js';
import { problemAnswer, readRequest, writeAnswer, type BusAnswer } from './bus-message.js';

/** Every process is a member, and a request goes to one of them. */
const QUEUE = 'berth';
/** Requests that a process has in hand at most; the connections to the database are far fewer. */
const MAX_IN_HAND = 512;

/**
 * Nest's transport for requests over NATS that anybody can make: plain JSON, without the envelope of Nest's own transport.
 * Connected whenever NATS is there; an API that serves HTTP does not wait for it.
 */
export class BusServer extends Server implements CustomTransportStrategy {
  private readonly inHand = new Set<Promise<void>>();
  private subscriptions: Subscription[] = [];
  private closing?: Promise<void>;

  constructor(
    private readonly link: NatsLink,
    private readonly bodyLimit: number,
    private readonly log: Log,
  ) {
    super();
  }

  listen(callback: () => void): void {
    void this.link
      .open((connection) => {
        this.subscriptions = [...this.messageHandlers.keys()].map((subject) => this.subscribe(connection, subject));
        this.log('info', 'the API is on NATS', { server: connection.getServer(), queue: QUEUE });
      })
      .then(callback);
  }

  /** Takes nothing new, finishes and answers what is in hand (for a limited time), then leaves. Once, whoever asks. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      if (this.link.live !== undefined) {
        const late = setTimeout(DRAIN_MS, undefined, { ref: false });
        await Promise.race([late, Promise.allSettled(this.subscriptions.map((one) => one.drain()))]);
        await Promise.race([late, Promise.allSettled(this.inHand)]);
        await Promise.race([late, this.link.live.flush()]).catch(() => undefined);
      }
      await this.link.close();
    })();
    return this.closing;
  }

  on(): void {
    // it has no events: the log says when NATS comes and goes
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as Server declares it
  unwrap<T>(): T {
    return this.link.live as T;
  }

  private subscribe(connection: NatsConnection, subject: string): Subscription {
    return connection.subscribe(subject, {
      queue: QUEUE,
      callback: (error, message) => {
        // Without a place for the answer nobody could be told that it failed.
        if (error !== null || message.reply === undefined || message.reply === '') return;
        const refusal = this.refusal(message);
        if (refusal !== undefined) {
          this.answer(connection, message, problemAnswer(refusal));
          return;
        }
        const work = this.serve(connection, subject, message).finally(() => this.inHand.delete(work));
        this.inHand.add(work);
      },
    });
  }

  private refusal({ data }: Msg): Problem | undefined {
    if (this.inHand.size >= MAX_IN_HAND) {
      return new Problem('unavailable', 'This process has too many requests in hand. Try again.', {
        headers: { 'retry-after': '1' },
      });
    }
    return data.length > this.bodyLimit
      ? new Problem('body-too-large', 'The request is larger than this server reads.')
      : undefined;
  }

  private async serve(connection: NatsConnection, subject: string, message: Msg): Promise<void> {
    let answer: BusAnswer;
    try {
      const context = new BaseRpcContext([message.subject]);
      const result: unknown = await this.getHandlerByPattern(subject)?.(readRequest(message), context);
      answer = (await lastValueFrom(this.transformToObservable(result))) as BusAnswer;
    } catch (error) {
      this.log('error', 'a request over NATS failed', { subject: message.subject, cause: textOf(error) });
      answer = problemAnswer(new Problem('internal', 'Something went wrong in Berth. The log has the cause.'));
    }
    this.answer(connection, message, answer);
  }

  private answer(connection: NatsConnection, message: Msg, answer: BusAnswer): void {
    const { body, headers } = writeAnswer(answer, connection.info?.max_payload ?? Infinity);
    try {
      message.respond(body, { headers });
    } catch (error) {
      this.log('warn', 'an answer over NATS could not be sent', { cause: textOf(error) });
    }
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : JSON.stringify(error));

/** Serves the API over NATS too, if it is to; undefined otherwise. */
export async function openBus(app: NestFastifyApplication, config: Config, log: Log): Promise<BusServer | undefined> {
  const { url } = config.nats;
  if (config.bus.api === 'off' || url === undefined) return undefined;
  const server = new BusServer(new NatsLink(url, 'berth bus', log), config.http.bodyLimit, log);
  app.connectMicroservice({ strategy: server });
  await app.startAllMicroservices();
  return server;
}
