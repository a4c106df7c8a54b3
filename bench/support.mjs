import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fork } from 'node:child_process';
import pg from 'pg';
import { startCluster } from '../dist/src/up/postgres/cluster.js';
import { Home } from '../dist/src/up/home.js';

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
export const round = (value, digits = 3) => Number(value.toFixed(digits));

const SECRET = 'a-secret-for-benchmarks-only-0123456789';

function token() {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'bench', role: 'admin', exp: Math.floor(Date.now() / 1000) + 86_400 })}`;
  return `${head}.${createHmac('sha256', SECRET).update(head).digest('base64url')}`;
}

export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Real PostgreSQL (fsync on) and a real API process, for one benchmark; `env` and `execArgv` are for that process. */
export function withBerth(work, options) {
  return withDatabase((databaseUrl) => withApi(databaseUrl, work, options));
}

/** Real PostgreSQL (fsync on), nothing in it yet. */
export async function withDatabase(work) {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const cluster = await startCluster(Home.open(directory), { durable: true, connections: 100 });
  try {
    return await work(cluster.url);
  } finally {
    await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A real API process on a database, which it migrates. */
export async function withApi(databaseUrl, work, { env = {}, execArgv = [] } = {}) {
  const port = await freePort();
  const api = fork(new URL('../dist/src/main.js', import.meta.url), ['serve', '--migrate'], {
    execArgv: [...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? []), ...execArgv],
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      PORT: String(port),
      HOST: '127.0.0.1',
      AUTH: 'jwt',
      AUTH_SECRET: SECRET,
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    await new Promise((resolve, reject) => {
      api.once('message', (message) => (message.berth === 'ready' ? resolve() : reject(new Error(message.reason))));
      api.once('exit', (code) => reject(new Error(`the API ended with ${code}`)));
    });
    const url = `http://127.0.0.1:${port}`;
    const headers = {
      authorization: `Bearer ${token()}`,
      'content-type': 'application/json',
      accept: 'application/json',
    };
    const call = async (method, path, body) => {
      const response = await fetch(url + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    };
    return await work({ call, url, headers, databaseUrl, apiPid: api.pid });
  } finally {
    api.kill('SIGTERM');
    await new Promise((resolve) =>
      api.exitCode !== null || api.signalCode !== null ? resolve() : api.once('exit', resolve),
    );
  }
}

/** Milliseconds that a piece of work takes. */
export async function timed(work) {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** The yardstick of notes: one row per free address, taken by one statement a transaction, at its best concurrency. */
export async function yardstick(databaseUrl, milliseconds = 2_000) {
  const admin = new pg.Client({ connectionString: databaseUrl });
  await admin.connect();
  let best = 0;
  for (const clients of [1, 4, 8, 16, 32]) {
    await admin.query(`DROP TABLE IF EXISTS yard_free, yard_lease`);
    await admin.query(`CREATE TABLE yard_free (addr bigint PRIMARY KEY)`);
    await admin.query(
      `CREATE TABLE yard_lease (addr bigint PRIMARY KEY, created timestamptz DEFAULT now(), meta jsonb DEFAULT '{}')`,
    );
    await admin.query(`INSERT INTO yard_free SELECT generate_series(1, 1000000)`);
    await admin.query(`VACUUM ANALYZE yard_free`);
    const connections = await Promise.all(
      Array.from({ length: clients }, async () => {
        const client = new pg.Client({ connectionString: databaseUrl });
        await client.connect();
        return client;
      }),
    );
    const end = Date.now() + milliseconds;
    let done = 0;
    await Promise.all(
      connections.map(async (client) => {
        while (Date.now() < end) {
          await client.query({
            name: 'take',
            text: `WITH p AS (DELETE FROM yard_free WHERE addr = (SELECT addr FROM yard_free ORDER BY addr LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING addr)
                   INSERT INTO yard_lease (addr) SELECT addr FROM p RETURNING addr`,
          });
          done++;
        }
      }),
    );
    best = Math.max(best, (done / milliseconds) * 1000);
    await Promise.all(connections.map((client) => client.end()));
  }
  await admin.query(`DROP TABLE yard_free, yard_lease`);
  await admin.end();
  return best;
}
