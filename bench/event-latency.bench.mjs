import { Agent, request } from 'node:http';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { warmUp } from './claims.mjs';
import { withNats } from './nats.mjs';
import { round, withBerth } from './support.mjs';

const PER_SECOND = 500;
const SECONDS = Number(process.env.BENCH_EVENT_SECONDS ?? 10);
const POOLS = 100;

const at = (values, share) => values.sort((a, b) => a - b)[Math.floor(values.length * share)];
const since = (start) => Number(process.hrtime.bigint() - start) / 1e6;

/**
 * From the commit of a change (its answer is in the client's hands) to its event at a subscriber of NATS, while 500 changes
 * a second are made; and beside it, on the same server at the same time, an empty message from one connection to another,
 * and a commit of one row.
 */
export default () =>
  withNats(async (nats) => {
    await nats.start();
    return withBerth(async (berth) => measure(nats.url, berth), { env: { NATS_URL: nats.url } });
  });

async function measure(natsUrl, { call, url, headers, databaseUrl }) {
  await warmUp({ call, url, headers }, 5);
  const pools = [];
  for (let n = 0; n < POOLS; n++) pools.push((await call('POST', '/pools', {})).id);

  const [told, here] = [new Map(), await connect({ servers: natsUrl })];
  here.subscribe('ipam.pool.updated', {
    callback: (_, message) => {
      const { data } = message.json();
      told.set(`${data.id} ${data.version}`, process.hrtime.bigint());
    },
  });
  const there = await connect({ servers: natsUrl });
  const roundTrips = [];
  const back = { arrived: () => undefined };
  here.subscribe('bench.empty', { callback: () => back.arrived() });
  await here.flush();
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  await database.query('CREATE TABLE IF NOT EXISTS bench_commit (n int)');
  await database.query('INSERT INTO bench_commit VALUES (0)');
  const commits = [];

  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const answered = new Map();
  const change = (n) =>
    new Promise((resolve, reject) => {
      const path = `${url}/pools/${pools[n % POOLS]}`;
      const asked = request(path, { agent, method: 'PATCH', headers }, (response) => {
        const now = process.hrtime.bigint();
        let text = '';
        response.setEncoding('utf8').on('data', (part) => (text += part));
        response.on('end', () => {
          if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}: ${text}`));
          const { id, version } = JSON.parse(text);
          answered.set(`${id} ${version}`, now);
          resolve();
        });
      });
      asked.on('error', reject).end(JSON.stringify({ name: `n ${n}` }));
    });

  const [begin, changes] = [process.hrtime.bigint(), []];
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min((since(begin) / 1000) * PER_SECOND, SECONDS * PER_SECOND);
      while (changes.length < due) changes.push(change(changes.length));
      if (changes.length < SECONDS * PER_SECOND) return;
      clearInterval(timer);
      resolve();
    }, 1);
    const beside = async () => {
      while (since(begin) < SECONDS * 1000) {
        let start = process.hrtime.bigint();
        await new Promise((arrived) => {
          back.arrived = arrived;
          there.publish('bench.empty');
        });
        roundTrips.push(since(start));
        if (roundTrips.length % 5 === 0) {
          start = process.hrtime.bigint();
          await database.query('UPDATE bench_commit SET n = n + 1');
          commits.push(since(start));
        }
        await new Promise((resume) => setTimeout(resume, 5));
      }
    };
    void beside();
  });
  await Promise.all(changes);
  for (let waited = 0; told.size < answered.size && waited < 10_000; waited += 50) {
    await new Promise((resume) => setTimeout(resume, 50));
  }
  await Promise.all([here.close(), there.close(), database.end()]);
  agent.destroy();
  const latencies = [...answered].map(([key, answer]) => Number(told.get(key) - answer) / 1e6);
  const [p99, roundTrip, commit] = [latencies, roundTrips, commits].map((list) => at(list, 0.99));
  const budget = 5 * roundTrip + commit;
  return {
    value: round(p99 / budget, 2),
    unit: 'x budget (5 round trips and a commit, each at its p99)',
    goal: '<= 1',
    ok: p99 <= budget,
    p99Ms: round(p99, 2),
    p50Ms: round(at(latencies, 0.5), 2),
    roundTripMs: round(roundTrip, 2),
    roundTripP50Ms: round(at(roundTrips, 0.5), 2),
    commitMs: round(commit, 2),
    commitP50Ms: round(at(commits, 0.5), 2),
    changes: latencies.length,
  };
}
