import pg from 'pg';
import { codeOf } from '../home.js';
import type { ClusterState } from './cluster.js';

/**
 * Makes the API's role and database when they are missing. The role is an ordinary one: the extensions that Berth needs
 * are "trusted", so a database's owner may install them.
 */
export async function prepareDatabase({ port, adminPassword, password }: ClusterState): Promise<void> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: adminPassword,
    database: 'postgres',
  });
  client.on('error', () => undefined); // a connection cut later rejects the query in flight, which is enough
  try {
    await client.connect();
    const { rows } = await client.query<{ role: boolean; database: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'berth') AS role,
              EXISTS (SELECT FROM pg_database WHERE datname = 'berth') AS database`,
    );
    const secret = client.escapeLiteral(password);
    if (rows[0]?.role !== true) await client.query(`CREATE ROLE berth LOGIN PASSWORD ${secret}`);
    if (rows[0]?.database !== true) await client.query('CREATE DATABASE berth OWNER berth');
  } catch (error) {
    if (codeOf(error) === '28P01') {
      throw new Error(
        'The database does not take the password in postgres.json: restore the file that belongs to these data.',
        {
          cause: error,
        },
      );
    }
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A server that starts refuses connections, or takes them and says 57P03 (cannot_connect_now). */
export function isStarting(error: unknown): boolean {
  return ['ECONNREFUSED', 'ECONNRESET', '57P03', '57P01'].includes(codeOf(error));
}
