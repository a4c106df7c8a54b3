import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Lab, PlayedGateway } from './lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.create();
});
afterAll(() => lab.stop());

interface Thing {
  id: string;
  [key: string]: unknown;
}

describe('vlab pool', () => {
  it('creates, lists, shows, changes and deletes', async () => {
    const metadata = '{"large":12345678901234567890}';
    const made = await lab.json<Thing>('pool', 'create', '--name', 'one', '--tag', 'a', '--metadata', metadata);
    expect(await lab.ok('pool', 'list')).toBe(`NAME  USED  FREE  TAGS  ID\none   0 %   0     a     ${made.id}\n`);
    expect(await lab.ok('pool', 'show', 'one')).toMatch(/^metadata +\{"large":12345678901234567890\}$/m);
    expect(await lab.ok('pool', 'show', made.id, '--json')).toContain(metadata);
    expect(await lab.json('pool', 'update', 'one', '--name', 'uno', '--clear-tags')).toMatchObject({
      name: 'uno',
      tags: [],
      version: 2,
    });
    expect(await lab.vlab(['pool', 'update', 'uno'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Say what to change'),
    });
    expect(await lab.vlab(['pool', 'delete', 'one'])).toMatchObject({ code: 3 });
    expect(await lab.ok('pool', 'delete', 'uno')).toBe('Deleted pool "uno".\n');
    expect(await lab.vlab(['pool', 'show', made.id])).toMatchObject({ code: 3 });
  });

  it('does not guess which of two is meant', async () => {
    const [one, two] = [
      await lab.json<Thing>('pool', 'create', '-n', 'twin'),
      await lab.json<Thing>('pool', 'create', '-n', 'twin'),
    ];
    const { code, stderr } = await lab.vlab(['pool', 'delete', 'twin']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `vlab: Several pools are called "twin": use the id of one.\n  ${one.id}\n  ${two.id}\n`,
    });
    for (const { id } of [one, two]) await lab.ok('pool', 'delete', id);
  });
});

