import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundSpaces } from '../database/spaces.js';
import { Api, query, type Answer } from '../support/api.js';
import pg from 'pg';
import { eventually } from '../support/eventually.js';

interface Reservation {
  id: string;
  leases: { id: string; address: string }[];
}

describe('releases', () => {
  let api: Api;
  let subnet: string;
  let gateway: string;
  let kim: string;

  beforeAll(async () => {
    api = await Api.start();
    ({ subnet, gateway } = await api.gateway());
    kim = await api.token({ sub: 'kim', role: 'member' });
  });
  afterAll(() => api.close());

  const reserve = (body: object = {}, bearer = api.admin): Promise<Reservation> =>
    api.make(`/subnets/${subnet}/reservations`, body, { token: bearer });
  const code = ({ status, body }: Answer): unknown[] => [status, body?.code];
  /** Events of a kind about a resource, as data. */
  const told = async (id: string, type: string): Promise<Answer['body'][]> =>
    (
      await api.sql('SELECT data::text FROM outbox WHERE subject LIKE $1 AND type = $2 ORDER BY seq', [`%/${id}`, type])
    ).map(({ data }) => JSON.parse(data as string) as unknown);

  it('say who and why in the events of the reservation and of each lease', async () => {
    const { id, leases } = await reserve({ count: 2 }, kim);
    const reason = 'moved to rack 7 – "done"';
    const path = `/reservations/${id}?reason=${encodeURIComponent(reason)}`;
    expect((await api.delete(path, { token: kim })).status).toBe(204);
    expect(await told(id, 'ipam.reservation.deleted')).toMatchObject([
      { id, releasedBy: 'kim', reason, leases: [{}, {}] },
    ]);
    for (const lease of leases) {
      expect(await told(lease.id, 'ipam.lease.deleted')).toMatchObject([{ ...lease, releasedBy: 'kim', reason }]);
    }
    const plain = await reserve();
    await api.delete(`/reservations/${plain.id}`);
    expect(await told(plain.id, 'ipam.reservation.deleted')).toMatchObject([{ releasedBy: 'root', reason: null }]);
    expect(code(await api.delete(`/reservations/${plain.id}`))).toEqual([404, 'not-found']);
  });

  it('refuse a reason that is too long or not one line', async () => {
    const { id, leases } = await reserve();
    for (const path of [`/reservations/${id}`, `/leases/${leases[0]?.id ?? ''}`]) {
      for (const bad of ['x'.repeat(256), '%0a', 'a&reason=b']) {
        expect(code(await api.delete(`${path}?reason=${bad}`))).toEqual([422, 'invalid-field']);
      }
    }
    expect((await api.delete(`/reservations/${id}?reason=${'x'.repeat(255)}`)).status).toBe(204);
  });

  it.each([
    ['subnet', (below: { subnet: string }) => `/subnets/${below.subnet}`],
    ['pool', (below: { pool: string }) => `/pools/${below.pool}`],
  ] as const)('that come with the %s say so', async (noun, path) => {
    const below = await api.subnet('10.90.0.0', '10.90.0.9');
    const made = await api.make(`/subnets/${below.subnet}/reservations`, { ttl: 3600 });
    expect((await api.delete(path(below))).status).toBe(204);
    const end = { releasedBy: 'root', reason: `${noun} deleted` };
    const [reservation] = await told(made.id, 'ipam.reservation.deleted');
    expect(reservation).toMatchObject({ id: made.id, ttl: 3600, ...end });
    expect(Date.parse(reservation.expiresAt as string)).toBe(Date.parse(made.expiresAt as string));
    expect(await told(made.leases[0].id, 'ipam.lease.deleted')).toMatchObject([end]);
  });

  it('that come with a component, or with a gateway by force, say so', async () => {
    const body = { kind: 'x', gateway, ports: [{ targetPort: 22 }] };
    const one = await api.make('/components', { ...body, name: 'one' });
    await api.delete(`/components/${one.id}`);
    const other = await api.gateway();
    const two = await api.make('/components', { ...body, name: 'two', gateway: other.gateway });
    await api.delete(`/gateways/${other.gateway}?force=true`);
    for (const [component, reason] of [
      [one, 'component deleted'],
      [two, 'gateway deleted'],
    ]) {
      const end = { releasedBy: 'root', reason };
      expect(await told(component.leases[0].id, 'ipam.lease.deleted')).toMatchObject([end]);
      expect(await told(component.leases[0].reservation, 'ipam.reservation.deleted')).toMatchObject([end]);
    }
    await expectSoundSpaces(api.database);
  });

  describe('of one lease', () => {
    it('leave the others, and change the reservation', async () => {
      const { id, leases } = await reserve({ count: 3 });
      const [first, second, third] = leases;
      expect((await api.delete(`/leases/${second!.id}?reason=broken`)).status).toBe(204);
      expect((await api.get(`/leases/${second!.id}`)).status).toBe(404);
      const { body } = await api.get(`/reservations/${id}`);
      expect(body).toMatchObject({ version: 2, leases: [{ id: first!.id }, { id: third!.id }] });
      expect(await told(second!.id, 'ipam.lease.deleted')).toMatchObject([{ releasedBy: 'root', reason: 'broken' }]);
      const changed = {
        leases: { from: [first, second, third].map((one) => expect.objectContaining({ id: one!.id })) },
      };
      expect(await told(id, 'ipam.reservation.updated')).toEqual([{ ...body, changed }]);
      const again = await reserve({ addresses: [second!.address] });
      expect(again.leases[0]?.id).not.toBe(second!.id);
      expect(code(await api.delete(`/leases/${second!.id}`))).toEqual([404, 'not-found']);
    });

    it('remove the reservation with its last', async () => {
      const { id, leases } = await reserve();
      expect((await api.delete(`/leases/${leases[0]!.id}?reason=last`)).status).toBe(204);
      expect((await api.get(`/reservations/${id}`)).status).toBe(404);
      expect(await told(id, 'ipam.reservation.deleted')).toMatchObject([{ reason: 'last', leases: [{}] }]);
    });

    it('are for its owner, and for the version that is named', async () => {
      const { leases } = await reserve({ count: 2 });
      const path = `/leases/${leases[0]!.id}`;
      expect(code(await api.delete(path, { token: kim }))).toEqual([403, 'forbidden']);
      expect(code(await api.delete(path, { headers: { 'if-match': '"9"' } }))).toEqual([412, 'precondition-failed']);
      expect((await api.delete(path, { headers: { 'if-match': '"1"' } })).status).toBe(204);
    });

    it('all at once by several: each once, and the reservation with the last', async () => {
      const { id, leases } = await reserve({ count: 8 });
      const answers = await Promise.all([...leases, ...leases].map((lease) => api.delete(`/leases/${lease.id}`)));
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array(8).fill(204), ...Array(8).fill(404)]);
      expect((await api.get(`/reservations/${id}`)).status).toBe(404);
      await expectSoundSpaces(api.database);
    });
  });

  /**
   * Somebody holds the row of one reservation, so that its release waits, and everything that is asked meanwhile comes
   * together in the next transaction.
   */
  async function inOneBatch<T>(held: string, work: () => Promise<T>[], last: () => Promise<unknown>): Promise<T[]> {
    const client = new pg.Client(api.database);
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM reservation WHERE id = $1 FOR UPDATE', [held]);
    const waiting = last();
    await eventually('the first to wait', async () => {
      const [row] = await query(
        api.database,
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return row.n > 0;
    });
    const answers = work();
    await client.query('COMMIT');
    await client.end();
    await waiting;
    return Promise.all(answers);
  }

  it('in one transaction have each their own answer', async () => {
    const [held, good, twice, versioned, hers] = await Promise.all([1, 2, 3, 4, 5].map(() => reserve()));
    const own = await reserve({}, kim);
    const remove = (id: string, options?: object): Promise<Answer> => api.delete(`/reservations/${id}`, options);
    const answers = await inOneBatch(
      held!.id,
      () => [
        remove(good!.id),
        remove('6b024480686c824ea09e15b6'),
        remove(twice!.id),
        remove(twice!.id),
        remove(versioned!.id, { headers: { 'if-match': '"7"' } }),
        remove(hers!.id, { token: kim }),
        remove(own.id, { token: kim }),
      ],
      () => remove(held!.id),
    );
    expect(answers.map(({ status }) => status)).toEqual([204, 404, 204, 404, 412, 403, 204]);
    expect((await api.get(`/reservations/${versioned!.id}`)).status).toBe(200);
    expect((await api.get(`/reservations/${hers!.id}`)).status).toBe(200);
    await expectSoundSpaces(api.database);
  });

  it('and renewals in one transaction have each their own answer', async () => {
    const [held, good, endless, hers, dead] = await Promise.all(
      [{ ttl: 60 }, { ttl: 60 }, {}, { ttl: 60 }, { ttl: 60 }].map((body) => reserve(body)),
    );
    await api.delete(`/reservations/${dead!.id}`);
    const renew = (id: string, options: object = {}): Promise<Answer> =>
      api.post(`/reservations/${id}/renew`, {}, options);
    const answers = await inOneBatch(
      held!.id,
      () => [
        renew(good!.id),
        renew(good!.id),
        renew(good!.id, { headers: { 'if-match': '"1"' } }),
        renew(endless!.id),
        renew(hers!.id, { token: kim }),
        renew(dead!.id),
      ],
      () => renew(held!.id),
    );
    // The order in which they arrive is not ours to say: of the three for one, the conditional one may have come first.
    const [one, two, three, ...others] = answers.map(({ status }) => status);
    expect([one, two]).toEqual([200, 200]);
    expect([200, 412]).toContain(three);
    expect(others).toEqual([422, 403, 404]);
    const version = three === 200 ? 4 : 3;
    expect((await api.get(`/reservations/${good!.id}`)).body.version).toBe(version);
    expect(await told(good!.id, 'ipam.reservation.renewed')).toHaveLength(version - 1);
  });

  it('of others go on while one waits for a lock', async () => {
    const [held, free] = [await reserve(), await reserve()];
    const client = new pg.Client(api.database);
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM reservation WHERE id = $1 FOR UPDATE', [held.id]);
    const waiting = api.post(`/reservations/${held.id}/renew`, { ttl: 60 });
    // else the other might come into the same transaction, and wait with it
    await eventually('a renewal that waits for the lock', async () => {
      const [row] = await api.sql(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return row as unknown;
    });
    expect((await api.post(`/reservations/${free.id}/renew`, { ttl: 60 })).status).toBe(200);
    await client.query('COMMIT');
    await client.end();
    expect((await waiting).status).toBe(200);
  });
});
