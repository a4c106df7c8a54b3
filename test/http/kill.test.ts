import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundSpaces } from '../database/spaces.js';
import { Api, newSecret, query, send, token, type Answer } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { NatsServer } from './nats-server.js';

/** KILLS: by hand, more of them; 20 and more were survived. */
const KILLS = Number(process.env['KILLS'] ?? 8);

describe('kill -9 of the API under load', () => {
  let database: TestDatabase;
  let nats: NatsServer;
  const secret = newSecret();
  const apis: Api[] = [];
  let admin: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    nats = await NatsServer.prepare();
    await nats.start();
    admin = await token(secret, { sub: 'root', role: 'admin', exp: Math.floor(Date.now() / 1000) + 3600 });
    for (let n = 0; n < 2; n++) apis.push(await start());
  });
  afterAll(async () => {
    await Promise.all(apis.map((api) => api.end('SIGKILL')));
    await nats.remove();
    await database.drop();
  });

  const start = (): Promise<Api> => Api.start({ database: database.url, secret, env: { NATS_URL: nats.url } });
  /** Undefined when the connection broke: whether it was done is not known. */
  const ask = (n: number, method: string, path: string, body?: unknown, key?: string): Promise<Answer | undefined> =>
    send(`${apis[n % 2]?.url ?? ''}${path}`, method, {
      token: admin,
      ...(body === undefined ? {} : { body }),
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    }).catch(() => undefined);

  it(`${KILLS} times: every acknowledged claim is there, none twice, and every change has its event once`, async () => {
    const { subnet } = await apis[0]!.subnet('10.70.0.0', '10.70.15.255');
    const { gateway } = await apis[0]!.gateway({ ports: { tcp: { first: 20_000, last: 29_999 } } });
    /** What was acknowledged and not given back since: reservation or component -> its address. */
    const acknowledged = new Map<string, string>();
    const odd = new Set<string>();
    let granted = 0;
    let retried = 0;
    let stopped = false;
    const open = (): boolean => !stopped;
    let resume = (): void => undefined;
    let paused: Promise<void> = Promise.resolve();

    const client = async (n: number): Promise<void> => {
      const mine: string[] = [];
      for (let times = 0; open(); times++) {
        await paused;
        const component = n % 3 === 0;
        const path = component ? '/components' : `/subnets/${subnet}/reservations`;
        const body = component ? { name: `c ${n} ${times}`, kind: 'ecs', gateway, subnet } : {};
        const key = randomUUID();
        let answer = await ask(n, 'POST', path, body, key);
        if (answer === undefined && open()) {
          // As a client should: the same key again, at the other process. It must not be a second claim.
          retried++;
          answer = await ask(n + 1, 'POST', path, body, key);
        }
        if (answer === undefined) continue;
        if (answer.status !== 201) {
          if (answer.status !== 503) odd.add(`${answer.status} ${answer.text}`);
          continue;
        }
        granted++;
        const at = component ? `/components/${answer.body.id}` : `/reservations/${answer.body.id}`;
        acknowledged.set(at, answer.body.leases[0].address as string);
        mine.push(at);
        if (mine.length > 10) {
          const old = mine.shift()!;
          acknowledged.delete(old);
          const gone = await ask(n, 'DELETE', old);
          if (gone !== undefined && ![204, 503].includes(gone.status)) odd.add(`${gone.status} ${gone.text}`);
        }
      }
    };

    const load = Promise.all(Array.from({ length: 4 }, (_, n) => client(n)));
    for (let kill = 0; kill < KILLS; kill++) {
      // The one that takes its place is started before, and alone: twenty starts beside the load took most of the time.
      paused = new Promise((resolve) => (resume = resolve));
      const next = await start();
      resume();
      const so = granted;
      await eventually('claims to flow', () => granted > so + 10);
      await apis[kill % 2]!.end('SIGKILL');
      apis[kill % 2] = next;
    }
    stopped = true;
    await load;
    expect([...odd]).toEqual([]);
    expect(granted).toBeGreaterThan(KILLS * 10);
    expect(retried).toBeGreaterThan(0);

    // every acknowledged claim is there, with its address
    const rows = (await query(
      database.url,
      `SELECT '/reservations/' || l.reservation_id AS at, host(l.address) AS address FROM lease l
       UNION ALL SELECT '/components/' || c.id, host(l.address) FROM component c JOIN lease l USING (reservation_id)`,
    )) as { at: string; address: string }[];
    const held = new Map(rows.map(({ at, address }) => [at, address]));
    expect([...acknowledged].filter(([at, address]) => held.get(at) !== address)).toEqual([]);

    // nothing is held twice, and free + held = size
    await expectSoundSpaces(database.url);

    // every component is whole
    const halves = await query(
      database.url,
      `SELECT c.id FROM component c WHERE (SELECT count(*) FROM port_map p WHERE p.component_id = c.id) <> 2
         OR NOT EXISTS (SELECT FROM lease l WHERE l.reservation_id = c.reservation_id)`,
    );
    expect(halves).toEqual([]);

    // every committed change has its event, and there is no event of anything else
    for (const [table, noun] of [
      ['reservation', 'reservation'],
      ['lease', 'lease'],
      ['component', 'component'],
      ['port_map', 'port-map'],
    ] as const) {
      const wrong = await query(
        database.url,
        `WITH told AS (SELECT split_part(subject, '/', 2) AS id, count(*) FILTER (WHERE type LIKE '%.created') AS made,
                              count(*) FILTER (WHERE type LIKE '%.deleted') AS gone
                       FROM outbox WHERE type LIKE $1 GROUP BY 1)
         SELECT coalesce(t.id, r.id) AS id FROM told t FULL JOIN ${table} r ON r.id = t.id
         WHERE t.id IS NULL OR t.made <> 1 OR t.gone <> CASE WHEN r.id IS NULL THEN 1 ELSE 0 END`,
        [`ipam.${noun}.%`],
      );
      expect([noun, wrong]).toEqual([noun, []]);
    }

    // and on JetStream each event is there once
    await eventually(
      'positions',
      async () => (await query(database.url, 'SELECT 1 FROM outbox WHERE position IS NULL')).length === 0,
    );
    const events = (await query(database.url, 'SELECT id FROM outbox ORDER BY position')) as { id: string }[];
    await eventually('all messages', async () => (await nats.count()) >= events.length, 30_000);
    const messages = await nats.messages();
    expect(messages.map(({ msgId }) => msgId)).toEqual(events.map(({ id }) => id));
  }, 300_000);
});
