import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { DesiredMap } from '../../src/contract/desired-state.js';
import { desiredMap, desiredState, removed } from './desired-states.js';
import { foreign, FOREIGN_AFTER, FOREIGN_BEFORE } from './iptables-dialect.js';
import { askOnce, berthGateway, ControlPlane, eventually, GatewayProcess, Lab, serve, Talk } from './lab.js';
import { describeInNamespaces } from '../support/namespace-suite.js';

describeInNamespaces('a gateway process and real traffic', () => {
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
    await lab.gateway.exec(['iptables-restore', '--noflush'], FOREIGN_BEFORE);
    // The site forwards nothing by itself: what passes, passes by Berth's rules.
    await lab.gateway.exec(['iptables', '-P', 'FORWARD', 'DROP']);
    await lab.gateway.exec(['ip6tables', '-P', 'FORWARD', 'DROP']);
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

  /** Sets what is desired, with everything named as removed that was wanted before, and waits until it is so. */
  let wanted: DesiredMap[] = [];
  async function want(maps: DesiredMap[], about = {}): Promise<void> {
    const kept = new Set(maps.map((map) => map.id));
    const removing = wanted.filter((map) => !kept.has(map.id)).map(removed);
    wanted = maps;
    const desired = desiredState(++generation, maps, removing, about);
    controlPlane.set(desired);
    gateway ??= GatewayProcess.start(lab.gateway, controlPlane);
    await controlPlane.settled(desired);
  }

  it('forwards TCP and UDP while a map is there, and neither before nor after', async () => {
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBeUndefined();
    await want([ssh, dns]);
    expect(controlPlane.asked[0]?.token).toBe('Bearer header.payload.signature');
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    expect(await askOnce(lab.client, 'udp', '192.0.2.1', 5_300)).toBe('one hello');
    await want([]);
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBeUndefined();
    expect(await askOnce(lab.client, 'udp', '192.0.2.1', 5_300)).toBeUndefined();
  });

  it('lets a machine reach its neighbour, and itself, by the public port; not without the hairpin rule', async () => {
    await want([ssh, dns]);
    expect(await askOnce(lab.two, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    expect(await askOnce(lab.one, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    expect(await askOnce(lab.two, 'udp', '192.0.2.1', 5_300)).toBe('one hello');
    await lab.gateway.exec(['iptables', '-t', 'nat', '-D', 'POSTROUTING', '-s', '10.20.0.0/16', '-j', 'MASQUERADE']);
    await want([ssh, dns], { networks: [] });
    expect(await askOnce(lab.two, 'tcp', '192.0.2.1', 22_600)).toBeUndefined();
    await lab.gateway.exec(['iptables', '-t', 'nat', '-A', 'POSTROUTING', '-s', '10.20.0.0/16', '-j', 'MASQUERADE']);
  });

  it('forwards IPv6 when that is the family of the external address, and leaves nothing behind for IPv4', async () => {
    const v6 = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: 'fd00::2', targetPort: 22 });
    await want([v6], { externalAddress: '2001:db8::1', networks: ['fd00::/64'] });
    expect(await askOnce(lab.client, 'tcp', '2001:db8::1', 22_600)).toBe('one hello');
    expect(await askOnce(lab.two, 'tcp', '2001:db8::1', 22_600)).toBe('one hello');
    expect(await lab.gateway.exec(['iptables-save'])).not.toMatch(/BERTH-|berth1:/);
    await want([ssh]);
    expect(await lab.gateway.exec(['ip6tables-save'])).not.toMatch(/BERTH-|berth1:/);
  });

  it('cuts exactly the connections of removed and retargeted maps, UDP too', async () => {
    await want([ssh, dns, other]);
    const talks = {
      gone: await Talk.start(lab.client, 'udp', '192.0.2.1', 5_300),
      moved: await Talk.start(lab.client, 'udp', '192.0.2.1', 5_301),
      kept: await Talk.start(lab.client, 'tcp', '192.0.2.1', 22_600),
    };
    for (const talk of Object.values(talks)) expect(await talk.ask('before')).toBe('one before');
    const flowOfKept = await lab.gateway.exec(['conntrack', '-L', '-p', 'tcp', '--orig-port-dst', '22600']);
    await want([ssh, desiredMap({ ...other, address: '10.20.0.3' }, other.id)]);
    expect(await talks.kept.ask('after')).toBe('one after');
    expect(await talks.moved.ask('after')).toBe('two after');
    expect(await talks.gone.ask('after')).toBeUndefined();
    const tuple = (text: string): string[] => text.match(/(?:src|dst|sport|dport)=\S+/g) ?? [];
    expect(tuple(await lab.gateway.exec(['conntrack', '-L', '-p', 'tcp', '--orig-port-dst', '22600']))).toEqual(
      tuple(flowOfKept),
    );
    for (const talk of Object.values(talks)) await talk.close();
  });

  it('lets in only those who may use a map, and cuts those who may no more, at once', async () => {
    const from = (...sources: string[]): DesiredMap => desiredMap({ ...ssh, sources }, ssh.id);
    await want([from('192.0.2.0/24')]);
    const talk = await Talk.start(lab.client, 'tcp', '192.0.2.1', 22_600);
    expect(await talk.ask('before')).toBe('one before');
    await want([from('192.0.2.2/32', '10.20.0.3/32')]);
    expect(await talk.ask('narrowed')).toBe('one narrowed');
    expect(await askOnce(lab.two, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    await want([from('10.20.0.3/32')]);
    expect(await talk.ask('shut out')).toBeUndefined();
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBeUndefined();
    expect(await askOnce(lab.two, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    await want([ssh]);
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    await talk.close();
  });

  it('finishes the cutting that a crash between commit and flush left undone', async () => {
    await want([dns]);
    const talk = await Talk.start(lab.client, 'udp', '192.0.2.1', 5_300);
    expect(await talk.ask('before')).toBe('one before');
    await gateway?.end('SIGKILL');
    gateway = undefined;
    // The kernel as a gateway leaves it that dies right after the commit: the rule gone, the flow noted, not yet cut.
    const leaf = `-D BERTH-U14 -p udp -m udp --dport 5300 -m comment --comment "${dns.ruleId}" -j DNAT --to-destination 10.20.0.2:53`;
    const note = '-A BERTH-STATE -m comment --comment "berth1:flush:udp/5300/10.20.0.2:53"';
    await lab.gateway.exec(['iptables-restore', '--noflush'], `*nat\n${leaf}\n${note}\nCOMMIT\n`);
    expect(await talk.ask('between')).toBe('one between');
    await want([]);
    expect(await talk.ask('after')).toBeUndefined();
    expect(await lab.gateway.exec(['iptables-save', '-t', 'nat'])).not.toContain('berth1:flush');
    await talk.close();
  });

  it('keeps rules and open connections when it stops, is killed, and starts again', async () => {
    await want([ssh]);
    const talk = await Talk.start(lab.client, 'tcp', '192.0.2.1', 22_600);
    expect(await talk.ask('1')).toBe('one 1');
    const rules = await lab.gateway.exec(['iptables-save']);
    /** The firewall's tools that run in the gateway's namespace. */
    const tools = async (): Promise<string[]> =>
      (await lab.gateway.exec(['sh', '-c', `ps -o args= -p $(ip netns pids ${lab.gateway.name} | paste -sd,)`]))
        .split('\n')
        .filter((line) => /^\S*(?:nft|ip6?tables)/.test(line));
    expect(await tools()).not.toEqual([]);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await gateway?.end(signal);
      await eventually('nothing of the gateway runs on', async () => ((await tools()).length === 0 ? true : undefined));
      expect(await talk.ask(signal)).toBe(`one ${signal}`);
      expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
      expect(bare(await lab.gateway.exec(['iptables-save']))).toBe(bare(rules));
      gateway = GatewayProcess.start(lab.gateway, controlPlane);
      const reports = controlPlane.reports.length;
      await eventually('reported again', () => (controlPlane.reports.length > reports ? true : undefined));
      expect(await talk.ask('again')).toBe('one again');
    }
    expect(bare(await lab.gateway.exec(['iptables-save']))).toBe(bare(rules));
    await talk.close();
  });

  it('keeps forwarding while the control plane is away, and follows it once it is back', async () => {
    await want([ssh]);
    controlPlane.answerWith(503);
    controlPlane.set(desiredState(++generation, [ssh, dns]));
    await eventually('noticed', () => (gateway?.log.includes('says 503') === true ? true : undefined));
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
    controlPlane.answerWith(200);
    wanted = [ssh, dns];
    await controlPlane.settled(desiredState(generation, wanted));
    expect(await askOnce(lab.client, 'udp', '192.0.2.1', 5_300)).toBe('one hello');
  });

  it('changes nothing for a document that is not a desired state', async () => {
    await want([ssh]);
    const rules = await lab.gateway.exec(['iptables-save']);
    const bad = desiredState(++generation, [{ ...dns, address: '10.20.0.2; -j ACCEPT' }]);
    controlPlane.set(bad);
    await eventually('noticed', () => (gateway?.log.includes('maps[0].address must be') === true ? true : undefined));
    expect(bare(await lab.gateway.exec(['iptables-save']))).toBe(bare(rules));
  });

  it('repairs what others break, and reports it as drifted and then active', async () => {
    await want([ssh]);
    const reports = controlPlane.reports.length;
    await lab.gateway.exec(['iptables', '-t', 'nat', '-F', 'BERTH-T58']);
    await eventually('drift told and repaired', () => {
      const said = controlPlane.reports.slice(reports).flatMap((report) => report.maps.map((map) => map.status));
      return said.join() === 'drifted,active' ? true : undefined;
    });
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBe('one hello');
  });

  it('refuses to take most of its maps away when the control plane does not name them', async () => {
    const maps = Array.from({ length: 30 }, (_, index) =>
      desiredMap({ protocol: 'tcp', connectionPort: 30_000 + index, address: '10.20.0.2', targetPort: 22 }),
    );
    await want([...maps, ssh]);
    const rules = await lab.gateway.exec(['iptables-save']);
    controlPlane.set(desiredState(++generation, [dns]));
    await eventually('reported failed', () => (controlPlane.standing(dns.id) === 'failed' ? true : undefined));
    expect(controlPlane.reports.at(-1)?.maps[0]?.reason).toMatch(/would remove 31 of the 31 port maps/);
    expect(bare(await lab.gateway.exec(['iptables-save']))).toBe(bare(rules));
    await gateway?.end('SIGTERM');
    gateway = undefined;
    wanted = [...maps, ssh];
    await want([]);
  });

  it('shows a plan with exit code 2, changes nothing by it, and says 0 when there is nothing to do', async () => {
    await want([ssh]);
    await gateway?.end('SIGTERM');
    gateway = undefined;
    expect((await berthGateway(lab.gateway, controlPlane, ['--plan'])).code).toBe(0);
    const rules = await lab.gateway.exec(['iptables-save']);
    controlPlane.set(desiredState(++generation, [dns], [removed(ssh)]));
    const shown = await berthGateway(lab.gateway, controlPlane, ['--plan']);
    expect(shown).toMatchObject({ code: 2 });
    expect(shown.stdout).toContain('*nat\n');
    expect(shown.stdout).toContain(`-D BERTH-T58 -p tcp -m tcp --dport 22600`);
    const json = await berthGateway(lab.gateway, controlPlane, ['--plan', '--json']);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({
      flows: expect.arrayContaining([expect.objectContaining({ connectionPort: 22_600 })]),
      refusal: null,
    });
    expect(bare(await lab.gateway.exec(['iptables-save']))).toBe(bare(rules));
    controlPlane.answerWith(503);
    expect((await berthGateway(lab.gateway, controlPlane, ['--plan'])).code).toBe(1);
    controlPlane.answerWith(200);
    wanted = [dns];
  });

  it('carries out the plan that was shown, and no other', async () => {
    controlPlane.set(desiredState(++generation, [other], [removed(ssh)]));
    const rules = await lab.gateway.exec(['iptables-save']);
    const none = await berthGateway(lab.gateway, controlPlane, ['apply', '--plan', '0123456789abcdef']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('is not to be applied')]);
    expect(bare(await lab.gateway.exec(['iptables-save']))).toBe(bare(rules));
    const shown = await berthGateway(lab.gateway, controlPlane, ['plan', '--json']);
    expect(shown.code).toBe(2);
    const { hash } = JSON.parse(shown.stdout) as { hash: string };
    const done = await berthGateway(lab.gateway, controlPlane, ['apply', '--plan', hash]);
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('Done: ')]);
    expect(await askOnce(lab.client, 'udp', '192.0.2.1', 5_301)).toBe('one hello');
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBeUndefined();
    expect((await berthGateway(lab.gateway, controlPlane, ['plan'])).code).toBe(0);
    expect((await berthGateway(lab.gateway, controlPlane, ['apply', '--plan', hash])).code).toBe(2);
    wanted = [other];
    await want([ssh]);
  });

  it('only shows in plan mode: what is live is active, the rest pending', async () => {
    const before = controlPlane.reports.length;
    gateway = GatewayProcess.start(lab.gateway, controlPlane, { FIREWALL: 'plan' });
    controlPlane.set(desiredState(++generation, [ssh, dns]));
    await eventually('reported', () => {
      const report = controlPlane.reports.slice(before).find((other) => other.generation === generation);
      return report !== undefined && controlPlane.standing(dns.id) === 'pending' ? true : undefined;
    });
    expect(controlPlane.standing(ssh.id)).toBe('active');
    expect(controlPlane.reports.at(-1)?.mode).toBe('plan');
    wanted = [ssh, dns];
  });

  it('takes every trace away on `gateway remove`, and the rules of others are as they were', async () => {
    await lab.gateway.exec(['iptables-restore', '--noflush'], FOREIGN_AFTER);
    await want([ssh, dns]);
    await gateway?.end('SIGTERM');
    gateway = undefined;
    const before = foreign(await lab.gateway.exec(['iptables-save']));
    expect(await berthGateway(lab.gateway, controlPlane, ['remove'])).toMatchObject({ code: 0 });
    const after = await lab.gateway.exec(['iptables-save']);
    expect(after).not.toMatch(/BERTH-|berth1:/);
    expect(foreign(after)).toBe(before);
    expect(await askOnce(lab.client, 'tcp', '192.0.2.1', 22_600)).toBeUndefined();
  });
});

const bare = (text: string): string => text.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, '');
