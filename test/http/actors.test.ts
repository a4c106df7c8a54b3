import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, type Answer, type Options } from '../support/api.js';
import { eventually } from '../support/eventually.js';

interface Event {
  type: string;
  subject: string;
  actor?: string;
}

/** Every event tells who did what it tells, whoever else shared the transaction. */
describe('the actor of an event', () => {
  let api: Api;
  let after = 0;
  /** Tokens of admins, whose name says which of them did it. */
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    api = await Api.start();
    for (const sub of ['ann', 'bob', 'cy']) tokens.set(sub, await api.token({ sub, role: 'admin' }));
  });
  afterAll(() => api.close());

  const as = (name: string): Options => ({ token: tokens.get(name) ?? '' });

  /** What has been told since the last look, once there are as many events. */
  async function told(count: number, query = ''): Promise<string[]> {
    const page = await eventually(`${count} events`, async () => {
      const { body } = await api.get(`/events?after=${after}&limit=1000${query}`);
      return (body.events.length as number) >= count ? (body as { events: Event[]; last: number }) : undefined;
    });
    after = page.last;
    return page.events.map(({ type, actor }) => `${type.slice('ipam.'.length, -'.v1'.length)} ${actor ?? '-'}`);
  }

  const done = async (answer: Promise<Answer>): Promise<Answer['body']> => {
    const { status, text, body } = await answer;
    if (status >= 300) throw new Error(`${status}: ${text}`);
    return body as unknown;
  };

  it('is who made, changed and deleted it, for every noun', async () => {
    const pool = await api.make('/pools', { name: 'P' }, as('ann'));
    await done(api.patch(`/pools/${pool.id}`, { name: 'Q' }, as('bob')));
    const range = { start: '10.20.0.1', end: '10.20.0.99' };
    const subnet = await api.make(`/pools/${pool.id}/subnets`, range, as('ann'));
    await done(api.patch(`/subnets/${subnet.id}`, { name: 'S' }, as('bob')));
    expect(await told(4)).toEqual(['pool.created ann', 'pool.updated bob', 'subnet.created ann', 'subnet.updated bob']);

    const reservation = await api.make(`/subnets/${subnet.id}/reservations`, { count: 2, ttl: 600 }, as('ann'));
    const [one, two] = reservation.leases as { id: string }[];
    await done(api.put(`/reservations/${reservation.id}`, {}, as('bob')));
    await done(api.post(`/reservations/${reservation.id}/renew`, {}, as('cy')));
    await done(api.patch(`/leases/${one?.id}`, { name: 'L' }, as('bob')));
    await done(api.delete(`/leases/${one?.id}`, as('cy')));
    await done(api.delete(`/leases/${two?.id}`, as('bob')));
    expect(await told(10)).toEqual([
      ...['reservation.created ann', 'lease.created ann', 'lease.created ann', 'reservation.updated bob'],
      ...['reservation.renewed cy', 'lease.updated bob', 'lease.deleted cy', 'reservation.updated cy'],
      ...['lease.deleted bob', 'reservation.deleted bob'],
    ]);

    const gateway = await api.make(
      '/gateways',
      { name: 'gw', externalAddress: '192.0.2.10', networks: ['10.30.0.0/16'], pool: pool.id },
      as('ann'),
    );
    const map = await api.make('/port-maps', { gateway: gateway.id, address: '10.30.0.1', targetPort: 22 }, as('bob'));
    await done(api.patch(`/port-maps/${map.id}`, { name: 'm' }, as('cy')));
    await done(api.delete(`/port-maps/${map.id}`, as('ann')));
    expect(await told(5)).toEqual([
      ...['gateway.created ann', 'port-map.created bob', 'port-map.updated cy'],
      ...['port-map.removing ann', 'port-map.deleted ann'],
    ]);

    const component = { name: 'c', kind: 'x', gateway: gateway.id as string, ports: [{ targetPort: 22 }] };
    const { id } = await api.make('/components', component, as('ann'));
    await done(api.patch(`/components/${id}`, { tags: ['t'] }, as('bob')));
    await done(api.delete(`/components/${id}`, as('cy')));
    const ended = ['port-map.removing cy', 'port-map.deleted cy', 'lease.deleted cy', 'reservation.deleted cy'];
    expect(await told(10)).toEqual([
      ...['reservation.created ann', 'lease.created ann', 'port-map.created ann', 'component.created ann'],
      ...['component.updated bob', ...ended, 'component.deleted cy'],
    ]);

    await api.make('/components', component, as('ann'));
    await told(4);
    await done(api.delete(`/gateways/${gateway.id}?force=true`, as('bob')));
    expect((await told(6)).every((line) => line.endsWith(' bob'))).toBe(true);

    await done(api.put('/quotas/ann', {}, as('ann')));
    await done(api.put('/quotas/ann', { addresses: 5 }, as('bob')));
    await done(api.delete('/quotas/ann', as('cy')));
    expect(await told(3)).toEqual(['quota.created ann', 'quota.updated bob', 'quota.deleted cy']);

    await api.make(`/subnets/${subnet.id}/reservations`, {}, as('ann'));
    await told(2);
    await done(api.delete(`/pools/${pool.id}`, as('bob')));
    expect(await told(4)).toEqual([
      ...['lease.deleted bob', 'reservation.deleted bob', 'subnet.deleted bob', 'pool.deleted bob'],
    ]);
  });

  it("is each caller's own where many share one transaction", async () => {
    const { pool, subnet } = await api.subnet('10.40.0.1', '10.40.3.255');
    await told(2);
    const names = Array.from({ length: 60 }, (_, n) => ['ann', 'bob', 'cy'][n % 3] ?? '');
    const made = await Promise.all(
      names.map(async (name, n) => {
        const target = n % 2 === 0 ? `pools/${pool}` : `subnets/${subnet}`;
        return { name, id: (await api.make(`/${target}/reservations`, {}, as(name))).id as string };
      }),
    );
    const ended = await Promise.all(made.map(({ name, id }) => api.delete(`/reservations/${id}`, as(name))));
    expect(ended.filter(({ status }) => status === 204)).toHaveLength(60);
    const lines = await told(240);
    for (const name of ['ann', 'bob', 'cy']) {
      for (const what of ['reservation.created', 'lease.created', 'lease.deleted', 'reservation.deleted']) {
        expect([name, what, lines.filter((line) => line === `${what} ${name}`).length]).toEqual([name, what, 20]);
      }
    }
    const [{ rows, events }] = await api.sql(
      'SELECT count(*)::int AS rows, sum(events)::int AS events FROM outbox_packed',
    );
    // else nothing was shared, and nothing shown
    expect(rows).toBeLessThan(events as number);
  });

  it('is the gateway for what it reports, and nobody for what time does', async () => {
    const { gateway, subnet } = await api.gateway();
    const token = await api.token({ sub: 'agent', role: 'gateway', gateway });
    const map = await api.make('/port-maps', { gateway, address: '10.30.0.1', targetPort: 22 }, as('ann'));
    const { rows, generation } = await desired(gateway, token);
    const report = { generation, mode: 'plan', maps: [{ ...rows[0], status: 'active' }], gone: [] as string[] };
    expect((await api.put(`/gateways/${gateway}/status`, report, { token })).status).toBeLessThan(300);
    await done(api.delete(`/port-maps/${map.id}`, as('bob')));
    const gone = { generation, mode: 'plan', maps: [], gone: [map.id] };
    expect((await api.put(`/gateways/${gateway}/status`, gone, { token })).status).toBeLessThan(300);
    await told(7);
    const lines = (await api.get(`/events?limit=1000&type=ipam.port-map.`)).body.events as Event[];
    expect(
      lines.filter(({ subject }) => subject === `port-maps/${map.id}`).map(({ type, actor }) => [type, actor]),
    ).toEqual([
      ['ipam.port-map.created.v1', 'ann'],
      ['ipam.port-map.status.v1', 'agent'],
      ['ipam.port-map.removing.v1', 'bob'],
      ['ipam.port-map.deleted.v1', 'agent'],
    ]);

    const { id } = await api.make(`/subnets/${subnet}/reservations`, { ttl: 2 }, as('ann'));
    const end = await eventually('the end', async () => {
      const { body } = await api.get(`/events?limit=1000&after=${after}&type=ipam.reservation.deleted`);
      return (body.events as Event[]).find(({ subject }) => subject === `reservations/${id}`);
    });
    expect(end).not.toHaveProperty('actor');
  });

  it('can be asked for, on a page and on the live stream, and is a column of the outbox', async () => {
    const mine = await api.get('/events?limit=1000&actor=cy');
    expect(mine.body.events.length).toBeGreaterThan(0);
    expect(new Set((mine.body.events as Event[]).map(({ actor }) => actor))).toEqual(new Set(['cy']));
    const other = await api.get('/events?limit=1000&actor=nobody');
    expect([other.body.events, other.body.last > 0]).toEqual([[], true]);
    const [row] = await api.sql(`SELECT count(*)::int AS cy FROM outbox WHERE actor = 'cy'`);
    expect(row.cy).toBe(mine.body.events.length);

    const stop = new AbortController();
    const response = await fetch(`${api.url}/events?after=0&actor=cy`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${api.admin}` },
      signal: stop.signal,
    });
    let text = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (text.split('\ndata: ').length > mine.body.events.length) break;
    }
    stop.abort();
    expect(text).not.toContain('"actor":"ann"');
  });

  /** The desired state of a gateway, and its maps as a report names them. */
  async function desired(
    gateway: string,
    token: string,
  ): Promise<{ rows: { id: string; ruleId: string }[]; generation: number }> {
    const { body } = await api.get(`/gateways/${gateway}/desired-state`, { token });
    const maps = body.maps as { id: string; ruleId: string }[];
    return { rows: maps.map(({ id, ruleId }) => ({ id, ruleId })), generation: body.generation as number };
  }
});
