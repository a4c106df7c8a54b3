import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { DesiredMap } from '../../src/contract/desired-state.js';
import { describeInNamespaces } from '../support/namespace-suite.js';
import { desiredMap, desiredState, removed } from './desired-states.js';
import { askOnce, berthGateway, ControlPlane, eventually, GatewayProcess, Lab, serve, Talk } from './lab.js';
import { NFT } from './nft-dialect.js';

describeInNamespaces('a gateway process with nftables, and real traffic', () => {
  let lab: Lab;
  let controlPlane: ControlPlane;
  let gateway: GatewayProcess | undefined;
  let generation = 0;

  beforeAll(async () => {
    lab = await Lab.create();
    for (const [machine, name] of [
      [lab.one, 'one'],
      [lab.two, 'two'],
    ] as const) {
      await serve(machine, 'tcp', 22, name);
      await serve(machine, 'udp', 53, name);
    }
    await lab.gateway.exec(['nft', '-f', '-'], NFT.foreignBefore);
    controlPlane = await ControlPlane.start(lab.gateway);
  });
  afterAll(() => lab.remove());
  afterEach(async () => {
    await gateway?.end('SIGTERM');
    gateway = undefined;
  });

  const ssh = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.0.2', targetPort: 22 });
  const dns = desiredMap({ protocol: 'udp', connectionPort: 5_300, address: '10.20.0.2', targetPort: 53 });
  const other = desiredMap({ protocol: 'udp', connectionPort: 5_301, address: '10.20.0.2', targetPort: 53 });
  const env = { FIREWALL: 'nft', FIREWALL_RECHECK_SECONDS: '3600' };
  const ruleset = (): Promise<string> => lab.gateway.exec(['nft', '-s', 'list', 'ruleset']);

  let wanted: DesiredMap[] = [];
  async function want(maps: DesiredMap[], about = {}): Promise<void> {
    const kept = new Set(maps.map((map) => map.id));
    const removing = wanted.filter((map) => !kept.has(map.id)).map(removed);
    wanted = maps;
    const desired = desiredState(++generation, maps, removing, about);
    controlPlane.set(desired);
    gateway ??= GatewayProcess.start(lab.gateway, controlPlane, env);
    await controlPlane.settled(desired);
  }

  it('forwards TCP and UDP while a map is there, to neighbours and to itself too', async () => {
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBeUndefined();
    await want([ssh, dns]);
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    expect(await askOnce(lab.client, 'udp', '192.0.2.1', 5_300)).toBe('one hello');
    expect(await askOnce(lab.two, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    expect(await askOnce(lab.one, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    await want([dns]);
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBeUndefined();
  });

  it('lets in those whom a map names, and nobody else', async () => {
    await want([desiredMap({ ...ssh, sources: ['10.20.0.3/32', '192.0.2.0/24'] })]);
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    expect(await askOnce(lab.two, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    await want([desiredMap({ ...ssh, sources: ['10.20.0.3/32'] })]);
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBeUndefined();
    expect(await askOnce(lab.two, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
  });

  it('forwards IPv6 when that is the family of the external address, and leaves nothing behind for IPv4', async () => {
    const v6 = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: 'fd00::2', targetPort: 22 });
    await want([v6], { externalAddress: '2001:db8::1', networks: ['fd00::/64'] });
    expect(await askOnce(lab.client, 'tcp', '2001:db8::1', 22_600)).toBe('one hello');
    expect(await askOnce(lab.two, 'tcp', '2001:db8::1', 22_600)).toBe('one hello');
    expect(await ruleset()).not.toContain('table ip berth {');
    await want([ssh]);
    expect(await ruleset()).not.toContain('table ip6 berth {');
  });

  it('cuts exactly the connections of removed and retargeted maps, and keeps the others over a restart', async () => {
    await want([ssh, dns, other]);
    const talks = {
      gone: await Talk.start(lab.client, 'udp', '192.0.2.1', 5_300),
      moved: await Talk.start(lab.client, 'udp', '192.0.2.1', 5_301),
      kept: await Talk.start(lab.client, 'tcp', '192.0.2.1', 22_600),
    };
    for (const talk of Object.values(talks)) expect(await talk.ask('before')).toBe('one before');
    await want([ssh, desiredMap({ ...other, address: '10.20.0.3' }, other.id)]);
    expect(await talks.kept.ask('after')).toBe('one after');
    expect(await talks.moved.ask('after')).toBe('two after');
    expect(await talks.gone.ask('after')).toBeUndefined();
    const rules = await ruleset();
    expect(rules).not.toContain('berth1:flush');
    await gateway?.end('SIGKILL');
    gateway = undefined;
    expect(await talks.kept.ask('killed')).toBe('one killed');
    await want(wanted);
    expect(await talks.kept.ask('again')).toBe('one again');
    expect(await ruleset()).toBe(rules);
    for (const talk of Object.values(talks)) await talk.close();
  });

  it('brings back at once what another program takes, names it, and says so', async () => {
    await want([ssh, dns]);
    const rules = await ruleset();
    // Until the monitor listens nobody notices; the look at everything is an hour away.
    await eventually('brought back', async () => {
      await lab.gateway.exec(['nft', 'delete', 'table', 'ip', 'berth']);
      const started = Date.now();
      while (Date.now() - started < 1_000) if ((await ruleset()).includes('22600')) return true;
      return undefined;
    });
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    await eventually('told', () => (gateway?.log.includes('drift') === true ? true : undefined));
    expect(gateway?.log).toMatch(/changed by[^\n]*\bnft\b/);
    const sorted = (text: string): string[] => text.match(/[\w.:]+ . \d+/g)?.sort() ?? [];
    await eventually('settled', async () =>
      sorted(await ruleset()).join() === sorted(rules).join() ? true : undefined,
    );
  });

  it('does not run beside rules of the other backend, and takes the rules of both out', async () => {
    await want([ssh]);
    await gateway?.end('SIGTERM');
    gateway = undefined;
    const others = NFT.foreign(await ruleset());
    const refused = GatewayProcess.start(lab.gateway, controlPlane, { ...env, FIREWALL: 'iptables' });
    await eventually('refused', () => (refused.log.includes('berth gateway remove') ? true : undefined));
    await refused.end('SIGTERM');
    expect(await berthGateway(lab.gateway, controlPlane, ['remove'])).toMatchObject({ code: 0 });
    expect(await ruleset()).not.toMatch(NFT.ours);
    expect(NFT.foreign(await ruleset())).toBe(others);
  });

  it('shows a plan in the words of nft', async () => {
    controlPlane.set(desiredState(++generation, [ssh]));
    const shown = await lab.gateway.run([
      ...['env', `BERTH_CONTROL_PLANE_URL=${controlPlane.url}`, 'BERTH_GATEWAY=lab', 'FIREWALL=nft'],
      ...[process.execPath, process.env['BERTH_TEST_MAIN'] ?? 'dist/src/main.js', 'gateway', '--plan'],
    ]);
    expect(shown.code).toBe(2);
    expect(shown.stdout).toContain('nft -f -, table ip berth:');
    expect(shown.stdout).toContain('create element ip berth m22 { tcp . 22600 : 10.20.0.2 . 22 }');
  });
});
