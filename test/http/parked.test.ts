import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { NatsServer } from './nats-server.js';

describe('a stream of the site, with limits and subjects of its own', () => {
  let nats: NatsServer;
  let api: Api;

  beforeAll(async () => {
    nats = await NatsServer.prepare();
    await nats.start();
    await withManager((manager) =>
      manager.streams.add({ name: 'SITE', subjects: ['orders.>'], max_msg_size: 4_000, max_age: 3_600e9 }),
    );
    const env = { NATS_STREAM: 'SITE', NATS_SUBJECT_PREFIX: 'site.ipam', NATS_STREAM_MAX_BYTES: '64MiB' };
    api = await Api.start({ env: { NATS_URL: nats.url, ...env } });
  });
  afterAll(async () => {
    await api.close();
    await nats.remove();
  });

  async function withManager<T>(
    work: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>,
  ): Promise<T> {
    const connection = await connect({ servers: nats.url });
    return work(await jetstreamManager(connection)).finally(() => connection.close());
  }
  const versions = async (): Promise<(number | undefined)[]> =>
    (await nats.messages('SITE'))
      .filter(({ subject }) => subject.startsWith('site.'))
      .map(({ event }) => event.data.version);

  it('parks the event it does not take, goes on with the others, and tells of it', async () => {
    const { id } = await api.make('/pools', { name: 'small' });
    await api.patch(`/pools/${id}`, { metadata: { text: 'x'.repeat(5_000) } });
    await api.make('/pools', { name: 'next' });
    await eventually('the others', async () => (await nats.count('SITE')) === 2);
    expect(await versions()).toEqual([1, 1]);

    const page = await api.get('/events/parked');
    const { events } = (await api.get('/events?limit=3')).body as { events: { id: string }[] };
    expect([page.status, page.body]).toEqual([
      200,
      {
        events: [
          {
            ...{ id: events[1]?.id, position: 2, type: 'ipam.pool.updated', subject: `pools/${id}` },
            ...{ bytes: expect.any(Number), reason: expect.stringMatching(/bytes are more than/) },
            parkedAt: expect.any(String),
          },
        ],
        last: 2,
      },
    ]);
    expect((await api.get('/events/parked?after=2')).body).toEqual({ events: [], last: 2 });
    const metrics = (await api.get('/metrics')).text;
    expect(metrics).toContain('berth_outbox_parked 1\n');
    expect(metrics).toContain('berth_events_published_total{outcome="parked"} 1\n');
    expect(metrics).toContain('berth_events_published_total{outcome="stored"} 2\n');
    expect(metrics).toMatch(/^berth_publisher_epoch 1$/m);
  });

  it('got subjects and limits added, and kept its own', async () => {
    const { config } = await withManager((manager) => manager.streams.info('SITE'));
    expect(config.subjects).toEqual(expect.arrayContaining(['orders.>', 'site.ipam.pool.>', 'site.ipam.lease.>']));
    expect([config.max_age, config.max_bytes]).toEqual([3_600e9, 64 * 1024 * 1024]);
  });

  it('goes on behind what others write to it, and sends again what it lost', async () => {
    const { id } = await api.make('/pools', { name: 'other' });
    await eventually('its event', async () => (await nats.count('SITE')) === 3);
    const connection = await connect({ servers: nats.url });
    await connection.request('orders.new', '{}');
    await api.patch(`/pools/${id}`, { name: 'again' });
    await eventually('the next event', async () => (await nats.count('SITE')) === 5);
    expect(await versions()).toEqual([1, 1, 1, 2]);
    await connection.close();

    // as after a power cut: the server acknowledged an event, and has it no more
    await nats.kill();
    await nats.keepStore();
    await nats.start();
    await api.patch(`/pools/${id}`, { name: 'third' });
    await eventually('an event', async () => (await versions()).at(-1) === 3);
    await nats.kill();
    await nats.putStoreBack();
    await nats.start();
    expect(await versions()).toEqual([1, 1, 1, 2]);
    await api.patch(`/pools/${id}`, { name: 'fourth' });
    await eventually('the event after it', async () => (await versions()).at(-1) === 4);
    expect(await versions()).toEqual([1, 1, 1, 2, 3, 4]);
    expect(api.log).toMatch(/lost events it had acknowledged/);
  });
});
