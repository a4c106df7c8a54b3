import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';

/** Found by test/model: the end was told with a version that was not the last, and before the last change. */
describe('a subnet or pool that is deleted while what is below it changes', () => {
  let api: Api;
  let other: pg.Client;
  beforeAll(async () => {
    api = await Api.start();
    other = new pg.Client(api.database);
    await other.connect();
  });
  afterAll(async () => {
    await other.end();
    await api.close();
  });

  it.each(['subnet', 'pool'] as const)('tells the end of a %s after the change', async (noun) => {
    const made = await api.subnet('10.0.0.1', '10.0.0.9');
    const { id, leases } = await api.make(`/subnets/${made.subnet}/reservations`, {});
    await other.query('BEGIN');
    await other.query('UPDATE reservation SET version = 2 WHERE id = $1', [id]);
    await other.query('UPDATE lease SET version = 3 WHERE id = $1', [leases[0].id]);
    const deleted = api.delete(`/${noun}s/${made[noun]}`);
    const waiting = 'SELECT 1 FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0';
    await eventually('the wait for the change', async () => (await api.sql(waiting)).length > 0);
    await other.query('COMMIT');
    expect((await deleted).status).toBe(204);
    const ends = `SELECT (data->>'version')::int AS version FROM outbox
                  WHERE type LIKE '%.deleted' AND subject = ANY($1) ORDER BY type`;
    const told = await api.sql(ends, [[`reservations/${id}`, `leases/${leases[0].id}`]]);
    expect(told.map(({ version }) => version)).toEqual([3, 2]);
  });
});
