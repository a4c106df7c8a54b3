import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, query } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { NatsServer, type Message } from './nats-server.js';

interface Row {
  id: string;
  position: number;
  type: string;
  subject: string;
}

describe('the relay to NATS', () => {
  let nats: NatsServer;
  let apis: Api[];

  beforeEach(async () => {
    nats = await NatsServer.prepare();
    apis = [];
  });
  afterEach(async () => {
    for (const api of apis.slice(1)) await api.end('SIGTERM');
    await apis[0]?.close();
    await nats.remove();
  });

  async function startApi(): Promise<Api> {
    const [first] = apis;
    const env = { NATS_URL: nats.url };
    const api = await Api.start(
      first === undefined ? { env } : { env, database: first.database, secret: first.secret },
    );
    apis.push(api);
    return api;
  }

  /** Waits until the stream has every event of the outbox, and proves: each once, as it is, in order. */
  async function expectAllOnce(): Promise<Message[]> {
    const { database } = apis[0]!;
    const rows = await eventually('positions for all', async () => {
      const list = (await query(
        database,
        'SELECT id, position::int AS position, type, subject FROM outbox ORDER BY position',
      )) as (Omit<Row, 'position'> & { position: number | null })[];
      return list.every(({ position }) => position !== null) ? (list as Row[]) : undefined;
    });
    await eventually(`${rows.length} messages`, async () => (await nats.count()) >= rows.length, 30_000);
    const messages = await nats.messages();
    expect(messages.map(({ msgId }) => msgId).sort()).toEqual(rows.map(({ id }) => id).sort());
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const { msgId, subject, event } of messages) {
      const row = byId.get(msgId)!;
      expect([event.id, event.subject, event.type, Number(event.sequence), subject]).toEqual([
        row.id,
        row.subject,
        `${row.type}.v1`,
        row.position,
        row.type,
      ]);
    }
    expect(messages.map(({ event }) => Number(event.sequence))).toEqual(rows.map(({ position }) => position));
    return messages;
  }

  it('publishes every event once, in order, under its own id', async () => {
    await nats.start();
    const api = await startApi();
    const { subnet, pool } = await api.subnet('10.50.0.0', '10.50.0.255');
    await Promise.all(Array.from({ length: 60 }, () => api.make(`/subnets/${subnet}/reservations`, {})));
    await api.delete(`/pools/${pool}`);
    expect(await expectAllOnce()).toHaveLength(2 + 120 + 120 + 2);
  });

  it('of two processes publishes each event once, and in order', async () => {
    await nats.start();
    const [one, two] = [await startApi(), await startApi()];
    const { id } = await one.make('/pools', {});
    await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        for (let times = 0; times < 20; times++)
          await (n % 2 === 0 ? one : two).patch(`/pools/${id}`, { name: `${n} ${times}` });
      }),
    );
    const messages = await expectAllOnce();
    expect(messages.map(({ event }) => event.data.version)).toEqual(Array.from({ length: 161 }, (_, n) => n + 1));
  });

  it('waits for a server that is not there yet, while everything else works', async () => {
    const api = await startApi();
    for (let n = 0; n < 5; n++) await api.make('/pools', {});
    expect((await api.get('/health/ready')).status).toBe(200);
    expect((await api.get('/events')).status).toBe(200);
    await nats.start();
    expect(await expectAllOnce()).toHaveLength(5);
  });

  it('loses, doubles and reorders nothing when the server is killed and comes back under load', async () => {
    await nats.start();
    const [one, two] = [await startApi(), await startApi()];
    const pools = await Promise.all(Array.from({ length: 4 }, () => one.make('/pools', {})));
    let open = true;
    const load = Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        for (let times = 0; open; times++) {
          const answer = await (n % 2 === 0 ? one : two).patch(`/pools/${pools[n % 4]?.id}`, { name: `${times}` });
          expect(answer.status).toBe(200);
        }
      }),
    );
    for (let times = 0; times < 4; times++) {
      const so = await nats.count();
      await eventually('events to flow', async () => (await nats.count()) > so + 20);
      await nats.kill();
      const [{ n }] = (await one.sql('SELECT count(*)::int AS n FROM outbox')) as [{ n: number }];
      await eventually(
        'writes to go on without it',
        async () => ((await one.sql('SELECT count(*)::int AS n FROM outbox'))[0]?.n as number) > n + 50,
      );
      await nats.start();
    }
    open = false;
    await load;
    await expectAllOnce();
  });
});
