import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { Lab, PlayedGateway } from './lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.create();
  await lab.furnish();
});
afterAll(() => lab.stop());

const CREATE = ['create', 'windows', '--name', 'win1'];

describe('vlab create', () => {
  it('says after the time given that the port is not there yet, and that the claim stands', async () => {
    const { code, stdout, stderr } = await lab.vlab([...CREATE, '--wait', '1']);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^ADDRESS {4}PORT {6}GATEWAY {11}STATUS\n10\.20\.0\.1 {2}tcp 3389 {2}192\.0\.2\.10:50000 {2}pending: /,
    );
    expect(stderr).toMatch(/^vlab: 1 port map is not active after 1 s\.\n {2}192\.0\.2\.10:50000 is pending/);
    expect(stderr).toContain('The gateway "gw1" has never been seen');
    expect(stderr).toContain(
      "The claim stands: 'vlab show --name win1' shows it, 'vlab delete windows --name win1' gives it back.",
    );
  });

  it('does not wait for a gateway that only plans, once that has seen the port', async () => {
    await new PlayedGateway(lab).report('plan');
    const begun = Date.now();
    const { code, stdout, stderr } = await lab.vlab([...CREATE, '--wait', '60']);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^The gateway only plans: .*\nFIREWALL=iptables/),
    });
    expect(stdout).toContain('pending: it only plans');
    expect(Date.now() - begun).toBeLessThan(30_000);
  });

  it('waits until the gateway has the port, and says how to connect; the same request is the same claim', async () => {
    const before = await lab.json<{ components: { id: string }[] }>('show');
    const gateway = new PlayedGateway(lab).run();
    try {
      const { code, stdout, stderr } = await lab.vlab([...CREATE]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toBe(
        'ADDRESS    PORT      GATEWAY           STATUS\n' +
          '10.20.0.1  tcp 3389  192.0.2.10:50000  active\n' +
          "Use 'vlab connect windows --name win1' to reach it.\n",
      );
    } finally {
      await gateway.stop();
    }
    const after = await lab.json<{ components: { id: string }[] }>('show');
    expect(after.components.map(({ id }) => id)).toEqual(before.components.map(({ id }) => id));
  });

  it('refuses another claim of the same name', async () => {
    expect(await lab.vlab([...CREATE, '--count', '2'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('another component named "win1"'),
    });
  });

  it('takes ports, protocols, tags and metadata, and prints the very JSON of the API', async () => {
    const metadata = '{"large": 12345678901234567890, "b":1,"a":2}';
    const output = await lab.ok(
      ...[
        'create',
        'resolver',
        '--name',
        'ns1',
        '--port',
        '53/udp=50053',
        '--port',
        '53',
        '--tag',
        'dns',
        '--tag',
        'prod',
      ],
      ...['--metadata', metadata, '--subnet', '10.20.0.0/24', '--no-wait', '--json'],
    );
    expect(output).toContain(`"metadata":${metadata}`);
    expect(JSON.parse(output)).toMatchObject({
      kind: 'resolver',
      tags: ['dns', 'prod'],
      leases: [{ address: '10.20.0.2' }],
      portMaps: expect.arrayContaining([
        expect.objectContaining({ protocol: 'udp', targetPort: 53, connectionPort: 50053, status: 'pending' }),
        expect.objectContaining({ protocol: 'tcp', targetPort: 53, connectionPort: 50001, status: 'pending' }),
      ]),
    });
  });

  it('says what is wrong with what the API refuses', async () => {
    const cases: [string[], RegExp][] = [
      [['create', 'thing', '--name', 'a'], /^vlab: ports: .*not a kind with known ports/],
      [['create', 'dns', '--name', 'a', '--port', '53/udp=50053'], /^vlab: The udp connection port asked for is held/],
      [['create', 'windows', '--name', 'a', '--gateway', 'nowhere'], /^vlab: gateway: names no gateway/],
    ];
    for (const [args, message] of cases) {
      expect(await lab.vlab([...args, '--no-wait'])).toEqual({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(message),
      });
    }
    expect(await lab.vlab(['create', 'windows', '--name', 'a', '--subnet', 'nowhere'])).toMatchObject({ code: 3 });
  });
});

