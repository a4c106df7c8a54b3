import type { Config } from '../platform/config/config.js';
import { isUnavailable } from '../platform/database/database-error.js';
import { MIGRATIONS, migrationDataSource } from '../platform/database/data-source.js';

/** Any number; it names Berth's migrations among the advisory locks of the database. */
const MIGRATION_LOCK = 7_236_401;

/**
 * Brings the database to this version. Processes that start together take turns (advisory lock of a session); a
 * database that is ahead of this version is refused, since this version does not know what has changed.
 */
export async function migrate(config: Config): Promise<{ applied: string[] }> {
  const source = migrationDataSource(config.database.url);
  try {
    await source.initialize();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    const { host } = new URL(config.database.url);
    throw new Error(`PostgreSQL at ${host} does not answer. Check DATABASE_URL, and that the server runs.`, {
      cause: error,
    });
  }
  const lock = source.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const newer = (await appliedNames(lock)).filter((name) => !MIGRATIONS.some((migration) => migration.name === name));
    if (newer.length > 0) {
      throw new Error(
        `This database belongs to a newer version of Berth (it has ${newer.join(', ')}). Start that version, or another database.`,
      );
    }
    const applied = await source.runMigrations();
    return { applied: applied.map((migration) => migration.name) };
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
    await source.destroy();
  }
}

async function appliedNames(runner: { query(sql: string): Promise<unknown> }): Promise<string[]> {
  const [found] = (await runner.query(`SELECT to_regclass('migrations') IS NOT NULL AS there`)) as { there: boolean }[];
  if (found?.there !== true) return [];
  const rows = (await runner.query('SELECT name FROM migrations ORDER BY id')) as { name: string }[];
  return rows.map(({ name }) => name);
}
