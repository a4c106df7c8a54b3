import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { SWEEP, SWEEP_GENERATIONS } from '../../src/control-plane/events/sweep.queries.js';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';

const DAYS = 7;

describe('the retention of the outbox', () => {
  let api: Api;
  let client: pg.Client;

  beforeAll(async () => {
    api = await Api.start();
    client = new pg.Client(api.database);
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await api.close();
  });

  const sweep = async (atOnce = 100, withNats = false): Promise<number> =>
    (await client.query<{ gone: number }>(SWEEP, [DAYS, atOnce, withNats])).rows[0]?.gone ?? -1;
  const sweptTo = async (): Promise<number> =>
    Number(
      (await client.query<{ position: string }>(`SELECT position FROM relay WHERE name = 'swept'`)).rows[0]?.position,
    );
  const kept = async (): Promise<number[]> =>
    (await client.query<{ p: number }>('SELECT last_position::int AS p FROM outbox_packed ORDER BY 1')).rows.map(
      ({ p }) => p,
    );
  /** Makes pools so that there are so many events, all with a position. */
  const events = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await api.make('/pools', {});
    await eventually('positions', async () => (await kept()).at(-1) === count);
  };
  const age = (from: number, to: number): Promise<unknown> =>
    client.query(
      `UPDATE outbox_packed SET created_at = now() - interval '8 days' WHERE last_position BETWEEN $1 AND $2`,
      [from, to],
    );

  it('removes what is old from the low end, a few at a time, and says up to where', async () => {
    await events(10);
    expect([await sweep(), await sweptTo()]).toEqual([0, 0]);
    await age(1, 5);
    await age(7, 8); // behind one that is to stay
    expect([await sweep(3), await sweptTo()]).toEqual([3, 3]);
    expect([await sweep(3), await sweptTo()]).toEqual([2, 5]);
    expect([await sweep(3), await kept()]).toEqual([0, [6, 7, 8, 9, 10]]);
  });

  it('leaves what NATS has not stored, also for a process that knows of no NATS', async () => {
    await age(6, 10);
    expect(await sweep(100, true)).toBe(0);
    await client.query(`UPDATE relay SET position = 7, epoch = 1 WHERE name = 'nats'`);
    expect([await sweep(100, false), await sweptTo()]).toEqual([2, 7]);
    await client.query(`UPDATE relay SET position = 10 WHERE name = 'nats'`);
    expect([await sweep(100, true), await sweptTo(), await kept()]).toEqual([3, 10, []]);
    expect((await api.get('/metrics')).text).toMatch(/^berth_outbox_events 0$/m);
  });

  it('leaves each gateway its generation', async () => {
    const { gateway } = await api.gateway();
    const path = `/gateways/${gateway}/desired-state`;
    for (let n = 0; n < 3; n++) {
      await api.make('/port-maps', { gateway, protocol: 'tcp', address: '10.30.0.7', targetPort: 22 + n });
    }
    await eventually('positions', async () => {
      const { rows } = await client.query('SELECT FROM outbox_packed WHERE last_position IS NULL');
      return rows.length === 0;
    });
    const { generation } = (await api.get(path)).body as { generation: number };
    await client.query(`UPDATE relay SET position = 1000 WHERE name = 'nats'`);
    await age(1, 1000);
    expect(await sweep()).toBeGreaterThan(3);
    await client.query(SWEEP_GENERATIONS);
    expect((await api.get(path)).body).toMatchObject({ generation });
    expect((await client.query('SELECT FROM outbox_desired')).rowCount).toBe(1);
  });
});
