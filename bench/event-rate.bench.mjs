import { readFileSync } from 'node:fs';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { withNats } from './nats.mjs';
import { round, withBerth } from './support.mjs';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 1_000_000);
/** Of a row of the outbox: a reservation and its lease. */
const EVENTS_A_ROW = 2;
const IN_FLIGHT = 512;
/** MB that the process may have beyond what it has at rest. */
const MOST_MB = 250;

const rssOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A backlog of that many events, in rows as reservations write them, each event about 500 bytes. */
async function fill(database) {
  const record = (type, data) =>
    `E'\\x1e{"id":"' || gen_random_uuid() || '","type":"ipam.${type}","subject":"${type}s/' || n || '"}' || E'\\x1f' || '${data}'`;
  const data = JSON.stringify({ name: 'x'.repeat(200), tags: ['a', 'b'], version: 1 });
  await database.query(
    `INSERT INTO outbox_packed (events, body)
     SELECT ${EVENTS_A_ROW}, ${record('reservation.created', data)} || ${record('lease.created', data)}
     FROM generate_series(1, ${EVENTS / EVENTS_A_ROW}) AS n`,
  );
}

/** A bare publisher of JetStream: as many messages awaiting their acknowledgement, of that size, each with an id. */
async function bare(natsUrl, bytes, count) {
  const connection = await connect({ servers: natsUrl });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'BARE', subjects: ['bare.>'] });
  const [client, body] = [jetstream(connection), Buffer.alloc(bytes, 'x')];
  const begin = process.hrtime.bigint();
  let n = 0;
  const worker = async () => {
    while (n < count) await client.publish('bare.lease.created', body, { msgID: `bare-${n++}` });
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const rate = count / (Number(process.hrtime.bigint() - begin) / 1e9);
  await manager.streams.delete('BARE');
  await connection.close();
  return rate;
}

/** How fast the relay drains a backlog, against a bare publisher just after it; and the most memory it takes meanwhile. */
export default () =>
  withNats((nats) =>
    withBerth(
      async ({ databaseUrl, apiPid }) => {
        const database = new pg.Client({ connectionString: databaseUrl });
        await database.connect();
        await fill(database);
        const left = async () =>
          (await database.query('SELECT FROM outbox_packed WHERE last_position IS NULL LIMIT 1')).rowCount;
        while ((await left()) > 0) await pause(200);
        await database.query('VACUUM ANALYZE outbox_packed');
        const restMb = rssOf(apiPid);
        await nats.start();
        const connection = await connect({ servers: nats.url });
        const manager = await jetstreamManager(connection);
        const stored = async () => (await manager.streams.info('BERTH').catch(() => undefined))?.state;
        let [peakMb, state] = [0, undefined];
        while ((state?.messages ?? 0) === 0) state = (await pause(5), await stored());
        const [begin, first] = [process.hrtime.bigint(), state.messages];
        while (state.messages < EVENTS) {
          await pause(100);
          state = await stored();
          peakMb = Math.max(peakMb, rssOf(apiPid));
        }
        const rate = (EVENTS - first) / (Number(process.hrtime.bigint() - begin) / 1e9);
        const bytes = Math.round(state.bytes / state.messages);
        const yard = await bare(nats.url, bytes, Math.min(EVENTS, 200_000));
        await Promise.all([connection.close(), database.end()]);
        const value = round(rate / yard, 2);
        return {
          value,
          unit: 'x bare publisher',
          goal: `>= 0.5, at most ${MOST_MB} MB more than at rest`,
          ok: value >= 0.5 && peakMb - restMb <= MOST_MB,
          perSecond: Math.round(rate),
          yardstick: Math.round(yard),
          restMb: Math.round(restMb),
          peakMb: Math.round(peakMb),
          events: EVENTS,
          messageBytes: bytes,
        };
      },
      { env: { NATS_URL: nats.url, LOG_LEVEL: 'error' } },
    ),
  );
