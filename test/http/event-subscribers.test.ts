import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { NatsServer } from './nats-server.js';

interface Told {
  id: string;
  type: string;
  subject: string;
  sequence: string;
}

/** One client of `GET /events` on a bare connection, so that a thousand of them cost the test little. */
class Subscriber {
  private readonly chunks: Buffer[] = [];
  private rest = Buffer.alloc(0);
  private body = '';
  private isInBody = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => this.chunks.push(chunk));
    socket.on('error', () => undefined);
  }

  static async open(api: Api, query = '', headers = ''): Promise<Subscriber> {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const subscriber = new Subscriber(socket);
    socket.write(
      `GET /events${query} HTTP/1.1\r\nHost: berth\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${api.admin}\r\n${headers}\r\n`,
    );
    return subscriber;
  }

  /** All that came, without the heads of the transfer coding's chunks. */
  get text(): string {
    if (this.chunks.length === 0) return this.body;
    let data = Buffer.concat([this.rest, ...this.chunks.splice(0)]);
    if (!this.isInBody) {
      const head = data.indexOf('\r\n\r\n');
      this.isInBody = head >= 0;
      if (this.isInBody) data = data.subarray(head + 4);
    }
    while (this.isInBody) {
      const end = data.indexOf('\r\n');
      const size = end < 0 ? 0 : parseInt(data.subarray(0, end).toString(), 16);
      if (size === 0 || data.length < end + 4 + size) break;
      this.body += data.subarray(end + 2, end + 2 + size).toString();
      data = data.subarray(end + 4 + size);
    }
    this.rest = data;
    return this.body;
  }

  get count(): number {
    return this.text.split('\ndata: ').length - 1;
  }

  get isOpen(): boolean {
    return this.text.startsWith(': events of Berth');
  }

  get events(): Told[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Told);
  }
}

