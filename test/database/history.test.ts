import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ADDRESS_AT, ADDRESS_PAGE, PORT_AT, PORT_PAGE } from '../../src/control-plane/history/history.queries.js';
import { RECORD_LEASES } from '../../src/control-plane/history/record.queries.js';
import { FORGET } from '../../src/control-plane/history/sweep.queries.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: Plan[];
}

/** Segments of each of two spaces for each of 100 addresses; a hundred more of one address and one port. */
const FILL = `
  INSERT INTO address_history
  SELECT inet '10.0.0.0' + a, s, t, t + interval '30 minutes', 'pool-id-of-24-characters', 'subnet-id-of-24-characte',
         'lease-id-of-24-character', 'reservation-id-of-24-cha', 'ann', '', '{}', 'null', '', '{}', 'null', true, 'root', NULL
  FROM generate_series(0, 99) a, generate_series(1, 2) s,
       generate_series(timestamptz '2026-01-01', '2026-01-03', '1 hour') t;
  INSERT INTO port_history
  SELECT '192.0.2.1', 'tcp', 50000 + p, 7, t, t + interval '30 minutes', 'gateway-id-of-24-charact', 'portmap-id-of-24-charact',
         NULL, 'ann', '10.0.0.1', 22, '', '{}', 'null', true, 'root', NULL
  FROM generate_series(0, 199) p, generate_series(timestamptz '2026-01-01', '2026-01-03', '1 hour') t;
  ANALYZE`;

describe('what reading and writing the past costs', () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client(database.url);
    await client.connect();
    await client.query(FILL);
    // as a statement is planned that was prepared long ago
    await client.query('SET plan_cache_mode = force_generic_plan');
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  let statements = 0;
  async function planOf(sql: string, values: readonly string[]): Promise<Plan> {
    const name = `s${++statements}`;
    await client.query(`PREPARE ${name} AS ${sql}`);
    const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE ${name} (${values.join(', ')})`,
    );
    const plan = rows[0]?.['QUERY PLAN'][0]?.Plan;
    if (plan === undefined) throw new Error('no plan');
    return plan;
  }
  const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];
  const NEWEST = [`'-infinity'`, `'infinity'`, `'infinity'`, '9223372036854775807', '11'];

  it.each([
    ['who held an address at a time', ADDRESS_AT, [`'2026-01-02 12:10Z'`, 'NULL', 'NULL', `'10.0.0.7'`], 20],
    ['a page of an address', ADDRESS_PAGE, [...NEWEST, 'NULL', 'NULL', `'10.0.0.7'`], 60],
    ['who had a port at a time', PORT_AT, [`'2026-01-02 12:10Z'`, 'NULL', 'NULL', `'192.0.2.1'`, `'tcp'`, '50007'], 20],
    ['a page of a port', PORT_PAGE, [...NEWEST, 'NULL', 'NULL', `'192.0.2.1'`, `'tcp'`, '50007'], 60],
    ['the end of a lease', RECORD_LEASES, [`'{x}'`, `'{root}'`, `'{NULL}'`], 20],
    ['what is too old, when nothing is', FORGET.addresses, ['10000', '100'], 20],
  ])('%s: by indexes, a few pages', async (_what, sql, values, most) => {
    const plan = await planOf(sql, values);
    const scans = nodes(plan).filter((node) => /^(address|port)_history$/.test(node['Relation Name'] ?? ''));
    expect(scans.length).toBeGreaterThan(0);
    expect(scans.filter((node) => /Seq/.test(node['Node Type']))).toEqual([]);
    expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(most);
  });

  it('finds them', async () => {
    const at = await client.query(ADDRESS_AT, ['2026-01-02 12:10Z', null, null, '10.0.0.7']);
    expect(at.rows.map((row: { since: Date; space_id: string }) => [row.since.toISOString(), row.space_id])).toEqual([
      ['2026-01-02T12:00:00.000Z', '2'],
      ['2026-01-02T12:00:00.000Z', '1'],
    ]);
    expect((await client.query(ADDRESS_AT, ['2026-01-02 12:30Z', null, null, '10.0.0.7'])).rows).toEqual([]);
  });
});