describe('vlab show', () => {
  it('shows components with where they are reached', async () => {
    expect(await lab.ok('show', '--name', 'win1')).toBe(
      'NAME  KIND     ADDRESSES  REACHED AT                   STATUS  OWNER\n' +
        'win1  windows  10.20.0.1  192.0.2.10:50000 (tcp 3389)  active  root\n',
    );
  });

  it.each(['portmap', 'portmaps', 'port-map', 'PortMaps'])('takes %s for port maps', async (word) => {
    expect(await lab.ok('show', word, '--component', 'win1')).toMatch(
      /^GATEWAY .*\n192\.0\.2\.10:50000 {2}tcp {7}10\.20\.0\.1:3389 {2}active/,
    );
  });

  it('shows a page and says that there is more, or all, as a table or as JSON', async () => {
    const page = await lab.vlab(['show', 'leases', '--limit', '1']);
    expect(page.stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(page.stderr).toMatch(/^There are more leases than these: --all shows all/);
    expect((await lab.ok('show', 'leases', '--all', '--limit', '1')).trimEnd().split('\n')).toHaveLength(3);
    const all = await lab.json<{ leases: unknown[]; next?: string }>('show', 'leases', '--all', '--limit', '1');
    const once = await lab.json<{ leases: unknown[]; next?: string }>('show', 'leases');
    expect(all).toEqual(once);
    expect(all.leases).toHaveLength(2);
  });

  it('finds by tag, owner and kind', async () => {
    expect((await lab.ok('show', '--tag', 'dns')).trimEnd().split('\n')).toHaveLength(2);
    expect((await lab.ok('show', '--kind', 'windows')).trimEnd().split('\n')).toHaveLength(2);
    expect(await lab.vlab(['show', '--owner', 'nobody'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'There are no components to show.\n',
    });
  });

  it('makes names harmless', async () => {
    await lab.ok('pool', 'create', '--name', 'a\u009b31m\u202eb', '--tag', 'harm');
    expect(await lab.ok('show', 'pools', '--tag', 'harm')).toContain('a\\x9b31m\\u202eb');
    expect(await lab.ok('show', 'pools', '--tag', 'harm', '--json')).toContain('a\u009b31m\u202eb');
  });
});

describe('vlab connect', () => {
  /** A folder with programs of our own that keep what they were started with. */
  async function programs(...names: string[]): Promise<string> {
    const folder = join(lab.folder, `bin-${names.join('-')}`);
    await mkdir(folder);
    for (const name of names) {
      await writeFile(join(folder, name), `#!/bin/sh\nfor word; do echo "$word"; done > "${folder}/args"\nexit 7\n`);
      await chmod(join(folder, name), 0o755);
    }
    return folder;
  }
  const withPath = (folder: string) => ({ env: { ...lab.env, PATH: folder } });
  const started = (folder: string): Promise<string> =>
    eventually('the program', async () => (await readFile(join(folder, 'args'), 'utf8').catch(() => '')).trimEnd());

  it('prints the command line', async () => {
    expect(await lab.vlab(['connect', 'windows', '--name', 'win1', '--print'], withPath('/nowhere'))).toEqual({
      code: 0,
      stdout: 'xfreerdp3 /v:192.0.2.10:50000 /u:administrator\n',
      stderr: '',
    });
  });

  it('starts a program with a window and leaves it alone', async () => {
    const folder = await programs('xfreerdp');
    expect(await lab.vlab(['connect', 'windows', '--name', 'win1', '--user', 'ann'], withPath(folder))).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(await started(folder)).toBe('/v:192.0.2.10:50000\n/u:ann');
  });

  it('gives its terminal to ssh, and ends as ssh does', async () => {
    const { portMaps } = await lab.json<{ portMaps: { id: string }[] }>(
      'create',
      'centos',
      '--name',
      'lin 1',
      '--no-wait',
    );
    const folder = await programs('ssh');
    const { code, stderr } = await lab.vlab(['connect', 'centos', '--name', 'lin 1'], withPath(folder));
    expect(code).toBe(7);
    expect(stderr).toMatch(/^The port map is pending .*no connection may pass yet/);
    const id = portMaps[0]?.id ?? '';
    expect(await started(folder)).toBe(`-p\n50002\n-o\nHostKeyAlias=${id}\n-l\nroot\n192.0.2.10`);
    expect((await lab.vlab(['connect', 'centos', '--name', 'lin 1', '--protocol', 'scp'])).stdout).toBe(
      `scp -P 50002 -o HostKeyAlias=${id} FILE root@192.0.2.10:\n`,
    );
  });

  it('says where to connect to when there is no program', async () => {
    expect(await lab.vlab(['connect', 'windows', '--name', 'win1'], withPath('/nowhere'))).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^vlab: No program for RDP is installed\.\nLooked for xfreerdp3, xfreerdp, wfreerdp, remmina on the PATH\.\n[^]*apt install remmina\.\nConnect your own to 192\.0\.2\.10:50000 as administrator\.\n$/,
      ),
    });
  });

  it('knows what there is not', async () => {
    const cases: [string[], number, RegExp][] = [
      [['windows', '--name', 'nothing'], 3, /There is no component "nothing"/],
      [
        ['centos', '--name', 'win1'],
        1,
        /of the kind "windows", not "centos"\.\nUse 'vlab connect windows --name win1'/,
      ],
      [['windows', '--name', 'win1', '--protocol', 'ssh'], 3, /no port map for ssh \(tcp 22\); it has tcp 3389/],
      [['windows', '--name', 'win1', '--address', '10.20.0.9'], 3, /no TCP port map to 10\.20\.0\.9/],
      [
        ['windows', '--name', 'win1', '--protocol', 'telnet'],
        2,
        /Allowed choices are ssh, scp, rdp, https, mgmt, console/,
      ],
      [['windows', '--name', 'win1', '--user', '-oProxyCommand=x'], 2, /cannot be a user/],
    ];
    for (const [args, code, message] of cases) {
      const output = await lab.vlab(['connect', ...args, '--print']);
      expect([args, output]).toEqual([args, { code, stdout: '', stderr: expect.stringMatching(message) }]);
    }
  });
});

