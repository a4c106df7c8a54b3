import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Lab, PlayedGateway } from './lab.js';

let lab: Lab;
let gateway: PlayedGateway;
beforeAll(async () => {
  lab = await Lab.create();
  await lab.furnish();
  gateway = new PlayedGateway(lab).run();
  await lab.ok('create', 'windows', '--name', 'a_b');
  await lab.ok('create', 'esrs', '--name', 'axb', '--port', '22', '--port', '443', '--count', '2', '--no-wait');
});
afterAll(async () => {
  await gateway.stop();
  await lab.stop();
});

describe('vlab create portmap, delete portmap', () => {
  const OK = `OK! Use 'vlab connect windows --name a_b --protocol ssh' to access that machine\n`;

  it('makes a machine reachable by one more protocol, once, by either form of the words', async () => {
    const made = await lab.ok('create', 'portmap', '-n', 'a_b', '-p', 'ssh');
    expect(made).toMatch(/^ADDRESS .*\n10\.20\.0\.1 +tcp 22 +192\.0\.2\.10:500[0-9]{2} +active\nOK! /);
    expect(made.endsWith(OK)).toBe(true);
    expect(await lab.ok('portmap', 'create', '--name', 'a_b', '--protocol', 'ssh')).toBe(made);
    expect(await lab.ok('connect', 'windows', '-n', 'a_b', '-p', 'ssh', '--print')).toMatch(/^ssh -p 500[0-9]{2} /);
  });

  it('is exact about names: `_` and `%` stand for themselves', async () => {
    expect(await lab.vlab(['create', 'portmap', '-n', 'a%', '-p', 'rdp'])).toMatchObject({
      code: 3,
      stderr: 'vlab: There is no component "a%".\n',
    });
    await lab.ok('create', 'linux', '--name', '%', '--port', '22', '--no-wait');
    expect(await lab.ok('connect', 'linux', '-n', '%', '-p', 'ssh', '--print')).toContain('ssh -p ');
    expect(await lab.ok('delete', 'linux', '-n', '%')).toContain('Deleted linux "%" with 1 address and 1 port.');
  });

  it('says which address, where there are several, and what the usual protocol is not', async () => {
    const cases: [string[], number, RegExp][] = [
      [
        ['create', 'portmap', '-n', 'axb', '-p', 'rdp'],
        2,
        /Say which address of it: --ip-address 10\.20\.0\.[0-9]+ or /,
      ],
      [
        ['create', 'portmap', '-n', 'axb', '-p', 'rdp', '-a', '10.20.0.99'],
        3,
        /has no address 10\.20\.0\.99; it has 10/,
      ],
      [['delete', 'portmap', '-n', 'axb', '-p', 'ssh'], 2, /Say which address of it/],
      [['create', 'portmap', '-p', 'rdp'], 2, /required option '-n, --name <name>' not specified/],
      [['create', 'portmap', '-n', 'a_b', '-p', 'console'], 2, /Allowed choices are ssh, rdp, https, mgmt/],
      [['create', 'portmap', '-n', 'a_b', '-a', 'host'], 2, /It must be an address/],
      [['portmap', 'delete', '--port', '50000', '--name', 'a_b'], 2, /Give one of these/],
      [['create', 'portmap', '-n', 'a_b', '--count', '2'], 2, /--count does not go with create portmap/],
      [['create', 'windows'], 2, /required option '-n, --name <name>' not specified/],
    ];
    for (const [args, code, message] of cases) {
      expect([args, await lab.vlab(args)]).toEqual([
        args,
        { code, stdout: '', stderr: expect.stringMatching(message) },
      ]);
    }
  });

  it('deletes by protocol, by an older port of the same, and by the port of the gateway; twice is no error', async () => {
    const deleted = (port: RegExp) => ({ code: 0, stdout: 'OK!\n', stderr: expect.stringMatching(port) });
    const nothing = { code: 0, stdout: 'OK!\n', stderr: '' };
    expect(await lab.vlab(['delete', 'portmap', '-n', 'a_b', '-p', 'ssh'])).toEqual(
      deleted(/^Deleted the port map 192/),
    );
    expect(await lab.vlab(['delete', 'portmap', '-n', 'a_b', '-p', 'ssh'])).toEqual(nothing);
    // An esrs speaks https at 9443; these maps are of before that was known.
    type Shown = { components: { leases: { address: string }[] }[] };
    const { components } = await lab.json<Shown>('show', '--name', 'axb');
    const address = components[0]!.leases[0]!.address;
    expect(await lab.vlab(['delete', 'portmap', '-n', 'axb', '-p', 'https', '-a', address])).toEqual(
      deleted(/^Deleted/),
    );
    const maps = await lab.json<{ portMaps: { connectionPort: number }[] }>('show', 'portmap', '--address', address);
    const port = String(maps.portMaps.at(-1)?.connectionPort);
    expect(await lab.vlab(['delete', 'portmap', '-n', 'axb', '-a', address, '--override-port', port])).toEqual(
      deleted(new RegExp(`:${port}\\.\\n$`)),
    );
    expect(await lab.vlab(['delete', 'portmap', '-n', 'a_b', '--override-port', port])).toEqual(nothing);
  });
});
