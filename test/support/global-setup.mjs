import { fileURLToPath, URL } from 'node:url';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import globalTeardown from './global-teardown.mjs';

const DIST = new URL('../../dist/', import.meta.url);

/**
 * One PostgreSQL for the whole run, and in it a template database with all migrations applied, which `createTestDatabase`
 * copies. TEST_PG_URL (a superuser's URL without a database) names another server to use; BERTH_TEST_NO_DATABASE=1 is for
 * tests that need none.
 */
export default async function globalSetup() {
  globalThis.__BERTH_UNDO__ = [];
  if (process.env.BERTH_TEST_NO_DATABASE === '1') return;
  if (!existsSync(new URL('src/main.js', DIST))) {
    throw new Error('The tests run the compiled migrations: npm run build first.');
  }
  try {
    process.env.TEST_PG_URL ||= await startServer();
    process.env.TEST_PG_TEMPLATE = await makeTemplate(process.env.TEST_PG_URL);
  } catch (error) {
    await globalTeardown(); // jest does not, after a setup that failed
    throw error;
  }
}

const compiled = (path) => import(new URL(path, DIST).href);
const later = (undo) => globalThis.__BERTH_UNDO__.push(undo);

async function startServer() {
  const { Home } = await compiled('src/up/home.js');
  const { startCluster } = await compiled('src/up/postgres/cluster.js');
  const folder = await mkdtemp(join(tmpdir(), 'berth-pg-'));
  await chmod(folder, 0o755); // as root the server runs as another user, who must be able to enter
  const cluster = await startCluster(Home.open(folder), { durable: false, connections: 300 });
  const watchdog = await startWatchdog(cluster.pid, folder);
  later(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
    watchdog.disconnect();
  });
  return cluster.adminUrl;
}

async function startWatchdog(pid, folder) {
  const program = fileURLToPath(new URL('watchdog.mjs', import.meta.url));
  const watchdog = fork(program, [String(pid), folder], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  await once(watchdog, 'message');
  watchdog.unref();
  watchdog.channel.unref();
  return watchdog;
}

async function makeTemplate(server) {
  const template = `template_berth_${process.pid}`;
  const admin = new pg.Client(`${server}/postgres`);
  await admin.connect();
  later(() => admin.end());
  await admin.query(`CREATE DATABASE ${template}`);
  later(() => admin.query(`DROP DATABASE ${template} WITH (FORCE)`));
  const { DataSource } = await import('typeorm');
  const { dataSourceOptions } = await compiled('src/platform/database/data-source.js');
  const source = await new DataSource(dataSourceOptions(`${server}/${template}`, 1)).initialize();
  await source.runMigrations();
  await source.destroy();
  return template;
}
