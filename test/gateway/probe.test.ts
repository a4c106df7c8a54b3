import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ObservedReachability } from '../../src/contract/reachability.js';
import { Namespace } from '../../src/demo/namespace.js';
import { describeInNamespaces } from '../support/namespace-suite.js';
import { desiredMap, desiredState } from './desired-states.js';
import { ControlPlane, eventually, GatewayProcess } from './lab.js';

const LISTEN = (address: string, port: number): string =>
  `require('node:net').createServer((s) => s.destroy()).listen(${port}, '${address}', () => console.log('ready'))`;

describeInNamespaces('the machines behind a gateway', () => {
  let gateway: Namespace;
  let inside: Namespace;
  let controlPlane: ControlPlane;
  let process: GatewayProcess;

  /** The latest word on an address; null once it was said to be gone. */
  const latest = (address: string): ObservedReachability | null | undefined => {
    for (const { results, gone } of controlPlane.reachability.toReversed()) {
      if (gone.includes(address)) return null;
      const found = results.find((result) => result.address === address);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const is = (address: string, state: string, more: (word: ObservedReachability) => boolean = () => true) =>
    eventually(`${address} is ${state}; last said: ${JSON.stringify(latest(address))}`, () => {
      const word = latest(address);
      return word != null && word.state === state && more(word) ? word : undefined;
    });

  beforeAll(async () => {
    gateway = await Namespace.create('probe');
    inside = await Namespace.create('inside');
    await gateway.exec(['ip', 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'lan', 'netns', inside.name]);
    const addresses: [Namespace, string[]][] = [
      [gateway, ['10.20.0.1/24', '2001:db8:20::1/64']],
      [inside, ['10.20.0.2/24', '10.20.0.3/24', '10.20.0.77/24', '2001:db8:20::2/64']],
    ];
    for (const [namespace, list] of addresses) {
      await namespace.exec(['ip', 'link', 'set', 'lan', 'up']);
      for (const address of list) {
        const nodad = address.includes(':') ? ['nodad'] : [];
        await namespace.exec(['ip', 'addr', 'add', address, 'dev', 'lan', ...nodad]);
      }
    }
    for (const [address, port] of [
      ['10.20.0.2', 3389],
      ['2001:db8:20::2', 22],
    ] as const) {
      inside.start([globalThis.process.execPath, '-e', LISTEN(address, port)]);
    }
    controlPlane = await ControlPlane.start(gateway);
  });
  afterAll(async () => {
    await gateway.remove();
    await inside.remove();
  });

  const start = (env: NodeJS.ProcessEnv): GatewayProcess =>
    GatewayProcess.start(gateway, controlPlane, {
      ...{ PROBE_INTERVAL_SECONDS: '1', PROBE_TIMEOUT_MS: '150', PROBE_ATTEMPTS: '1', ...env },
    });
  const to = (address: string, targetPort: number, connectionPort: number) =>
    desiredMap({ protocol: 'tcp', connectionPort, address, targetPort });

  it('are pinged and tried at their ports: what answers, how fast, since when; silent ones are told as such', async () => {
    controlPlane.set(
      desiredState(1, [
        ...[to('10.20.0.2', 3389, 20_001), to('10.20.0.3', 22, 20_002), to('10.20.0.9', 22, 20_003)],
        to('10.99.0.2', 22, 20_004),
      ]),
    );
    process = start({ PROBE: 'maps' });
    const open = await is('10.20.0.2', 'reachable', ({ ports }) => ports[0]?.state === 'open');
    expect(open.rttUs).toBeGreaterThan(0);
    expect(open.rttUs).toBeLessThan(150_000);
    expect(open.seenAt).toBe(open.checkedAt);
    expect((await is('10.20.0.3', 'reachable')).ports).toEqual([{ port: 22, state: 'closed' }]);
    const silent = await is('10.20.0.9', 'unreachable');
    expect(silent).toMatchObject({ seenAt: null, rttUs: null, ports: [{ port: 22, state: 'silent' }] });
    expect(latest('10.99.0.2')).toBeUndefined();
    expect(latest('10.20.0.77')).toBeUndefined();
  });

  it('count as reachable while a port answers that pings do not, and one that vanishes is told after a second look', async () => {
    await inside.exec(['sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_all=1']);
    await is('10.20.0.2', 'reachable', ({ rttUs }) => rttUs === null);
    await inside.exec(['sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_all=0']);
    await is('10.20.0.2', 'reachable', ({ rttUs }) => rttUs !== null);
    const { since } = await is('10.20.0.3', 'reachable');
    await inside.exec(['ip', 'addr', 'del', '10.20.0.3/24', 'dev', 'lan']);
    const lost = await is('10.20.0.3', 'unreachable');
    expect(Date.parse(lost.since)).toBeGreaterThan(Date.parse(since));
    expect(lost.seenAt).not.toBeNull();
    controlPlane.set(desiredState(2, [to('10.20.0.2', 3389, 20_001)]));
    await eventually('it is told that the others are not looked at', () => latest('10.20.0.3') === null || undefined);
    await process.end('SIGTERM');
  });

  it('are found by sweeps of the declared networks though no map leads to them', async () => {
    controlPlane.reachability.length = 0;
    process = start({ PROBE: 'networks', PROBE_SWEEP_SECONDS: '1', PROBE_RATE: '2000' });
    controlPlane.set(desiredState(3, [to('10.20.0.2', 3389, 20_001)], [], { networks: ['10.20.0.0/25'] }));
    await is('10.20.0.77', 'reachable');
    expect(latest('10.20.0.9')).toBeUndefined();
    await inside.exec(['ip', 'addr', 'del', '10.20.0.77/24', 'dev', 'lan']);
    await eventually('it is forgotten once it is silent', () => latest('10.20.0.77') === null || undefined);
    await process.end('SIGTERM');
  });

  it('are probed over IPv6 as well', async () => {
    const v6 = { externalAddress: '2001:db8:1::1', networks: ['2001:db8:20::/64'] };
    controlPlane.set(desiredState(4, [to('2001:db8:20::2', 22, 20_001), to('2001:db8:20::9', 22, 20_002)], [], v6));
    process = start({ PROBE: 'networks' });
    const open = await is('2001:db8:20::2', 'reachable', ({ ports }) => ports[0]?.state === 'open');
    expect(open.rttUs).toBeGreaterThan(0);
    await is('2001:db8:20::9', 'unreachable');
    await process.end('SIGTERM');
  });
});
