import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api, type Answer } from '../support/api.js';
import { eventually } from '../support/eventually.js';

interface Segment {
  owner: string;
  pool: string;
  since: string;
  until: string | null;
  ended: string | null;
  endedBy: string | null;
  reason: string | null;
  lease: { id: string; name: string; tags: string[]; metadata: unknown };
  reservation: { id: string; name: string; metadata: unknown };
}

const ADDRESS = '10.1.0.1';

describe('the past of addresses', () => {
  let api: Api;
  let place: { pool: string; subnet: string };
  beforeAll(async () => {
    api = await Api.start();
  });
  beforeEach(async () => {
    await api.sql('DELETE FROM pool');
    await api.sql('DELETE FROM address_history');
    place = await api.subnet('10.1.0.1', '10.1.0.8');
  });
  afterAll(() => api.close());

  const claim = (address = ADDRESS, more: object = {}, subnet = place.subnet) =>
    api.make(`/subnets/${subnet}/reservations`, { addresses: [address], ...more });
  const release = async (id: string): Promise<void> => {
    expect((await api.delete(`/reservations/${id}`)).status).toBe(204);
  };
  const past = async (query = '', token?: string, address = ADDRESS): Promise<Segment[]> => {
    const answer = await api.get(`/addresses/${address}/history${query}`, token === undefined ? {} : { token });
    expect([answer.text, answer.status]).toEqual([answer.text, 200]);
    return answer.body.history as Segment[];
  };
  const refused = (answer: Answer, field: string): void =>
    expect([answer.text, answer.status, answer.body.errors?.[0].field]).toEqual([answer.text, 422, field]);
  /** Until the clock has moved on by a millisecond, the unit of the history. */
  const tick = async (): Promise<void> => {
    const from = Date.now();
    await eventually('the next millisecond', () => Date.now() > from + 1);
  };

  it('tells who held it, with what was known of the holder then', async () => {
    const first = await claim(ADDRESS, { name: 'web', metadata: { rack: 1 }, owner: 'ann' });
    await tick();
    await api.patch(`/leases/${first.leases[0].id}`, { name: 'eth0', tags: ['a'], metadata: { big: 1 } });
    await tick();
    await api.put(`/reservations/${first.id}`, { name: 'web2' });
    await tick();
    await api.patch(`/leases/${first.leases[0].id}`, { name: 'eth0' }); // nothing new
    expect((await api.delete(`/reservations/${first.id}?reason=broken`)).status).toBe(204);
    const second = await claim(ADDRESS, { owner: 'bob' });
    const segments = await past();
    expect(
      segments.map((s) => [s.owner, s.reservation.name, s.lease.name, s.lease.tags, s.ended, s.endedBy, s.reason]),
    ).toEqual([
      ['bob', '', '', [], null, null, null],
      ['ann', 'web2', 'eth0', ['a'], 'released', 'root', 'broken'],
      ['ann', 'web', 'eth0', ['a'], 'changed', 'root', 'reservation changed'],
      ['ann', 'web', '', [], 'changed', 'root', 'lease changed'],
    ]);
    expect(segments.map((s) => [s.reservation.metadata, s.lease.metadata])).toEqual([
      [null, null],
      [null, { big: 1 }],
      [{ rack: 1 }, { big: 1 }],
      [{ rack: 1 }, null],
    ]);
    expect(segments.every((s) => s.pool === place.pool && s.until !== s.since)).toBe(true);
    // without holes within one holding, and each moment has its own answer, told bounds included
    expect([segments[2]?.until, segments[3]?.until]).toEqual([segments[1]?.since, segments[2]?.since]);
    for (const segment of segments) expect(await past(`?at=${segment.since}`)).toEqual([segment]);
    expect(await past(`?at=${new Date(Date.parse(segments[3]?.since ?? '') - 1).toISOString()}`)).toEqual([]);
    expect((await past(`?at=${new Date().toISOString()}`))[0]?.lease.id).toBe(second.leases[0].id);
  });

  it('keeps metadata as it came', async () => {
    const body = `{"addresses":["${ADDRESS}"],"metadata":{"z":1,"a":12345678901234567890}}`;
    await release((await api.make(`/subnets/${place.subnet}/reservations`, body)).id);
    expect((await api.get(`/addresses/${ADDRESS}/history`)).text).toContain('{"z":1,"a":12345678901234567890}');
  });

  it('does not begin anew with a renewal, or with the release of another address', async () => {
    const two = await api.make(`/subnets/${place.subnet}/reservations`, {
      addresses: [ADDRESS, '10.1.0.2'],
      ttl: 3600,
    });
    const [before] = await past();
    await tick();
    expect((await api.post(`/reservations/${two.id}/renew`, {})).status).toBe(200);
    expect((await api.delete(`/leases/${two.leases[1].id}`)).status).toBe(204);
    expect(await past()).toEqual([before]);
    expect((await past('', undefined, '10.1.0.2'))[0]).toMatchObject({ ended: 'released', endedBy: 'root' });
  });

  it('pages newest first, through several pools, and bounds the time', async () => {
    const other = await api.subnet('10.1.0.1', '10.1.0.8');
    for (let n = 0; n < 6; n++) {
      await release((await claim(ADDRESS, { name: `n${n}` }, n % 2 === 0 ? place.subnet : other.subnet)).id);
      await tick();
    }
    await claim(ADDRESS, { name: 'n6' });
    await tick();
    await claim(ADDRESS, { name: 'n7' }, other.subnet);
    const all = await past();
    const names = (segments: Segment[]): string[] => segments.map((segment) => segment.reservation.name);
    expect(names(all)).toEqual(['n7', 'n6', 'n5', 'n4', 'n3', 'n2', 'n1', 'n0']);
    const paged: Segment[] = [];
    let next: string | undefined = `/addresses/${ADDRESS}/history?limit=3`;
    while (next !== undefined) {
      const answer: Answer = await api.get(next);
      paged.push(...(answer.body.history as Segment[]));
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(paged).toEqual(all);
    expect(names(await past(`?pool=${other.pool}`))).toEqual(['n7', 'n5', 'n3', 'n1']);
    expect(names(await past(`?from=${all[3]?.since ?? ''}&to=${all[1]?.since ?? ''}`))).toEqual(['n5', 'n4']);
    expect(names(await past(`?at=${new Date().toISOString()}`))).toEqual(['n7', 'n6']);
    expect(names(await past(`?at=${new Date().toISOString()}&pool=${place.pool}`))).toEqual(['n6']);
  });

  it('tells admins and readers all, members what was theirs', async () => {
    for (const owner of ['kim', 'blue', 'max']) {
      await release((await claim(ADDRESS, { owner })).id);
      await tick();
    }
    await claim(ADDRESS, { owner: 'max' });
    const owners = async (claims: object, query = ''): Promise<string[]> =>
      (await past(query, await api.token({ ...claims }))).map((segment) => segment.owner);
    expect(await owners({ sub: 'eve', role: 'reader' })).toEqual(['max', 'max', 'blue', 'kim']);
    expect(await owners({ sub: 'kim', role: 'member', project: 'blue' })).toEqual(['blue', 'kim']);
    expect(await owners({ sub: 'max', role: 'member' })).toEqual(['max', 'max']);
    const now = `?at=${new Date().toISOString()}`;
    expect(await owners({ sub: 'kim', role: 'member' }, now)).toEqual([]);
    expect(await owners({ sub: 'max', role: 'member' }, now)).toEqual(['max']);
  });

  it('survives the deletion of the subnet and the pool', async () => {
    const v6 = await api.make(`/pools/${place.pool}/subnets`, { start: '2001:db8::', end: '2001:db8::f' });
    await claim(ADDRESS, { name: 'gone' });
    await api.make(`/subnets/${v6.id}/reservations`, { addresses: ['2001:db8::a'] });
    await tick();
    expect((await api.delete(`/subnets/${v6.id}`)).status).toBe(204);
    expect((await api.delete(`/pools/${place.pool}`)).status).toBe(204);
    const [segment] = await past(`?pool=${place.pool.toUpperCase()}`);
    expect(segment).toMatchObject({ ended: 'released', endedBy: 'root', reason: 'pool deleted', pool: place.pool });
    // any spelling of an IPv6 address is the same address
    const [other] = await past('', undefined, '2001:0DB8:0::A');
    expect(other).toMatchObject({ address: '2001:db8::a', reason: 'subnet deleted' });
  });

  it('says what an address is now, in each subnet that spans it', async () => {
    const other = await api.subnet('10.1.0.0', '10.1.0.255');
    const held = await claim(ADDRESS, { name: 'web' });
    const { body } = await api.get(`/addresses/${ADDRESS}`);
    expect(body).toMatchObject({
      address: ADDRESS,
      subnets: [
        { ...place, state: 'held', holder: { lease: { id: held.leases[0].id }, reservation: { name: 'web' } } },
        { ...other, state: 'free', holder: null },
      ],
    });
    expect((await api.patch(`/pools/${place.pool}`, { quarantine: 60 })).status).toBe(200);
    await release(held.id);
    expect((await api.get(`/addresses/${ADDRESS}`)).body.subnets[0]).toEqual({
      ...place,
      state: 'resting',
      holder: null,
    });
    expect((await api.get('/addresses/192.0.2.99')).body).toEqual({ address: '192.0.2.99', subnets: [] });
  });

  it('refuses what is no address, and a moment with a stretch of time', async () => {
    for (const text of ['zebra', '10.0.0.256', 'fe80::1%25eth0', '10.0.0.0%2F24']) {
      for (const path of [
        `/addresses/${text}`,
        `/addresses/${text}/history`,
        `/addresses/${text}/ports/tcp/1/history`,
      ]) {
        refused(await api.get(path), 'address');
      }
    }
    refused(await api.get(`/addresses/${ADDRESS}/ports/sctp/1/history`), 'protocol');
    for (const port of ['0', '65536', 'x', '1.5', '99999999999']) {
      refused(await api.get(`/addresses/${ADDRESS}/ports/tcp/${port}/history`), 'port');
    }
    for (const query of ['from=2030-01-01T00:00:00Z', 'limit=1', 'cursor=MS4x']) {
      const [field = ''] = query.split('=');
      refused(await api.get(`/addresses/${ADDRESS}/history?at=2030-01-01T00:00:00Z&${query}`), field);
    }
    refused(await api.get(`/addresses/${ADDRESS}/history?at=yesterday`), 'at');
  });

  it('never has two holders at one time: the database refuses', async () => {
    await release((await claim()).id);
    const overlapping = api.sql(
      `INSERT INTO address_history SELECT address, space_id, since - interval '1 day', since + interval '1 microsecond', pool_id,
         subnet_id, lease_id, reservation_id, owner, name, tags, metadata, reservation_name, reservation_tags,
         reservation_metadata, released, ended_by, reason FROM address_history`,
    );
    await expect(overlapping).rejects.toThrow('address_history_one_holder');
  });

  it('lets nothing fail when the clock of the database has gone back', async () => {
    await release((await claim()).id);
    await api.sql(`UPDATE address_history SET until = until + interval '1 hour'`);
    const [future] = await past();
    const id = (await claim(ADDRESS, { name: 'early' })).id as string;
    expect((await past())[0]).toMatchObject({ since: future?.until, until: null });
    await api.patch(`/reservations/${id}`, { name: 'later' });
    await release(id);
    expect(await past()).toEqual([future]);
    // the clock is there again
    await api.sql(`UPDATE address_history SET until = now()`);
    await tick();
    await release((await claim()).id);
    expect(await past()).toHaveLength(2);
  });

  it('follows concurrent changes of a lease and of its reservation', async () => {
    const made = await claim(ADDRESS, { name: '0' });
    const change = async (path: string, n: number): Promise<void> => {
      expect((await api.patch(path, { name: String(n) })).status).toBe(200);
    };
    for (let n = 1; n <= 20; n++) {
      await Promise.all([change(`/leases/${made.leases[0].id}`, n), change(`/reservations/${made.id}`, n)]);
    }
    await release(made.id);
    const segments = await past();
    expect(segments[0]).toMatchObject({ lease: { name: '20' }, reservation: { name: '20' }, ended: 'released' });
    const ends = segments.map((segment) => segment.until);
    expect(segments.slice(0, -1).map((segment) => segment.since)).toEqual(ends.slice(1));
  });
});

it('forgets what is older than HISTORY_DAYS, and nothing else', async () => {
  const first = await Api.start({ env: { HISTORY_DAYS: '0' } });
  try {
    const { subnet } = await first.subnet('10.1.0.1', '10.1.0.8');
    for (const age of [40, 20]) {
      const { id } = await first.make(`/subnets/${subnet}/reservations`, { addresses: [ADDRESS] });
      await first.sql(`UPDATE lease SET created_at = now() - make_interval(days => $1)`, [age + 1]);
      await first.delete(`/reservations/${id}`);
      await first.sql(
        `UPDATE address_history SET until = now() - make_interval(days => $1) WHERE until > now() - interval '1 day'`,
        [age],
      );
    }
    const count = async (): Promise<number> => (await first.sql('SELECT FROM address_history')).length;
    expect(await count()).toBe(2);
    const sweeping = await Api.start({ database: first.database, env: { HISTORY_DAYS: '30' } });
    try {
      await eventually('the sweep', async () => (await count()) < 2);
      const { body } = await sweeping.get(`/addresses/${ADDRESS}/history`);
      expect(body.history).toHaveLength(1);
    } finally {
      await sweeping.end('SIGTERM');
    }
    expect(await count()).toBe(1);
  } finally {
    await first.close();
  }
});