describe('subscribers of events', () => {
  let api: Api;
  let nats: NatsServer;
  const open: Subscriber[] = [];

  beforeAll(async () => {
    nats = await NatsServer.prepare();
    await nats.start();
    api = await Api.start({ env: { NATS_URL: nats.url, EVENT_SUBSCRIBERS: '1000' } });
  });
  afterEach(async () => {
    for (const { socket } of open.splice(0)) socket.destroy();
    // the process has seen them go
    await eventually('a free place', async () => {
      const { status, body } = await fetch(`${api.url}/events`, {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${api.admin}` },
      });
      await body?.cancel();
      return status === 200;
    });
  });
  afterAll(async () => {
    await api.close();
    await nats.remove();
  });

  const follow = async (query?: string, headers?: string): Promise<Subscriber> => {
    const subscriber = await Subscriber.open(api, query, headers);
    open.push(subscriber);
    return subscriber;
  };
  const sequenced = (): Promise<unknown> =>
    eventually('positions', async () => (await api.sql('SELECT FROM outbox WHERE position IS NULL')).length === 0);

  it('may be a thousand at one process: each gets what it wants, in the order and with the ids of NATS', async () => {
    const queries = ['', '?type=ipam.lease.*', '?type=ipam.*.created&owner=ann', '?tag=blue', '?subject=pools/'];
    const thousand = await Promise.all(Array.from({ length: 1000 }, (_, n) => follow(queries[n % queries.length])));
    await eventually('a thousand streams', () => thousand.every(({ isOpen }) => isOpen));
    const refused = await api.get('/events', { headers: { accept: 'text/event-stream' } });
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([503, 'unavailable', '5']);

    const { pool, subnet } = await api.subnet('10.60.0.1', '10.60.0.200');
    for (let n = 0; n < 10; n++) {
      const { id } = (await api.make(`/subnets/${subnet}/reservations`, {
        count: 3,
        owner: n % 2 ? 'ann' : 'ben',
      })) as {
        id: string;
      };
      if (n % 3 === 0) await api.patch(`/reservations/${id}`, { tags: ['blue'] });
      if (n % 4 === 0) await api.delete(`/reservations/${id}`);
    }
    await api.make('/pools', { tags: ['blue'] });
    await api.delete(`/pools/${pool}`);
    await sequenced();
    const [{ count }] = (await api.sql('SELECT count(*)::int AS count FROM outbox')) as [{ count: number }];
    await eventually('all on NATS', async () => (await nats.count()) === count);
    const onNats = (await nats.messages()).map(({ event }) => event) as unknown as (Told & {
      owner?: string;
      data: { tags?: string[] };
    })[];
    const wanted: ((event: (typeof onNats)[number]) => boolean)[] = [
      () => true,
      ({ type }) => type.startsWith('ipam.lease.'),
      ({ type, owner }) => type.endsWith('.created.v1') && owner === 'ann',
      ({ data }) => data.tags?.includes('blue') === true,
      ({ subject }) => subject.startsWith('pools/'),
    ];
    const expected = wanted.map((wants) => onNats.filter(wants));
    expect(expected.map(({ length }) => length > 0)).toEqual(queries.map(() => true));
    await eventually('all at all', () =>
      thousand.every(({ count: got }, n) => got === expected[n % queries.length]?.length),
    );
    for (const [n, { events }] of thousand.entries()) {
      const [got, want] = [events, expected[n % queries.length] ?? []];
      if (n < queries.length) expect(got).toEqual(want);
      if (got.map(({ id }) => id).join() !== want.map(({ id }) => id).join()) throw new Error(`other events at ${n}`);
    }
    // and the pages say the same
    for (const [n, query] of queries.entries()) {
      const { body } = await api.get(`/events${query === '' ? '?' : `${query}&`}limit=1000`);
      expect(body.events).toEqual(expected[n]);
    }
  });

  it('that do not read for a while miss nothing, and hold up nobody', async () => {
    const { body } = await api.get('/events?limit=1000');
    const after = body.last as number;
    const [slow, quick] = [await follow(`?after=${after}`), await follow(`?after=${after}`)];
    await eventually('both streams', () => slow.isOpen && quick.isOpen);
    slow.socket.pause();
    // more than the socket's buffers hold
    const metadata = { text: 'x'.repeat(60_000) };
    const pools = 200;
    await Promise.all(Array.from({ length: pools }, () => api.make('/pools', { metadata })));
    await eventually('all at the quick one', () => quick.count === pools);
    expect(slow.count).toBeLessThan(pools);
    slow.socket.resume();
    await eventually('all at the slow one', () => slow.count === pools);
    expect(slow.events.map(({ id }) => id)).toEqual(quick.events.map(({ id }) => id));
    await api.make('/pools', {});
    await eventually('both live again', () => slow.count === pools + 1 && quick.count === pools + 1);
  });

  it('page by cursor and Link, with filters', async () => {
    const all = (await api.get('/events?type=ipam.*.created,ipam.pool.deleted&limit=1000')).body.events as Told[];
    const seen: Told[] = [];
    let pages = 0;
    for (let path = '/events?type=ipam.*.created,ipam.pool.deleted&limit=7'; path !== ''; pages++) {
      const { body, headers } = await api.get(path);
      seen.push(...(body.events as Told[]));
      const link = /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? '';
      expect([link === '', new URLSearchParams(link.split('?')[1]).get('cursor') ?? undefined]).toEqual([
        body.next === undefined,
        body.next,
      ]);
      path = link;
    }
    expect(seen).toEqual(all);
    expect(pages).toBeGreaterThan(3);
    const { next } = (await api.get('/events?limit=1')).body as { next: string };
    for (const query of [`cursor=${next}&tag=x`, `cursor=${next}&after=1`, 'cursor=x', 'type=ipam.lase.*'])
      expect((await api.get(`/events?${query}`)).body.code).toBe('invalid-field');
    for (const query of ['subject=lease/x', 'subject=leases', 'type=', 'type=ipam.lease.created.v2', 'colour=blue'])
      expect((await api.get(`/events?${query}`)).status).toBe(422);
  });

  it('are told honestly when what they ask for is not kept any more, or never was', async () => {
    await sequenced();
    const [{ last }] = (await api.sql('SELECT max(position)::int AS last FROM outbox')) as [{ last: number }];
    await api.sql('DELETE FROM outbox_packed WHERE last_position <= $1', [last - 5]);
    const [{ start }] = (await api.sql('SELECT min(last_position - events)::int AS start FROM outbox_packed')) as [
      { start: number },
    ];
    const stream = { headers: { accept: 'text/event-stream' } };
    for (const [path, options] of [
      [`/events?after=${start - 1}`, {}],
      [`/events?after=${start - 1}`, stream],
      ['/events', { headers: { ...stream.headers, 'last-event-id': '1' } }],
      ['/events', { headers: { ...stream.headers, 'last-event-id': String(last + 1000) } }],
    ] as const) {
      const { status, body } = await api.get(path, options);
      expect([path, status, body.code]).toEqual([path, 410, 'events-gone']);
    }
    const kept = (await api.get(`/events?after=${start}`)).body.events as Told[];
    expect(kept.map(({ sequence }) => Number(sequence))).toEqual(
      Array.from({ length: last - start }, (_, n) => start + 1 + n),
    );
    // from the start is from what is kept
    expect((await api.get('/events')).body.events).toEqual(kept);
    const subscriber = await follow(`?after=${start}`);
    await eventually('what is kept', () => subscriber.events.length === kept.length);
  });
});
