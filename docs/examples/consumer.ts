// Follows the leases that Berth gives out, from where it stopped the last time: NATS_URL=nats://... node consumer.js
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

interface LeaseEvent {
  type: string;
  actor?: string;
  data: { address: string };
}

const nats = await connect({ servers: process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222' });
const manager = await jetstreamManager(nats);
const terms = { durable_name: 'example', filter_subject: 'ipam.lease.>', ack_policy: AckPolicy.Explicit };
await manager.consumers.add('BERTH', terms);
const consumer = await jetstream(nats).consumers.get('BERTH', 'example');
for await (const message of await consumer.consume()) {
  const { type, actor, data } = message.json<LeaseEvent>();
  console.log(`${type} ${data.address} by ${actor ?? 'time'}`);
  message.ack(); // now it is not sent again
}
