import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { desiredMap, desiredState, removed } from './desired-states.js';
import { ControlPlane, GatewayProcess, Lab, serve, Talk } from './lab.js';
import { describeInNamespaces } from '../support/namespace-suite.js';

describeInNamespaces('UDP flows that began before their port had a map', () => {
  let lab: Lab;
  let controlPlane: ControlPlane;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    lab = await Lab.create();
    await serve(lab.one, 'udp', 53, 'one');
    controlPlane = await ControlPlane.start(lab.gateway);
    gateway = GatewayProcess.start(lab.gateway, controlPlane);
    await want(1, []);
  });
  afterAll(async () => {
    await gateway.end('SIGTERM');
    await lab.remove();
  });

  async function want(generation: number, maps: ReturnType<typeof desiredMap>[], removing = maps.slice(0, 0)) {
    const desired = desiredState(generation, maps, removing.map(removed));
    controlPlane.set(desired);
    await controlPlane.settled(desired);
  }
  const map = (connectionPort: number, sources?: string[]): ReturnType<typeof desiredMap> =>
    desiredMap({ protocol: 'udp', connectionPort, address: '10.20.0.2', targetPort: 53, ...(sources && { sources }) });
  const flowsAt = (port: number): Promise<string> =>
    lab.gateway
      .run(['conntrack', '-L', '-p', 'udp', '--orig-port-dst', String(port)])
      .then(({ stdout }) => stdout.replace(/ (?:17 )?\d+ (?=src)/, ' '));

  it('go through the map once it is made, and the flows of ports without one stay', async () => {
    const early = await Talk.start(lab.client, 'udp', '192.0.2.1', 5_300);
    const elsewhere = await Talk.start(lab.client, 'udp', '192.0.2.1', 5_400);
    expect(await early.ask('before', 300)).toBeUndefined();
    expect(await elsewhere.ask('before', 300)).toBeUndefined();
    expect(await flowsAt(5_300)).toContain('src=192.0.2.1 dst=192.0.2.2');
    const other = await flowsAt(5_400);
    expect(other).toContain('src=192.0.2.1 dst=192.0.2.2');
    await want(2, [map(5_300)]);
    expect(await early.ask('after')).toBe('one after');
    expect(await flowsAt(5_400)).toBe(other);
    expect(await lab.gateway.exec(['iptables-save', '-t', 'nat'])).not.toContain('berth1:flush');
    await early.close();
    await elsewhere.close();
  });

  it('go through it also when many maps are made at once, but for those who may not', async () => {
    const talks = await Promise.all([6_000, 6_001].map((port) => Talk.start(lab.client, 'udp', '192.0.2.1', port)));
    for (const talk of talks) expect(await talk.ask('before', 300)).toBeUndefined();
    const denied = await flowsAt(6_001);
    const maps = Array.from({ length: 20 }, (_, index) =>
      map(6_000 + index, index === 1 ? ['198.51.100.0/24'] : undefined),
    );
    await want(3, maps, [map(5_300)]);
    expect(await talks[0]?.ask('after')).toBe('one after');
    expect(await flowsAt(6_001)).toBe(denied);
    for (const talk of talks) await talk.close();
  });
});
