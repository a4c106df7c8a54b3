import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';

interface Event {
  id: string;
  type: string;
  subject: string;
  sequence: string;
  data: Record<string, unknown>;
}

/** Reads server-sent events of one connection. */
class Stream {
  readonly events: { id: number; event: string; data: Event }[] = [];
  private readonly stop = new AbortController();
  private ended: Promise<unknown> = Promise.resolve();

  static async open(api: Api, query = '', headers: Record<string, string> = {}): Promise<Stream> {
    const stream = new Stream();
    const response = await fetch(`${api.url}/events${query}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${api.admin}`, ...headers },
      signal: stream.stop.signal,
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    stream.ended = stream.read(response.body as ReadableStream<Uint8Array>).catch(() => undefined);
    return stream;
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = new Map(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        text = text.slice(end + 2);
        const data = fields.get('data');
        if (data === undefined) continue;
        this.events.push({
          id: Number(fields.get('id')),
          event: fields.get('event') ?? '',
          data: JSON.parse(data) as Event,
        });
      }
    }
  }

  async until(length: number): Promise<void> {
    await eventually(`${length} events`, () => this.events.length >= length);
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.ended;
  }
}

describe('events', () => {
  let api: Api;
  const open: Stream[] = [];
  const others: Api[] = [];

  beforeAll(async () => {
    api = await Api.start();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((stream) => stream.close()));
    await Promise.all(others.splice(0).map((other) => other.end('SIGTERM')));
  });
  afterAll(() => api.close());

  const follow = async (query?: string, headers?: Record<string, string>): Promise<Stream> => {
    const stream = await Stream.open(api, query, headers);
    open.push(stream);
    return stream;
  };
  /** A second process on the same database, for one test. */
  const another = async (): Promise<Api> => {
    const other = await Api.start({ database: api.database, secret: api.secret });
    others.push(other);
    return other;
  };
  const settled = (): Promise<unknown> =>
    eventually('positions', async () => (await api.sql('SELECT 1 FROM outbox WHERE position IS NULL')).length === 0);

  /** What the work has told, as `type subject`, in order. */
  async function told(work: () => Promise<unknown>): Promise<string[]> {
    const [{ seq }] = (await api.sql('SELECT coalesce(max(seq), 0) AS seq FROM outbox')) as [{ seq: string }];
    await work();
    const rows = (await api.sql('SELECT type, subject FROM outbox WHERE seq > $1 ORDER BY seq', [seq])) as Event[];
    return rows.map(({ type, subject }) => `${type.replace('ipam.', '')} ${subject.split('/')[0]}`);
  }

  it('are written for each change of each kind, in its transaction', async () => {
    const { gateway, pool, subnet } = await api.gateway();
    const created = (path: string, body: object) => told(() => api.make(path, body));
    expect(await created('/pools', {})).toEqual(['pool.created pools']);
    expect(await created(`/pools/${pool}/subnets`, { start: '10.40.0.1', end: '10.40.0.9' })).toEqual([
      'subnet.created subnets',
    ]);
    expect(await created('/gateways', { name: 'g', externalAddress: '192.0.2.1' })).toEqual([
      'gateway.created gateways',
    ]);
    expect(await created(`/subnets/${subnet}/reservations`, { count: 2 })).toEqual([
      'reservation.created reservations',
      'lease.created leases',
      'lease.created leases',
    ]);
    expect(await created('/port-maps', { gateway, address: '10.30.0.1', targetPort: 1 })).toEqual([
      'port-map.created port-maps',
    ]);
    expect(await created('/components', { name: 'c', kind: 'ecs', gateway })).toEqual([
      'reservation.created reservations',
      'lease.created leases',
      'port-map.created port-maps',
      'port-map.created port-maps',
      'component.created components',
    ]);

    const reservation = await api.make(`/subnets/${subnet}/reservations`, {});
    const map = await api.make('/port-maps', { gateway, address: '10.30.0.1', targetPort: 2 });
    for (const [path, noun] of [
      [`/pools/${pool}`, 'pool'],
      [`/subnets/${subnet}`, 'subnet'],
      [`/reservations/${reservation.id}`, 'reservation'],
      [`/leases/${reservation.leases[0].id}`, 'lease'],
      [`/gateways/${gateway}`, 'gateway'],
      [`/port-maps/${map.id}`, 'port-map'],
      ['/components/c', 'component'],
    ] as const) {
      expect(await told(() => api.patch(path, { tags: ['t'] }))).toEqual([`${noun}.updated ${noun}s`]);
    }
    expect(await told(() => api.delete(`/port-maps/${map.id}`))).toEqual([
      'port-map.removing port-maps',
      'port-map.deleted port-maps',
    ]);
    expect(await told(() => api.delete('/components/c'))).toEqual(
      expect.arrayContaining([
        ...['port-map.removing port-maps', 'port-map.removing port-maps', 'port-map.deleted port-maps'],
        ...[
          'port-map.deleted port-maps',
          'lease.deleted leases',
          'reservation.deleted reservations',
          'component.deleted components',
        ],
      ]),
    );
    expect(await told(() => api.delete(`/reservations/${reservation.id}`))).toEqual([
      'lease.deleted leases',
      'reservation.deleted reservations',
    ]);
    expect((await told(() => api.delete(`/pools/${pool}`))).sort()).toEqual([
      ...['lease.deleted leases', 'lease.deleted leases', 'pool.deleted pools'],
      ...['reservation.deleted reservations', 'subnet.deleted subnets', 'subnet.deleted subnets'],
    ]);
    expect((await told(() => api.delete(`/gateways/${gateway}?force=true`))).sort()).toEqual([
      ...['gateway.deleted gateways', 'port-map.deleted port-maps', 'port-map.removing port-maps'],
    ]);
  });

  it('are not written for what was refused', async () => {
    const { subnet, pool } = await api.subnet('10.41.0.1', '10.41.0.1');
    await api.make(`/subnets/${subnet}/reservations`, {});
    expect(
      await told(async () => {
        await api.post(`/subnets/${subnet}/reservations`, {});
        await api.post(`/pools/${pool}/subnets`, { start: '10.41.0.0', end: '10.41.0.2' });
        await api.post('/pools', { name: 7 });
        await api.patch(`/pools/${pool}`, {}, { headers: { 'if-match': '"9"' } });
        await api.patch(`/subnets/${subnet}`, { start: '10.41.0.2', end: '10.41.0.2' });
        await api.get('/pools');
      }),
    ).toEqual([]);
  });

  it('are CloudEvents with the document of the answer, metadata as it was sent', async () => {
    const made = await api.post('/pools', '{"name":"ce","metadata":{"2":9007199254740993,"1":0}}');
    await settled();
    const { text } = await api.get('/events?limit=1000&type=ipam.pool.created');
    const events = (JSON.parse(text) as { events: Event[] }).events;
    const event = events.find(({ subject }) => subject === `pools/${made.body.id}`);
    expect(event).toMatchObject({
      ...{ specversion: '1.0', source: 'berth', type: 'ipam.pool.created.v1', datacontenttype: 'application/json' },
      ...{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), sequence: expect.stringMatching(/^\d{16}$/) },
      data: JSON.parse(made.text) as object,
    });
    expect(text).toContain(`"data":${made.text}`);
  });

  it('of what goes with its parent have the same form as those of what is deleted by itself', async () => {
    const { pool, subnet } = await api.subnet('fd00::1', 'fd00::ffff');
    const one = await api.make(`/subnets/${subnet}/reservations`, {
      addresses: ['fd00::a00'],
      metadata: { b: 1, a: 2 },
    });
    const two = await api.make(`/subnets/${subnet}/reservations`, { addresses: ['fd00::b00'] });
    await api.delete(`/reservations/${one.id}`);
    await api.delete(`/pools/${pool}`);
    const dataOf = async (subject: string, type: string): Promise<Record<string, unknown>> => {
      const [row] = await api.sql('SELECT data::text AS data FROM outbox WHERE subject = $1 AND type = $2', [
        subject,
        type,
      ]);
      return JSON.parse(row.data as string) as Record<string, unknown>;
    };
    const leases = [one, two].map(({ leases: [lease] }) => dataOf(`leases/${lease.id}`, 'ipam.lease.deleted'));
    const [own, cascaded] = await Promise.all(leases);
    expect(Object.keys(cascaded!)).toEqual(Object.keys(own!));
    expect(cascaded!['address']).toBe('fd00::b00');
    expect(new Date(cascaded!['createdAt'] as string).toISOString()).toBe(
      new Date(two.leases[0].createdAt as string).toISOString(),
    );
  });

  it('have positions without gaps, in the order of commits for each resource, under load of two processes', async () => {
    const other = await another();
    const { id } = await api.make('/pools', {});
    const { subnet } = await api.subnet('10.42.0.0', '10.42.3.255');
    await Promise.all(
      Array.from({ length: 16 }, async (_, n) => {
        const mine = n % 2 === 0 ? api : other;
        for (let times = 0; times < 12; times++) {
          await mine.patch(`/pools/${id}`, { name: `${n}.${times}` });
          const { id: reservation } = await mine.make(`/subnets/${subnet}/reservations`, {});
          if (times % 3 === 0) await mine.delete(`/reservations/${reservation}`);
        }
      }),
    );
    await settled();
    const rows = (await api.sql(
      'SELECT position::int AS position, subject, type, data FROM outbox ORDER BY position',
    )) as {
      position: number;
      subject: string;
      type: string;
      data: { version: number };
    }[];
    expect(rows.map(({ position }) => position)).toEqual(rows.map((_, index) => index + 1));
    const versions = rows.filter(({ subject }) => subject === `pools/${id}`).map(({ data }) => data.version);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
    expect(versions).toHaveLength(193);
    const seen = new Map<string, string>();
    for (const { subject, type } of rows) {
      if (!subject.startsWith('reservations/') || type === 'ipam.reservation.updated') continue;
      expect(type).toBe(seen.has(subject) ? 'ipam.reservation.deleted' : 'ipam.reservation.created');
      seen.set(subject, type);
    }
  });

  it('are read page by page without missing one', async () => {
    await settled();
    const seen: string[] = [];
    for (let after = 0; ;) {
      const { body } = await api.get(`/events?after=${after}&limit=97`);
      seen.push(...(body.events as Event[]).map(({ sequence }) => sequence));
      if (body.last === after) break;
      after = body.last as number;
    }
    expect(seen.map(Number)).toEqual(seen.map((_, index) => index + 1));
    const typed = (await api.get('/events?type=ipam.lease.&limit=1000')).body.events as Event[];
    expect(typed.length).toBeGreaterThan(0);
    expect(typed.every(({ type }) => type.startsWith('ipam.lease.'))).toBe(true);
  });

  describe('as a live stream', () => {
    it('begin now, and come in order as they happen', async () => {
      const stream = await follow();
      const pools: string[] = [];
      for (let n = 0; n < 5; n++) pools.push((await api.make('/pools', {})).id as string);
      await stream.until(5);
      expect(stream.events.map(({ data }) => data.subject)).toEqual(pools.map((id) => `pools/${id}`));
      expect(stream.events.every(({ event }) => event === 'ipam.pool.created')).toBe(true);
    });

    it('continue exactly after Last-Event-ID, across a connection that broke', async () => {
      const first = await follow('?after=0');
      await first.until(50);
      await first.close();
      const load = Promise.all(Array.from({ length: 40 }, () => api.make('/pools', {})));
      const last = first.events.at(-1)!.id;
      const second = await follow('', { 'last-event-id': String(last) });
      await load;
      await settled();
      const [{ position }] = (await api.sql('SELECT max(position)::int AS position FROM outbox')) as [
        { position: number },
      ];
      await eventually('the rest', () => second.events.at(-1)?.id === position);
      const ids = [...first.events, ...second.events].map(({ id }) => id);
      expect(ids).toEqual(Array.from({ length: position }, (_, n) => n + 1));
      expect(second.events.every(({ id, data }) => Number(data.sequence) === id)).toBe(true);
    });

    it('of one type leave the others out', async () => {
      const stream = await follow('?type=ipam.subnet.created');
      const { subnet } = await api.subnet('10.43.0.1', '10.43.0.2');
      await stream.until(1);
      expect(stream.events.map(({ data }) => data.subject)).toEqual([`subnets/${subnet}`]);
    });

    it('refuse a Last-Event-ID that is none', async () => {
      for (const id of ['x', '-1', '1.5', '1e99']) {
        const { status, body } = await api.get('/events', {
          headers: { accept: 'text/event-stream', 'last-event-id': id },
        });
        expect([id, status, body.code, body.errors[0].field]).toEqual([id, 422, 'invalid-field', 'Last-Event-ID']);
      }
    });

    it('end when the server stops, while requests in progress are finished', async () => {
      const stopping = await another();
      const stream = await Stream.open(stopping);
      const { gateway, subnet } = await api.gateway();
      const [{ generation }] = [
        (await stopping.get(`/gateways/${gateway}/desired-state`)).body as { generation: number },
      ];
      const poll = stopping.get(`/gateways/${gateway}/desired-state?after=${generation + 5}&wait=60`).then(
        ({ status }) => status,
        () => 'cut',
      );
      // A claim that waits for a lock which we hold.
      const { default: pg } = await import('pg');
      const holder = new pg.Client(api.database);
      await holder.connect();
      await holder.query('BEGIN');
      await holder.query(
        'SELECT 1 FROM space_chunk WHERE space_id = (SELECT space_id FROM subnet WHERE id = $1) FOR UPDATE',
        [subnet],
      );
      const claim = stopping.post(`/subnets/${subnet}/reservations`, {});
      await eventually(
        'the claim to wait',
        async () =>
          (
            await api.sql(
              `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
            )
          ).length > 0,
      );
      const exit = stopping.end('SIGTERM');
      await stream.close();
      await poll;
      await eventually('no new connections', () =>
        fetch(`${stopping.url}/health/live`).then(
          () => false,
          () => true,
        ),
      );
      await holder.query('COMMIT');
      await holder.end();
      const { status, headers } = await claim;
      expect([status, headers.get('connection')]).toEqual([201, 'close']);
      expect(await exit).toBe(0);
    });
  });
});
