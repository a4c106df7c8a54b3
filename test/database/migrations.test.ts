import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';

interface Compiled {
  dataSourceOptions: (url: string, poolSize?: number) => ConstructorParameters<typeof DataSource>[0];
  MIGRATIONS: (new () => { name: string })[];
}
// not a literal: dist/ is there when tests run, and not when they are checked
const DATA_SOURCE = ['../../dist/src', 'platform/database/data-source.js'].join('/');
const compiled = (await import(DATA_SOURCE)) as Compiled;

const POOL = '6b024480686c824ea09e15b6';
const GATEWAY = '6b024480686c824ea09e15b7';
const append = (id: number, desiredBy: string | null): [string, unknown[]] => [
  `INSERT INTO outbox (id, type, subject, owner, desired_by, data) VALUES ($1, 'ipam.pool.updated', $2, 'o"1', $3, $4)`,
  [`00000000-0000-4000-8000-00000000000${id}`, `pools/${POOL}`, desiredBy, `{"n":${id},\n "big":12345678901234567890}`],
];

describe('an outbox of the version before', () => {
  let client: pg.Client;
  let database: TestDatabase;

  const migrate = async (until?: string): Promise<void> => {
    const names = compiled.MIGRATIONS.map((migration) => migration.name);
    const migrations = compiled.MIGRATIONS.slice(
      0,
      until === undefined ? undefined : names.findIndex((name) => name.startsWith(until)),
    );
    const source = await new DataSource({ ...compiled.dataSourceOptions(database.url, 1), migrations }).initialize();
    await source.runMigrations();
    await source.destroy();
  };
  const rows = async (sql: string): Promise<unknown[]> => (await client.query(sql)).rows as unknown[];

  beforeAll(async () => {
    database = await createEmptyDatabase();
    client = new pg.Client(database.url);
    await client.connect();
    await migrate('BatchOutbox');
    for (const id of [1, 2, 3]) await client.query(...append(id, id === 3 ? null : GATEWAY));
    await client.query('UPDATE outbox SET position = 1 WHERE seq = 1');
    await client.query(`UPDATE relay SET position = 1 WHERE name = 'sequencer'`);
    await migrate();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('keeps its events, their order, their positions and what they are for', async () => {
    expect(await rows('SELECT id, position::int, owner, data::text FROM outbox ORDER BY seq')).toEqual([
      { ...row(1), position: 1 },
      { ...row(2), position: null },
      { ...row(3), position: null },
    ]);
    expect(await rows('SELECT desired_by, position::int FROM outbox_desired ORDER BY batch_id')).toEqual([
      { desired_by: GATEWAY, position: 1 },
      { desired_by: GATEWAY, position: null },
    ]);
  });

  it('still takes what processes of that version write, and leaves nothing for their sequencer to do', async () => {
    await client.query(...append(4, GATEWAY));
    expect(await rows('SELECT id, position::int, owner, data::text FROM outbox ORDER BY seq DESC LIMIT 1')).toEqual([
      { ...row(4), position: null },
    ]);
    expect(await rows('SELECT count(*)::int AS n FROM outbox_desired WHERE position IS NULL')).toEqual([{ n: 2 }]);
    const given = `UPDATE outbox o SET position = 2 FROM (SELECT seq FROM outbox WHERE position IS NULL) AS n
                   WHERE o.seq = n.seq RETURNING o.position`;
    expect(await rows(given)).toEqual([]);
  });

  const row = (n: number): object => ({
    id: `00000000-0000-4000-8000-00000000000${n}`,
    owner: 'o"1',
    data: `{"n":${n},\n "big":12345678901234567890}`,
  });
});
