import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { Bind, keyClause, newKey } from './bind.js';

const ZONE = 'lab.example';
const REVERSE = '20.10.in-addr.arpa';
const REVERSE6 = '8.b.d.0.1.0.0.2.ip6.arpa';
/** BIND makes one change after another, so this fits into a second or two on any machine. */
const SOON_MS = 10_000;

describe('names of leases in DNS', () => {
  const key = newKey('berth');
  const keyFile = join(tmpdir(), `berth-lease-names-${process.pid}.keys`);
  let bind: Bind;
  let api: Api;
  let second: Api;
  let pool: string;

  beforeAll(async () => {
    await writeFile(keyFile, keyClause(newKey('another')) + keyClause(key), { mode: 0o600 });
    bind = await Bind.start({ zones: { [ZONE]: 'berth', [REVERSE]: 'berth', [REVERSE6]: 'berth' }, keys: [key] });
    const env = { DNS_KEYS_FILE: keyFile, DNS_CHECK_SECONDS: '1', LOG_LEVEL: 'debug' };
    api = await Api.start({ env });
    second = await Api.start({ env, database: api.database, secret: api.secret });
    const dns = { zone: ZONE, server: `127.0.0.1:${bind.port}`, key: 'berth', reverseZones: [REVERSE, REVERSE6] };
    pool = (await api.make('/pools', { name: 'lab', dns })).id;
    await api.make(`/pools/${pool}/subnets`, { name: 'four', start: '10.20.0.1', end: '10.20.0.200' });
    await api.make(`/pools/${pool}/subnets`, { name: 'six', start: '2001:db8::1', end: '2001:db8::ff' });
  });
  afterAll(async () => {
    await second.close();
    await api.close();
    await bind.remove();
    await rm(keyFile, { force: true });
  });

  const reserve = async (
    name: string,
    more: Record<string, unknown> = {},
  ): Promise<{ id: string; addresses: string[] }> => {
    const { id } = await api.make(`/pools/${pool}/reservations`, { name, owner: 'alice', ...more });
    const { body } = await api.get(`/reservations/${id}/leases`);
    return { id, addresses: body.leases.map(({ address }: { address: string }) => address) };
  };
  const release = async (id: string): Promise<void> => {
    expect((await api.delete(`/reservations/${id}`)).status).toBe(204);
  };
  const tells = (name: string, wanted: string[], type = 'A'): Promise<true> =>
    eventually(
      `${name} ${type} is ${wanted.join(' ')}`,
      async () => {
        const told = await bind.dig(name, type);
        if (told.join() !== [...wanted].sort().join()) throw new Error(`it is ${told.join(' ')}`);
        return true as const;
      },
      SOON_MS,
    );
  const zone = async (name = ZONE): Promise<Record<string, unknown> & { failedNames: { name: string }[] }> =>
    (await api.get('/dns-zones')).body.zones.find((one: { zone: string }) => one.zone === name);

  it('are told with their PTR records, changed with the name, and go with the lease', async () => {
    const { id, addresses } = await reserve('Web.Shop', { count: 2 });
    await tells(`web.shop.${ZONE}`, addresses);
    const reversed = `${addresses[0]!.split('.').reverse().join('.')}.in-addr.arpa`;
    await tells(reversed, [`web.shop.${ZONE}.`], 'PTR');
    // Whoever keeps to RFC 4703 sees that the name is taken, and by whom not.
    expect(await bind.dig(`web.shop.${ZONE}`, 'DHCID')).toHaveLength(1);

    const { body } = await api.get(`/reservations/${id}/leases`);
    await api.patch(`/leases/${body.leases[0].id}`, { name: 'db' });
    await tells(`db.${ZONE}`, [addresses[0]!]);
    await tells(`web.shop.${ZONE}`, [addresses[1]!]);
    await tells(reversed, [`db.${ZONE}.`], 'PTR');

    await release(id);
    await tells(`db.${ZONE}`, []);
    await tells(`web.shop.${ZONE}`, []);
    await tells(`web.shop.${ZONE}`, [], 'DHCID');
    await tells(reversed, [], 'PTR');
    expect((await api.sql('SELECT FROM dns_name')).length).toBe(0);
  });

  it('are told for IPv6 as well', async () => {
    const { id } = await reserve('six', { addresses: ['2001:db8::77'] });
    await tells(`six.${ZONE}`, ['2001:db8::77'], 'AAAA');
    await tells(`7.7.${'0.'.repeat(22)}${REVERSE6}`, [`six.${ZONE}.`], 'PTR');
    await release(id);
    await tells(`six.${ZONE}`, [], 'AAAA');
  });

  it('never take the place of what somebody else has there', async () => {
    await bind.edit(key, `update add printer.${ZONE}. 60 A 192.0.2.9`);
    const { id } = await reserve('printer');
    const failed = await eventually('the name is told to be taken', async () => (await zone()).failedNames[0], SOON_MS);
    expect(failed).toMatchObject({
      name: `printer.${ZONE}`,
      reservation: id,
      problem: expect.stringMatching(/somebody else/),
    });
    expect(await bind.dig(`printer.${ZONE}`)).toEqual(['192.0.2.9']);
    await release(id);
    await eventually('it is given up', async () => (await zone()).failedNames.length === 0, SOON_MS);
    expect(await bind.dig(`printer.${ZONE}`)).toEqual(['192.0.2.9']);
  });

  it('belong to whom has them first, then to the next', async () => {
    const first = await reserve('same');
    await tells(`same.${ZONE}`, first.addresses);
    const next = await reserve('same');
    await release(first.id);
    await tells(`same.${ZONE}`, next.addresses);
    await release(next.id);
    const unspeakable = await reserve('no host name!');
    await tells(`same.${ZONE}`, []);
    expect((await api.sql(`SELECT name FROM dns_name WHERE holder = $1`, [unspeakable.id])).length).toBe(0);
    await release(unspeakable.id);
  });

  it('come back when they were deleted by hand, and cost the zone nothing while they are right', async () => {
    const { id, addresses } = await reserve('healed');
    await tells(`healed.${ZONE}`, addresses);
    await bind.edit(key, `update delete healed.${ZONE}.`);
    await tells(`healed.${ZONE}`, addresses);
    await bind.edit(key, `update delete healed.${ZONE}. A`, `update add healed.${ZONE}. 60 A 192.0.2.1`);
    await tells(`healed.${ZONE}`, addresses);

    const serial = await bind.dig(ZONE, 'SOA');
    const done = async (): Promise<number> => {
      const metrics = await Promise.all([api, second].map((one) => one.get('/metrics')));
      const counts = metrics.map(
        ({ text }) => /berth_dns_updates_total\{zone="lab.example",outcome="done"\} (\d+)/.exec(text)?.[1],
      );
      return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
    };
    const before = await done();
    await eventually('it was looked at twice', async () => (await done()) >= before + 2, SOON_MS);
    expect(await bind.dig(ZONE, 'SOA')).toEqual(serial);
    await release(id);
    await tells(`healed.${ZONE}`, []);
  });

  it('wait for a server that is away, and no claim does', async () => {
    const kept = await reserve('kept');
    await tells(`kept.${ZONE}`, kept.addresses);
    await bind.kill();
    await release(kept.id);
    const { addresses, id } = await reserve('late');
    const away = await eventually(
      'it is seen',
      async () => ((await zone())['problem'] === null ? false : zone()),
      SOON_MS,
    );
    expect(away).toMatchObject({
      problem: expect.stringMatching(/cannot be reached|did not answer/),
      server: `127.0.0.1:${bind.port}`,
    });
    await bind.restart();
    await tells(`late.${ZONE}`, addresses);
    await tells(`kept.${ZONE}`, []);
    await eventually('it is well', async () => (await zone())['problem'] === null, SOON_MS);
    await release(id);
  });

  it('go on when a process is killed, and go when the pool leaves DNS, without a word of the key', async () => {
    await second.end('SIGKILL');
    const { addresses, id } = await reserve('last');
    await tells(`last.${ZONE}`, addresses);
    expect((await api.patch(`/pools/${pool}`, { dns: { ttl: 60 } })).body.dns).toMatchObject({ ttl: 60, zone: ZONE });
    await api.patch(`/pools/${pool}`, { dns: { key: 'missing' } });
    await eventually('the key is missed', async () => /DNS_KEYS/.test(String((await zone())['problem'])), SOON_MS);
    await api.patch(`/pools/${pool}`, { dns: { key: 'berth' } });
    await eventually('it is found', async () => (await zone())['problem'] === null, SOON_MS);
    const { body } = await api.patch(`/pools/${pool}`, { dns: null });
    expect(body.dns).toBeUndefined();
    await tells(`last.${ZONE}`, []);
    await eventually('nothing is left', async () => (await api.get('/dns-zones')).body.zones.length === 0, SOON_MS);
    await release(id);
    expect(api.log + second.log).not.toContain(Buffer.from(key.secret).toString('base64'));
  });

  it('need zone, server and key, each as it should be', async () => {
    const refused = async (dns: unknown): Promise<string[]> => {
      const { status, body } = await api.post('/pools', { name: 'bad', dns });
      expect(status).toBe(422);
      return body.errors.map(({ field }: { field: string }) => field);
    };
    expect(await refused({ zone: ZONE, server: '127.0.0.1' })).toEqual(['dns.key']);
    expect(await refused({ zone: 'a..b', server: '127.0.0.1:0', key: 'k', ttl: -1 })).toEqual([
      'dns.zone',
      'dns.server',
      'dns.ttl',
    ]);
    expect(await refused({ zone: ZONE, server: 'ns', key: 'k', secret: 'x' })).toEqual(['dns.secret']);
    expect(new Set(await refused('lab.example'))).toEqual(new Set(['dns']));
  });
});
