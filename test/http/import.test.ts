import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, dump } from '../support/api.js';
import { ended, send } from './importing.js';

const HEX_ID = '6b024480686c824ea09e15b6';
const METADATA = '{"z":1,"a":12345678901234567890,"text":"line\\nbreak \\"q\\" ü 😀","list":[1,2]}';
const NOUNS = ['pools', 'subnets', 'reservations', 'leases'];

const csv = (...lines: string[]): string => lines.map((line) => `${line}\r\n`).join('');

describe('import', () => {
  let from: Api;
  let to: Api;

  beforeAll(async () => {
    [from, to] = await Promise.all([Api.start(), Api.start()]);
    await from.post(
      '/pools',
      `{"id":"${HEX_ID}","name":"=cmd|' /C calc'!A0","tags":["a,b","ü\\"q\\""],"metadata":${METADATA},
        "policy":"random","quarantine":60,"reuseEarly":true,"supernets":["10.0.0.0/8","::1.2.3.0/120"],"thresholds":[50]}`,
    );
    const four = await from.make(`/pools/${HEX_ID}/subnets`, {
      ...{ name: 'four', cidr: '10.0.0.0/16', gatewayAddress: '10.0.0.1' },
      exclusions: { first: 5, ranges: ['10.0.1.0-10.0.1.9'] },
    });
    const six = await from.make(`/pools/${HEX_ID}/subnets`, { start: '::1.2.3.0', end: '::1.2.3.255' });
    await from.post(
      `/subnets/${four.id as string}/reservations`,
      `{"count":3,"owner":"O'Neil, \\"Bob\\"","metadata":${METADATA},"ttl":3600,"tags":["x"]}`,
    );
    const { leases } = await from.make(`/subnets/${six.id as string}/reservations`, {
      metadata: '@x',
      expiresAt: '2033-01-31T12:00:00.000Z',
    });
    await from.patch(`/leases/${leases[0].id as string}`, `{"name":"-web","tags":["t"],"metadata":${METADATA}}`);
    // once a network with exclusions, then not any more: rules that mean nothing now are kept there
    const shrunk = await from.make(`/pools/${HEX_ID}/subnets`, {
      cidr: '10.9.0.0/24',
      exclusions: { ranges: ['10.9.0.200'] },
    });
    await from.patch(`/subnets/${shrunk.id as string}`, { start: '10.9.0.10', end: '10.9.0.20' });
  });
  afterAll(() => Promise.all([from.close(), to.close()]));

  /** What an export has that an import keeps. */
  const kept = async (api: Api): Promise<unknown> => {
    const { body } = await api.get('/export');
    const rules = { createdAt: 0, updatedAt: 0, version: 0, exclusions: 0 };
    return NOUNS.map((noun) =>
      (body[noun] as { id: string }[]).map((row) => ({ ...row, ...rules })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
  };

  it.each(['json', 'ndjson', 'csv'])('takes what export gives as %s, and export gives it again', async (format) => {
    const file = (await from.get(`/export?format=${format}`)).text;
    const outcome = await ended(send(to, file, format));
    expect(outcome).toEqual({ done: true, dryRun: false, applied: { pool: 1, subnet: 3, reservation: 2, lease: 4 } });
    expect(await kept(to)).toEqual(await kept(from));
    const [pool] = await to.sql('SELECT metadata::text FROM pool');
    expect(pool.metadata).toBe(METADATA);
    const [free] = await to.sql(`SELECT sum(f.last - f.first + 1)::int AS free FROM free_interval f
      JOIN subnet s USING (space_id) WHERE s.name = 'four'`);
    expect(free.free).toBe(65_536 - 5 - 10 - 1 - 3);
    // events, one for each
    const told = await to.sql(
      `SELECT type, count(*)::int FROM outbox WHERE type LIKE '%.created' GROUP BY type ORDER BY type`,
    );
    expect(told.map(({ count }) => count)).toEqual([4, 1, 2, 3]);
    const [event] = await to.sql(
      `SELECT data::text FROM outbox WHERE type = 'ipam.reservation.created' ORDER BY seq LIMIT 1`,
    );
    expect(JSON.parse(event.data)).toMatchObject({ owner: 'O\'Neil, "Bob"', leases: [{}, {}, {}], ttl: 3600 });
    expect(
      (await to.sql(`SELECT DISTINCT actor FROM outbox WHERE type LIKE '%.created'`)).map(({ actor }) => actor),
    ).toEqual(['root']);
    // all of it is taken now
    const again = await ended(send(to, file, format));
    expect(again.done).toBe(false);
    expect(new Set(again.lines.map(({ reason }) => reason.replace(/ 10.*| ::.*/, '')))).toEqual(
      new Set(['is taken', 'overlaps the subnet']),
    );
    await to.delete(`/pools/${HEX_ID}`);
    await to.sql('DELETE FROM outbox_packed');
  });

  it('takes a list that people made: pools by name, subnets by range, leases that have no reservation', async () => {
    const pool = csv('type,name,cidr,pool,supernets', 'pool,hand,,,"[""10.0.0.0/8""]"', 'subnet,s,10.1.0.0/24,hand,');
    expect(await ended(send(to, pool, 'csv'))).toMatchObject({ done: true });
    const leases = csv('name,address,pool,subnet,owner', 'web,10.1.0.7,hand,10.1.0.0/24,kim', 'db,10.1.0.8,,10.1.0.0,');
    const outcome = await ended(send(to, leases, 'csv', '?type=leases'));
    expect(outcome).toMatchObject({ done: true, applied: { reservation: 2, lease: 2 } });
    const { body } = await to.get('/reservations');
    expect(body.reservations.map(({ owner }: { owner: string }) => owner).sort()).toEqual(['kim', 'root']);
    const named = csv('type,name,subnet,reservation,address', 'reservation,r,10.1.0.0/24,,', 'lease,,,r,10.1.0.9');
    expect(await ended(send(to, named, 'csv'))).toMatchObject({ done: true, applied: { reservation: 1, lease: 1 } });
    expect((await to.get('/leases?address=10.1.0.9')).body.leases).toHaveLength(1);
  });

  it('applies nothing of a dry run', async () => {
    const before = await dump(to.database);
    const file = (await from.get('/export?format=ndjson')).text;
    expect(await ended(send(to, file, 'ndjson', '?dryRun=true'))).toMatchObject({ done: true, dryRun: true });
    expect(await dump(to.database)).toEqual(before);
  });

  it('gives a resting address to its last owner only', async () => {
    const pool = await to.make('/pools', { name: 'resting', quarantine: 3600 });
    const subnet = await to.make(`/pools/${pool.id as string}/subnets`, { start: '10.2.0.0', end: '10.2.0.9' });
    const held = await to.make(`/subnets/${subnet.id as string}/reservations`, { owner: 'kim' });
    await to.delete(`/reservations/${held.id as string}`);
    const lease = (owner: string): string =>
      csv('type,address,subnet,owner', `lease,10.2.0.0,${subnet.id as string},${owner}`);
    const refused = await ended(send(to, lease('lou'), 'csv'));
    expect(refused.lines).toEqual([
      { type: 'lease', line: 2, field: 'address', reason: expect.stringMatching(/^rests until 20/) },
    ]);
    expect(await ended(send(to, lease('kim'), 'csv'))).toMatchObject({ done: true });
  });

  it('refuses what is no file of these types, before it reads any of it', async () => {
    const answer = await to.post('/import', '{}', { headers: { 'content-type': 'text/plain' } });
    expect([answer.status, answer.body.code]).toEqual([415, 'unsupported-media-type']);
    const odd = await to.post('/import?format=csv', '{}');
    expect([odd.status, odd.body.errors[0].field]).toEqual([422, 'format']);
    const token = await to.token({ sub: 'kim', role: 'member' });
    expect((await to.post('/import', '{}', { token })).status).toBe(403);
    const sneaked = await to.post('/pools', '{}', { headers: { 'content-type': 'application/x-berth-stream' } });
    expect(sneaked.status).toBe(415);
  });
});
