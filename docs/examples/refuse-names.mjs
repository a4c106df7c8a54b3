// A pre-commit hook: refuses names that do not fit a pattern. Berth: HOOKS='*.create,*.update'
// NATS_URL=nats://127.0.0.1:4222 NAMES='^[a-z][a-z0-9-]*$' node refuse-names.mjs
import { connect } from '@nats-io/transport-node';

const pattern = new RegExp(process.env.NAMES ?? '^[a-z][a-z0-9-]*$');
const nats = await connect({ servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222', maxReconnectAttempts: -1 });
// Of several copies with this queue, one answers.
const questions = nats.subscribe('ipam.hooks.>', { queue: 'refuse-names' });
console.log('ready');
for await (const question of questions) {
  const { operation, actor, input } = question.json().data;
  const good = input.name === undefined || input.name === null || input.name === '' || pattern.test(input.name);
  const reason = `${JSON.stringify(input.name)} is no name here: ${pattern} is what ${operation} takes.`;
  if (!good) console.log(`refused ${operation} of ${actor.name}`);
  question.respond(JSON.stringify(good ? { allow: true } : { allow: false, reason }));
}
