// Asks Berth's API over NATS: NATS_URL=... BERTH_TOKEN=... node requester.js reservation.create '{"pool":"<id>"}'
import { randomUUID } from 'node:crypto';
import { connect, headers } from '@nats-io/transport-node';

const [operation = 'pool.list', input = '{}'] = process.argv.slice(2);
const nats = await connect({ servers: process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222' });
const sent = headers();
sent.set('Authorization', `Bearer ${process.env['BERTH_TOKEN'] ?? ''}`);
sent.set('Idempotency-Key', randomUUID()); // the same again after a timeout: done once
const answer = await nats.request(`berth.api.${operation}`, input, { headers: sent, timeout: 5_000 });
const status = Number(answer.headers?.get('Berth-Status'));
if (status < 400) {
  console.log(answer.string());
} else {
  const { code, detail } = answer.json<{ code: string; detail: string }>();
  console.error(`${status} ${code}: ${detail}`);
  process.exitCode = 1;
}
await nats.close();