describe('vlab status', () => {
  it('shows who I am, the gateways, and my port maps', async () => {
    const text = await lab.ok('status');
    expect(text).toMatch(
      /^url {3}http:\/\/127\.0\.0\.1:[0-9]+\nuser {2}root \(admin, until 20.*\)\napi {3}ready\nmaps {2}/,
    );
    expect(text).toContain('1 active');
    expect(text).toMatch(/gw1 +apply +[0-9]+ (s|min) ago +behind: at generation [0-9]+ of [0-9]+/);
    await new PlayedGateway(lab).report();
    expect(await lab.ok('status')).toMatch(/gw1 .* current\n/);
    expect(await lab.json('status')).toMatchObject({
      ready: true,
      user: { name: 'root' },
      gateways: [{ name: 'gw1' }],
      portMaps: { active: 4 },
    });
  });

  it('shows no more than a member may know', async () => {
    const BERTH_TOKEN = await lab.token({ sub: 'ann', role: 'member' });
    const { code, stdout } = await lab.vlab(['status'], { env: { ...lab.env, BERTH_TOKEN } });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/maps {2}none\n[^]*at generation [0-9]+\n/),
    });
  });
});

describe('vlab delete', () => {
  it('wants the kind to be right', async () => {
    expect(await lab.vlab(['delete', 'centos', '--name', 'win1'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not "centos"'),
    });
    expect(await lab.vlab(['delete', 'windows', '--name', 'nothing'])).toMatchObject({ code: 3 });
  });

  it('leaves what belongs to others', async () => {
    const BERTH_TOKEN = await lab.token({ sub: 'ann', role: 'member' });
    expect(await lab.vlab(['delete', 'windows', '--name', 'win1'], { env: { ...lab.env, BERTH_TOKEN } })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'vlab: This belongs to another owner.\n',
    });
  });

  it('says when the gateway has not confirmed, and waits until it has', async () => {
    const { code, stdout, stderr } = await lab.vlab(['delete', 'windows', '--name', 'win1', '--wait', '1']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'Deleted windows "win1" with 1 address and 1 port.\n' });
    expect(stderr).toMatch(/^vlab: The gateway has not confirmed after 1 s that 192\.0\.2\.10:50000 is closed/);
    expect(await lab.ok('show', 'portmap', '--status', 'removing')).toContain('192.0.2.10:50000');
    const gateway = new PlayedGateway(lab).run();
    try {
      expect(await lab.vlab(['delete', 'resolver', '--name', 'ns1', '--wait'])).toMatchObject({ code: 0, stderr: '' });
    } finally {
      await gateway.stop();
    }
    expect(await lab.vlab(['delete', 'resolver', '--name', 'ns1'])).toMatchObject({ code: 3 });
    const { portMaps } = await lab.json<{ portMaps: { connectionPort: number }[] }>('show', 'portmaps');
    expect(portMaps.map(({ connectionPort }) => connectionPort)).toEqual([50002]);
  });
});
