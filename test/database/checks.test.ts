import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';

const [POOL, SUBNET, GATEWAY] = ['a', 'b', 'c'].map((digit) => digit.repeat(24));
const id = (n: number): string => n.toString(16).padStart(24, '0');

const LEASE = `INSERT INTO lease (id, subnet_id, reservation_id, address) VALUES ($1, $2, $3, $4)`;
const MAP = `
  INSERT INTO port_map (id, owner, gateway_id, protocol, connection_port, address, target_port, rule_id, lease_id)
  VALUES ($1, 'ann', '${GATEWAY}', 'tcp', $2, '10.0.0.1', 22, 'r', $3)`;

/** Written straight to the tables: what the code never does, and the database must not take from it. */
describe('what the database checks by the statement', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let other: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    [client, other] = [new pg.Client(database.url), new pg.Client(database.url)];
    await Promise.all([client.connect(), other.connect()]);
    await client.query(`
      INSERT INTO pool (id, name) VALUES ('${POOL}', 'p');
      INSERT INTO space DEFAULT VALUES;
      INSERT INTO gateway (id, name, owner, external_address) VALUES ('${GATEWAY}', 'g', 'ann', '192.0.2.1');
      INSERT INTO gateway_ports (gateway_id, protocol, first, last, space_id)
      SELECT '${GATEWAY}', 'tcp', 1, 100, max(id) FROM space`);
  });
  afterAll(async () => {
    await Promise.all([client.end(), other.end()]);
    await database.drop();
  });

  // A subnet with two reservations, of one lease each.
  beforeEach(async () => {
    await client.query('DELETE FROM port_map');
    await client.query('DELETE FROM subnet');
    await client.query(`
      WITH made AS (INSERT INTO space DEFAULT VALUES RETURNING id)
      INSERT INTO subnet (id, pool_id, space_id, first, last)
      SELECT '${SUBNET}', '${POOL}', id, '10.0.0.0', '10.0.0.255' FROM made`);
    for (const n of [1, 2]) {
      await client.query(
        `INSERT INTO reservation (id, pool_id, subnet_id, owner) VALUES ($1, '${POOL}', '${SUBNET}', 'ann')`,
        [id(n)],
      );
      await client.query(LEASE, [id(n + 10), SUBNET, id(n), `10.0.0.${n}`]);
    }
  });

  const count = async (table: string): Promise<number> => {
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
    return rows[0]?.n ?? -1;
  };

  it.each([
    ['of a reservation that is not there', [id(20), SUBNET, id(3), '10.0.0.9'], 'lease_reservation'],
    ['of a subnet that is not there', [id(20), id(7), id(1), '10.0.0.9'], 'lease_within_subnet'],
    ['below its subnet', [id(20), SUBNET, id(1), '9.255.255.255'], 'lease_within_subnet'],
    ['above its subnet', [id(20), SUBNET, id(1), '10.0.1.0'], 'lease_within_subnet'],
    ['of the other family', [id(20), SUBNET, id(1), '::10.0.0.9'], 'lease_within_subnet'],
    ['of an address that is held', [id(20), SUBNET, id(1), '10.0.0.2'], 'lease_address'],
  ])('refuses a lease %s', async (_what, values, constraint) => {
    await expect(client.query(LEASE, values)).rejects.toMatchObject({ constraint });
  });

  it('looks at each lease of a statement, not only at the first', async () => {
    const many = `INSERT INTO lease (id, subnet_id, reservation_id, address)
                  SELECT l.id, '${SUBNET}', l.reservation, l.address
                  FROM unnest($1::text[], $2::text[], $3::inet[]) AS l (id, reservation, address)`;
    const ids = [id(20), id(21), id(22)];
    await expect(
      client.query(many, [ids, [id(1), id(1), id(2)], ['10.0.0.8', '10.0.1.8', '10.0.0.9']]),
    ).rejects.toThrow(/outside its subnet/);
    await expect(
      client.query(many, [ids, [id(1), id(1), id(3)], ['10.0.0.7', '10.0.0.8', '10.0.0.9']]),
    ).rejects.toThrow(/without its reservation/);
    expect(await count('lease')).toBe(2);
  });

  it('takes reservations and leases with their subnet, and a reservation from its component', async () => {
    await client.query(
      `INSERT INTO component (id, owner, kind, name, gateway_id, reservation_id, request)
       VALUES ($1, 'ann', 'vm', 'web', '${GATEWAY}', $2, '')`,
      [id(30), id(1)],
    );
    await client.query('DELETE FROM subnet');
    expect([await count('reservation'), await count('lease')]).toEqual([0, 0]);
    const { rows } = await client.query('SELECT reservation_id FROM component');
    expect(rows).toEqual([{ reservation_id: null }]);
    await expect(client.query('UPDATE component SET reservation_id = $1', [id(1)])).rejects.toMatchObject({
      code: '23503',
      constraint: 'component_reservation_id_fkey',
    });
  });

  it('keeps a lease to which a map points, whatever takes it away', async () => {
    await client.query(MAP, [id(40), 1, id(11)]);
    for (const sql of ['DELETE FROM lease', 'DELETE FROM reservation', 'DELETE FROM subnet', 'DELETE FROM pool']) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: '23503', constraint: 'port_map_lease' });
    }
    await client.query('UPDATE port_map SET lease_id = NULL');
    await client.query('DELETE FROM lease');
    for (const [sql, values] of [
      [MAP, [id(41), 2, id(11)]],
      ['UPDATE port_map SET lease_id = $1', [id(12)]],
    ] as const) {
      await expect(client.query(sql, [...values])).rejects.toMatchObject({
        code: '23503',
        constraint: 'port_map_lease',
      });
    }
  });

  const waits = (pid: number): Promise<boolean> =>
    eventually('a wait for a lock', async () => {
      const { rows } = await client.query('SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = $2', [
        pid,
        'Lock',
      ]);
      return rows.length === 1;
    });
  const pidOf = async (session: pg.Client): Promise<number> =>
    (await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;

  it('lets neither overlook the other when a map comes to a lease that goes', async () => {
    const pid = await pidOf(other);
    await client.query('BEGIN');
    await client.query(MAP, [id(40), 1, id(11)]);
    const gone = expect(other.query('DELETE FROM reservation WHERE id = $1', [id(1)])).rejects.toMatchObject({
      constraint: 'port_map_lease',
    });
    await waits(pid);
    await client.query('COMMIT');
    await gone;

    await client.query('BEGIN');
    await client.query('DELETE FROM reservation WHERE id = $1', [id(2)]);
    const late = expect(other.query(MAP, [id(41), 2, id(12)])).rejects.toMatchObject({ constraint: 'port_map_lease' });
    await waits(pid);
    await client.query('COMMIT');
    await late;
  });
});
