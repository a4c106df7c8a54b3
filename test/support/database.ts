import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  /** Cuts every connection and removes the database. */
  drop(): Promise<void>;
}

/** PostgreSQL's "object in use": somebody else is copying the template this moment. */
const TEMPLATE_IN_USE = '55006';
const PATIENCE_MS = 30_000;

/** A new database with all migrations applied, of this test's own: a copy of the template, made in 50 ms or so. */
export const createTestDatabase = (): Promise<TestDatabase> => createDatabase(process.env['TEST_PG_TEMPLATE']);

/** As createTestDatabase, with nothing in it: for tests of the migrations themselves. */
export const createEmptyDatabase = (): Promise<TestDatabase> => createDatabase('template0');

async function createDatabase(template: string | undefined): Promise<TestDatabase> {
  const server = process.env['TEST_PG_URL'];
  if (server === undefined || template === undefined) {
    throw new Error('This test needs a database: run it without BERTH_TEST_NO_DATABASE, after npm run build.');
  }
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(server, (client) => copy(client, name, template));
  return {
    url: `${server}/${name}`,
    drop: () =>
      onServer(server, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

async function copy(client: pg.Client, name: string, template: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== TEMPLATE_IN_USE || Date.now() > deadline) throw error;
    }
    await sleep(20 + Math.random() * 50);
  }
}

async function onServer(server: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(`${server}/postgres`);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
