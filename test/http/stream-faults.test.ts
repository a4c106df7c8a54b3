import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Home } from '../../src/up/home.js';
import { startCluster, type Cluster } from '../../src/up/postgres/cluster.js';
import { Api, newSecret, query, send, token } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { Lab } from '../up/lab.js';
import { DurableConsumer } from './durable-consumer.js';
import { NatsServer } from './nats-server.js';

const MAIN = join(import.meta.dirname, '../../dist/src/main.js');
const CLIENTS = 6;

interface Told {
  id: string;
  subject: string;
  position: number;
}

describe('the stream of events under load', () => {
  const secret = newSecret();
  const apis: Api[] = [];
  let lab: Lab;
  let cluster: Cluster;
  let nats: NatsServer;
  let consumer: DurableConsumer;
  let admin: string;
  let pools: string[];
  /** A process to which no request goes now. */
  let away: Api | undefined;
  /** Ends the wait for answers of a process that gives none. */
  const leave = new EventEmitter().setMaxListeners(0);

  beforeAll(async () => {
    lab = await Lab.create();
    nats = await NatsServer.prepare();
    await Promise.all([startDatabase(), nats.start()]);
    await promisify(execFile)(process.execPath, [MAIN, 'migrate'], {
      env: { ...process.env, DATABASE_URL: cluster.url },
    });
    admin = await token(secret, { sub: 'root', role: 'admin' });
    apis.push(...(await Promise.all([startApi(), startApi()])));
    pools = [];
    for (let n = 0; n < CLIENTS; n++) pools.push((await apis[0]!.make('/pools', {})).id as string);
    consumer = new DurableConsumer(nats.url);
    consumer.start();
  });
  afterAll(async () => {
    await consumer.stop();
    await Promise.all(apis.map((api) => api.end('SIGKILL')));
    await nats.remove();
    await cluster.stop();
    await lab.remove();
  });

  async function startDatabase(): Promise<void> {
    cluster = await startCluster(Home.open(lab.home), { durable: false });
  }
  const startApi = (): Promise<Api> => Api.start({ database: cluster.url, secret, env: { NATS_URL: nats.url } });
  const sql = (text: string): Promise<unknown[]> => query(cluster.url, text);

  /** The process that publishes, by what it wrote beside its lease, and how many had that turn before. */
  async function publisher(): Promise<{ pid: number; epoch: number }> {
    return eventually('a publisher', async () => {
      const [row] = (await sql(
        `SELECT split_part(holder, ' ', 2)::int AS pid, epoch::int FROM relay WHERE name = 'nats' AND held_until > now()`,
      )) as { pid: number; epoch: number }[];
      return row;
    });
  }

  /**
   * Changes pools while the fault comes and goes. Then: the consumer has every committed change, each resource's in order;
   * and the stream has nothing twice. `flowing` resolves when so many more changes are acknowledged.
   */
  async function underLoad(fault: (flowing: (more: number) => Promise<unknown>) => Promise<unknown>): Promise<number> {
    let acknowledged = 0;
    let open = true;
    const odd = new Set<number>();
    const asking: Promise<unknown>[] = [];
    const load = pools.map(async (pool, n) => {
      for (let times = 0; open; times++) {
        const there = apis.filter((one) => one !== away);
        const api = there[(n + times) % there.length]!;
        const body = { name: `${n} ${times}` };
        const asked = send(`${api.url}/pools/${pool}`, 'PATCH', { token: admin, body }).catch(() => undefined);
        asking.push(asked);
        const answer = await Promise.race([asked, once(leave, 'now').then(() => undefined)]);
        if (answer?.status === 200) acknowledged++;
        else if (answer !== undefined && answer.status !== 503) odd.add(answer.status);
      }
    });
    const flowing = (more: number): Promise<unknown> => {
      const before = acknowledged;
      return eventually('changes to flow', () => acknowledged >= before + more);
    };
    await flowing(20);
    await fault(flowing);
    await flowing(20);
    open = false;
    await Promise.all([...load, ...asking]);
    expect([...odd]).toEqual([]);
    await expectAll();
    return acknowledged;
  }

  async function expectAll(): Promise<void> {
    const told = await eventually('positions for all', async () => {
      const rows = (await sql('SELECT id, subject, position::int FROM outbox ORDER BY position')) as Told[];
      return rows.every(({ position }) => position > 0) ? rows : undefined;
    });
    await eventually(`${told.length} events`, () => consumer.received.length >= told.length);
    const { received } = consumer;
    const ofResource = (events: readonly Told[]): Map<string, string[]> => {
      const lists = new Map<string, string[]>();
      for (const { subject, id } of events) lists.set(subject, [...(lists.get(subject) ?? []), id]);
      return lists;
    };
    expect(ofResource(received)).toEqual(ofResource(told));
    const inStream = [...received].sort((one, other) => one.sequence - other.sequence);
    expect(inStream.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
  }

  it('reaches a durable consumer whole, when nats-server is killed and comes back', async () => {
    await underLoad(async (flowing) => {
      for (let times = 0; times < 3; times++) {
        await nats.kill();
        await flowing(20); // without it
        await nats.start();
        const so = consumer.received.length;
        await eventually('events to flow again', () => consumer.received.length > so);
      }
    });
  });

  it('when the process that publishes is killed: another has taken over within seconds', async () => {
    await underLoad(async () => {
      const { pid, epoch } = await publisher();
      const killed = apis.findIndex((api) => api.pid === pid);
      await apis[killed]!.end('SIGKILL');
      const at = Date.now();
      await eventually('another publisher', async () => (await publisher()).epoch > epoch);
      expect(Date.now() - at).toBeLessThan(10_000);
      apis[killed] = await startApi();
    });
  });

  it('when the process that publishes is frozen past its lease and woken while another is at work', async () => {
    await underLoad(async () => {
      const { pid, epoch } = await publisher();
      const frozen = apis.find((api) => api.pid === pid)!;
      away = frozen;
      process.kill(pid, 'SIGSTOP');
      leave.emit('now');
      const next = await eventually('another publisher', async () => {
        const now = await publisher();
        return now.epoch > epoch ? now : undefined;
      });
      expect(next.pid).not.toBe(pid);
      const so = consumer.received.length;
      await eventually('events to flow', () => consumer.received.length > so);
      process.kill(pid, 'SIGCONT');
      away = undefined;
      await eventually('the frozen process to answer', async () => (await frozen.get('/health/ready')).status === 200);
    });
  });

  it('when PostgreSQL is restarted', async () => {
    await underLoad(async () => {
      await cluster.stop();
      await startDatabase();
    });
  });
});
