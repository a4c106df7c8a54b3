import { describe, expect, it } from '@jest/globals';
import { ruleId } from '../../contract/rule-id.js';
import type { DesiredState } from '../../contract/desired-state.js';
import { Pace } from './pace.js';
import { hostsIn, isOwn, targetsOf } from './targets.js';

const desired = (networks: string[], ...maps: [string, number, ('tcp' | 'udp')?][]): DesiredState => ({
  gateway: { id: 'g', name: 'lab', externalAddress: '192.0.2.1', networks },
  generation: 1,
  maps: maps.map(([address, targetPort, protocol = 'tcp'], index) => {
    const content = { protocol, connectionPort: 20_000 + index, address, targetPort };
    return { id: String(index), ruleId: ruleId(content), ...content };
  }),
  removing: [],
});

describe('what a gateway probes', () => {
  it('is the addresses of its maps and their TCP ports, each once', () => {
    const { ports } = targetsOf(
      desired([], ['10.1.0.2', 3389], ['10.1.0.2', 22], ['10.1.0.2', 3389], ['10.1.0.3', 53, 'udp']),
    );
    expect([...ports]).toEqual([
      ['10.1.0.2', [22, 3389]],
      ['10.1.0.3', []],
    ]);
  });

  it('is nothing outside of its networks, not even what a map leads to', () => {
    const targets = targetsOf(desired(['10.1.0.0/24'], ['10.1.0.2', 22], ['10.1.1.2', 22]));
    expect([...targets.ports.keys()]).toEqual(['10.1.0.2']);
    expect(['10.1.0.9', '10.1.1.2', '2001:db8::1', 'nonsense'].map((address) => isOwn(targets, address))).toEqual([
      ...[true, false, false, false],
    ]);
    expect(isOwn(targetsOf(desired([], ['10.1.0.2', 22])), '10.1.0.9')).toBe(false);
  });

  it('is, for sweeps, the hosts of networks of up to 65,536 addresses', () => {
    const { networks } = targetsOf(desired(['10.1.0.0/29', '10.0.0.0/8', '2001:db8::/126', '2001:db8:1::/64']));
    expect([...hostsIn(networks)].filter((address) => address.startsWith('10.'))).toEqual([
      ...['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4', '10.1.0.5', '10.1.0.6'],
    ]);
    expect([...hostsIn(networks)].filter((address) => address.includes(':')).length).toBeGreaterThanOrEqual(3);
    expect([...hostsIn(networks)].every((address) => !address.startsWith('2001:db8:1:'))).toBe(true);
  });
});

describe('the pace', () => {
  it('allows the rate, and after a pause no more than a small burst', () => {
    let now = 0;
    const pace = new Pace(1_000, () => now);
    let sent = 0;
    for (; now < 1_000; now += 4) {
      const allowed = pace.allowance();
      pace.spend(allowed);
      sent += allowed;
    }
    expect(sent).toBeGreaterThan(990);
    expect(sent).toBeLessThanOrEqual(1_000);
    now += 60_000;
    expect(pace.allowance()).toBe(20);
  });
});
