import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { NatsTarget } from '../../src/gateway/flow-log/nats-target.js';
import type { Message } from '../../src/gateway/flow-log/target.js';
import { NatsServer } from '../http/nats-server.js';

describe('the flow log on NATS', () => {
  let nats: NatsServer;
  let target: NatsTarget;
  beforeAll(async () => {
    nats = await NatsServer.prepare();
    await nats.start();
    target = new NatsTarget(nats.url, 'BERTH_FLOWS', 'flows.lab');
  });
  afterAll(async () => {
    await target.close();
    await nats.kill();
  });

  const messages = (first: number, count: number): Message[] =>
    Array.from({ length: count }, (_, index) => ({
      id: `life-${first + index}`,
      time: '2030-01-01T00:00:00.000Z',
      body: JSON.stringify({ id: `life-${first + index}` }),
    }));

  it('is a stream of its own, in which a record that is sent again is there once', async () => {
    await target.send(messages(0, 1_200));
    await target.send(messages(1_000, 300));
    const connection = await connect({ servers: nats.url.replace('nats://', '') });
    const manager = await jetstreamManager(connection);
    const { state, config } = await manager.streams.info('BERTH_FLOWS');
    expect([state.messages, config.subjects]).toEqual([1_300, ['flows.>']]);
    const first = await jetstream(connection)
      .streams.get('BERTH_FLOWS')
      .then((stream) => stream.getMessage({ seq: 1 }));
    expect([first?.subject, first?.string()]).toEqual(['flows.lab', '{"id":"life-0"}']);
    await connection.close();
  });

  it('says that it is away, and goes on when it is back', async () => {
    await nats.kill();
    await expect(target.send(messages(2_000, 10))).rejects.toThrow();
    await nats.start();
    await target.send(messages(2_000, 10));
    const connection = await connect({ servers: nats.url.replace('nats://', '') });
    const { state } = await (await jetstreamManager(connection)).streams.info('BERTH_FLOWS');
    expect(state.messages).toBe(1_310);
    await connection.close();
  });
});