describe('vlab subnet, reservation and lease', () => {
  beforeAll(async () => {
    await lab.ok('pool', 'create', '--name', 'lab');
  });

  it('makes a subnet of a network, or of exactly a range', async () => {
    const subnet = (...args: string[]): Promise<Thing> => lab.json('subnet', 'create', '--pool', 'lab', ...args);
    expect(await subnet('10.0.0.0/24')).toMatchObject({
      cidr: '10.0.0.0/24',
      exclusions: { network: true, broadcast: true },
    });
    expect(await subnet('--cidr', '2001:DB8::/64', '--gateway-address', '2001:db8::1')).toMatchObject({
      start: '2001:db8::',
      end: '2001:db8::ffff:ffff:ffff:ffff',
      gatewayAddress: '2001:db8::1',
    });
    expect(await subnet('--start', '10.0.1.0', '--end', '10.0.1.254', '-n', 'all')).toMatchObject({
      start: '10.0.1.0',
      end: '10.0.1.254',
      cidr: null,
    });
    expect((await lab.ok('subnet', 'list', '--pool', 'lab')).trimEnd().split('\n')).toHaveLength(4);
    expect(await lab.json('subnet', 'show', '10.0.0.0/24')).toMatchObject({ end: '10.0.0.255' });
    expect(await lab.vlab(['subnet', 'create', '--pool', 'lab', '10.0.0.128/25'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('overlaps'),
    });
    expect(await lab.vlab(['subnet', 'create', '--pool', 'lab', '10.0.0.1/24'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('such as 10.0.0.0/24'),
    });
    for (const args of [
      [],
      ['10.0.9.0/24', '--end', '10.0.9.9'],
      ['--start', '10.0.9.0'],
      ['10.0.9.0/24', '--family', '4'],
    ]) {
      expect(await lab.vlab(['subnet', 'create', '--pool', 'lab', ...args])).toMatchObject({ code: 2 });
    }
  });

  it('changes the addresses of a subnet and what it gives of them', async () => {
    const update = (...args: string[]): Promise<Thing> => lab.json('subnet', 'update', 'all', ...args);
    expect(await update('--end', '10.0.1.255', '--exclude-first', '8', '--exclude', '10.0.1.9')).toMatchObject({
      cidr: '10.0.1.0/24',
      exclusions: { first: 8, last: 0, ranges: ['10.0.1.9'], network: false },
    });
    expect(await lab.ok('subnet', 'show', 'all')).toMatch(/^exclusions +first 8, last 0, ranges 10\.0\.1\.9, network/m);
    expect(await update('--exclude-broadcast', '--gateway-address', '10.0.1.254')).toMatchObject({
      gatewayAddress: '10.0.1.254',
      exclusions: { first: 8, broadcast: true },
    });
    expect(await update('--clear-exclusions', '--exclude-last', '1', '--clear-gateway-address')).toMatchObject({
      gatewayAddress: null,
      exclusions: { first: 0, last: 1, ranges: [], broadcast: false },
    });
    expect(await update('--cidr', '10.0.1.0/25')).toMatchObject({ end: '10.0.1.127' });
    expect(await lab.ok('subnet', 'delete', 'all')).toBe('Deleted subnet "all".\n');
  });

  it("carves subnets from a pool's supernets", async () => {
    const sites = ['--supernet', '10.64.0.0/15', '--supernet', '2001:db8:f::/48'];
    expect(await lab.json('pool', 'create', '--name', 'sites', ...sites)).toMatchObject({
      supernets: ['10.64.0.0/15', '2001:db8:f::/48'],
    });
    const carve = (...args: string[]): string[] => ['subnet', 'create', '--pool', 'sites', '--prefix-length', ...args];
    expect(await lab.json(...carve('24', '--family', '4', '--dry-run'))).toMatchObject({ cidr: '10.64.0.0/24' });
    expect(await lab.json(...carve('24', '--family', '4', '--no-exclude-broadcast'))).toMatchObject({
      cidr: '10.64.0.0/24',
      exclusions: { network: true, broadcast: false },
    });
    expect(await lab.json(...carve('64'))).toMatchObject({ cidr: '2001:db8:f::/64' });
    expect(await lab.vlab(carve('15', '--family', '4'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the largest free block is a /16'),
    });
    expect(await lab.vlab(['pool', 'update', 'sites', '--clear-supernets'])).toMatchObject({ code: 1 });
    for (const network of ['10.64.0.0/24', '2001:db8:f::/64']) await lab.ok('subnet', 'delete', network);
    expect(await lab.json('pool', 'update', 'sites', '--clear-supernets')).toMatchObject({ supernets: [] });
    await lab.ok('pool', 'delete', 'sites');
  });

  it('reserves in a pool or a subnet, by number or by address', async () => {
    expect(await lab.ok('reservation', 'create', '--pool', 'lab', '--count', '3', '--name', 'cluster')).toContain(
      'leases           10.0.0.1, 10.0.0.2, 10.0.0.3\n',
    );
    const exact = await lab.json<Thing>(
      'reservation',
      'create',
      '--subnet',
      '10.0.0.0/24',
      '--address',
      '10.0.0.7',
      '--address',
      '10.0.0.9',
    );
    expect(exact['leases']).toMatchObject([{ address: '10.0.0.7' }, { address: '10.0.0.9' }]);
    expect(await lab.vlab(['reservation', 'create', '--subnet', '10.0.0.0/24', '--address', '10.0.0.7'])).toMatchObject(
      { code: 1, stderr: expect.stringContaining('is held') },
    );
    expect(await lab.vlab(['reservation', 'create', '--subnet', '10.0.0.0/24', '--count', '300'])).toMatchObject({
      code: 1,
    });
    expect(await lab.vlab(['reservation', 'create'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('either --pool or --subnet'),
    });
    expect(
      (await lab.ok('reservation', 'list', '--pool', 'lab', '--owner', 'root')).trimEnd().split('\n'),
    ).toHaveLength(3);
    expect(await lab.json('reservation', 'list', '--subnet', '10.0.0.0/24')).toHaveProperty('reservations.length', 2);
    expect(await lab.json('reservation', 'update', 'cluster', '--tag', 'k8s')).toMatchObject({ tags: ['k8s'] });
  });

  it('shows leases by address and gives them names', async () => {
    expect(await lab.json('lease', 'list', '--reservation', 'cluster')).toHaveProperty('leases.length', 3);
    expect(await lab.json('lease', 'update', '10.0.0.2', '--name', 'node2')).toMatchObject({
      address: '10.0.0.2',
      name: 'node2',
    });
    expect(await lab.ok('lease', 'show', 'node2')).toMatch(/^address {6}10\.0\.0\.2$/m);
    expect(await lab.vlab(['lease', 'show', '10.0.0.99'])).toMatchObject({ code: 3 });
    expect(await lab.ok('reservation', 'delete', 'cluster')).toBe('Deleted reservation "cluster".\n');
    expect(await lab.vlab(['lease', 'show', '10.0.0.2'])).toMatchObject({ code: 3 });
  });
});

describe('vlab gateway and portmap', () => {
  it('makes a gateway, changes it, and deletes it with what it has only when forced', async () => {
    await lab.ok(
      'gateway',
      'create',
      '--name',
      'g',
      '--external-address',
      '192.0.2.1',
      '--network',
      '10.0.0.0/16',
      '--ports',
      'tcp=50000-50001',
      '--pool',
      'lab',
    );
    expect(await lab.ok('gateway', 'list')).toMatch(
      /\ng {5}192\.0\.2\.1 {2}tcp 50000-50001, udp 50000-50100 {2}- {5}never {6}root/,
    );
    expect(await lab.json('gateway', 'update', 'g', '--no-pool', '--ports', 'tcp=50000-50010')).toMatchObject({
      pool: null,
      ports: { tcp: { last: 50010 } },
    });
    expect(await lab.json('gateway', 'update', 'g', '--network', '10.0.0.0/8', '--pool', 'lab')).toMatchObject({
      networks: ['10.0.0.0/8'],
      pool: expect.any(String),
    });
    expect(await lab.json('gateway', 'update', 'g', '--tag', 'x')).toMatchObject({
      pool: expect.any(String),
      networks: ['10.0.0.0/8'],
    });
    expect(await lab.vlab(['gateway', 'create', '--name', 'g', '--external-address', '192.0.2.1'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('a gateway named "g" already'),
    });
    await lab.ok('portmap', 'create', '--to', '10.0.0.7:22', '--no-wait');
    expect(await lab.vlab(['gateway', 'delete', 'g'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('vlab gateway delete --force does that.'),
    });
    expect(await lab.ok('gateway', 'delete', 'g', '--force')).toBe('Deleted gateway "g".\n');
  });

  it('maps ports to addresses and leases, waits for them, and deletes them by port', async () => {
    await lab.ok('gateway', 'create', '--name', 'gw1', '--external-address', '192.0.2.10', '--network', '10.0.0.0/16');
    const gateway = new PlayedGateway(lab).run();
    try {
      expect(await lab.ok('portmap', 'create', '--to', '10.0.0.7:22', '--name', 'door')).toBe(
        'ADDRESS   PORT    GATEWAY           STATUS\n10.0.0.7  tcp 22  192.0.2.10:50000  active\n',
      );
      const map = [
        'portmap',
        'create',
        '--lease',
        '10.0.0.9',
        '--target-port',
        '53',
        '--protocol',
        'udp',
        '--port',
        '50000',
      ];
      expect(await lab.json(...map)).toMatchObject({
        protocol: 'udp',
        connectionPort: 50000,
        address: '10.0.0.9',
        status: 'active',
      });
      expect(await lab.vlab([...map, '--no-wait'])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('is held'),
      });
    } finally {
      await gateway.stop();
    }
    expect(await lab.ok('portmap', 'show', 'door')).toMatch(/^connection port {3}50000$/m);
    expect((await lab.ok('portmap', 'list', '--gateway', 'gw1')).trimEnd().split('\n')).toHaveLength(3);
    await lab.ok('portmap', 'update', 'door', '--from', '198.51.100.0/24', '--from', '203.0.113.7/32', '--ttl', '8h');
    const narrowed = await lab.json<{ sources: string[]; expiresAt: string | null }>('portmap', 'show', 'door');
    expect(narrowed.sources).toEqual(['198.51.100.0/24', '203.0.113.7/32']);
    expect(narrowed.expiresAt).not.toBeNull();
    await lab.ok('portmap', 'update', 'door', '--from-anywhere', '--expires', 'never');
    expect(await lab.json('portmap', 'show', 'door')).toMatchObject({ sources: [], expiresAt: null });
    expect(await lab.vlab(['portmap', 'update', 'door', '--from-anywhere', '--from', '10.0.0.0/8'])).toMatchObject({
      code: 2,
    });
    expect(await lab.vlab(['portmap', 'delete', '--port', '50000'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Several port maps are at port 50000.*\n .* tcp .*\n .* udp /),
    });
    expect(await lab.ok('portmap', 'delete', '--port', '50000', '--protocol', 'udp', '--gateway', 'gw1')).toBe(
      'Deleted the port map 192.0.2.10:50000 to 10.0.0.9:53.\n',
    );
    expect(await lab.ok('portmap', 'delete', 'door')).toBe('Deleted the port map 192.0.2.10:50000 to 10.0.0.7:22.\n');
    expect(await lab.vlab(['portmap', 'delete', '--port', '50000'])).toMatchObject({ code: 3 });
  });

  it('reserves for a time, renews, and gives back with a reason', async () => {
    const { id, expiresAt } = await lab.json<Thing & { expiresAt: string }>(
      ...['reservation', 'create', '--pool', 'lab', '--count', '2', '--ttl', '2h', '--name', 'trial'],
    );
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 7_200_000)).toBeLessThan(60_000);
    expect(await lab.ok('reservation', 'list', '--name', 'trial')).toContain(expiresAt.replace(/\.\d+Z$/, 'Z'));
    expect(await lab.json('reservation', 'renew', 'trial')).toMatchObject({ id, ttl: 7200, version: 2 });
    const end = '2031-01-31T12:00:00.000Z';
    expect(await lab.json('reservation', 'renew', 'trial', '--expires', end)).toMatchObject({ expiresAt: end });
    expect(await lab.json('reservation', 'update', 'trial', '--expires', 'never')).toMatchObject({ expiresAt: null });
    const both = ['reservation', 'renew', 'trial', '--ttl', '1d12h', '--expires', end];
    expect(await lab.vlab(both)).toMatchObject({ code: 2, stderr: expect.stringContaining('not both') });
    expect(await lab.vlab(['reservation', 'renew', 'trial', '--ttl', '2 hours'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('like 90s'),
    });
    const { leases } = await lab.json<Thing & { leases: Thing[] }>('reservation', 'show', 'trial');
    const address = String(leases[0]?.['address']);
    expect(await lab.ok('lease', 'release', address, '--reason', 'broken')).toBe(`Released lease "${address}".\n`);
    expect(await lab.ok('reservation', 'release', 'trial', '--reason', 'done')).toBe('Released reservation "trial".\n');
    expect(await lab.vlab(['reservation', 'show', id])).toMatchObject({ code: 3 });
  });

  it('wants to know where a port map leads', async () => {
    const cases: [string[], number, RegExp][] = [
      [[], 2, /either --to or --lease/],
      [['--to', '10.0.0.7'], 2, /which port of the machine/],
      [['--to', '10.0.0.7:0'], 2, /from 1 to 65535/],
      [['--to', 'host:22'], 2, /must be like 10\.20\.0\.7:22/],
      [['--to', '172.16.0.1:22'], 1, /not one that the gateway "gw1" may reach/],
      [['--lease', '10.0.0.250', '--target-port', '22'], 3, /There is no lease "10\.0\.0\.250"/],
    ];
    for (const [args, code, message] of cases) {
      const output = await lab.vlab(['portmap', 'create', ...args]);
      expect([args, output]).toEqual([args, { code, stdout: '', stderr: expect.stringMatching(message) }]);
    }
    expect(await lab.vlab(['portmap', 'delete'])).toMatchObject({ code: 2 });
  });
});
