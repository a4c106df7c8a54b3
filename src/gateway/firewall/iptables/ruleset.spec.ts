import { desiredMap, desiredState } from '../../../../test/gateway/desired-states.js';
import type { DesiredState } from '../../../contract/desired-state.js';
import { desiredOf } from '../desired.js';
import { isOwnedChain, leafChain, pathTo, ruleset as rulesetOf, type Ruleset } from './ruleset.js';

const ruleset = (state: DesiredState, keep: string[] = []): Ruleset => rulesetOf(desiredOf(state, leafChain), keep);

const ssh = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.3.7', targetPort: 22 });
const lines = (chains: ReadonlyMap<string, readonly string[]>): Record<string, readonly string[]> =>
  Object.fromEntries(chains);

it('says the wanted rules in the words of iptables-save', () => {
  const { nat, filter, family } = ruleset(desiredState(1, [ssh]));
  expect(family).toBe(4);
  expect(nat.hooks).toEqual([
    '-A PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "berth1:hook:pre" -j BERTH-PM',
    '-A POSTROUTING -s 10.20.0.0/16 -d 10.20.0.0/16 -m conntrack --ctstate DNAT -m comment --comment "berth1:hook:hairpin" -j MASQUERADE',
  ]);
  expect(lines(nat.chains)).toEqual({
    'BERTH-PM': ['-A BERTH-PM -p tcp -g BERTH-T', '-A BERTH-PM -p udp -g BERTH-U'],
    'BERTH-T': ['-A BERTH-T -p tcp -m tcp --dport 20480:24575 -g BERTH-T5'],
    'BERTH-U': [],
    'BERTH-T5': ['-A BERTH-T5 -p tcp -m tcp --dport 22528:22783 -g BERTH-T58'],
    'BERTH-T58': [
      `-A BERTH-T58 -p tcp -m tcp --dport 22600 -m comment --comment "${ssh.ruleId}" -j DNAT --to-destination 10.20.3.7:22`,
    ],
  });
  expect(filter.hooks).toEqual([
    '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "berth1:hook:est" -j ACCEPT',
    '-A FORWARD -m conntrack --ctstate DNAT -m comment --comment "berth1:hook:fwd" -j ACCEPT',
  ]);
  expect(filter.chains.size).toBe(0);
});

it.each([
  ['tcp', 1, 'BERTH-T00'],
  ['tcp', 255, 'BERTH-T00'],
  ['udp', 256, 'BERTH-U01'],
  ['udp', 43_981, 'BERTH-UAB'],
  ['tcp', 65_535, 'BERTH-TFF'],
] as const)('puts %s port %d in leaf %s', (protocol, connectionPort, leaf) => {
  expect(leafChain(protocol, connectionPort)).toBe(leaf);
  expect(pathTo(leaf)).toEqual(['BERTH-PM', leaf.slice(0, -2), leaf.slice(0, -1), leaf]);
  expect(isOwnedChain(leaf)).toBe(true);
});

it('covers all ports without gap or overlap', () => {
  const { nat } = ruleset(
    desiredState(1, []),
    Array.from({ length: 256 }, (_, index) => `BERTH-T${index.toString(16).toUpperCase().padStart(2, '0')}`),
  );
  const ranges = (chain: string): number[][] =>
    (nat.chains.get(chain) ?? []).map((rule) => /--dport (\d+):(\d+)/.exec(rule)?.slice(1).map(Number) ?? []);
  const joined = (all: number[][]): boolean =>
    all.every(([start], index) => start === (index === 0 ? all[0]?.[0] : (all[index - 1]?.[1] ?? NaN) + 1));
  const top = ranges('BERTH-T').sort(([a = 0], [b = 0]) => a - b);
  expect([top[0]?.[0], top.at(-1)?.[1]]).toEqual([0, 65_535]);
  expect(joined(top)).toBe(true);
  const leaves = top
    .flatMap((_, index) => ranges(`BERTH-T${index.toString(16).toUpperCase()}`))
    .sort(([a = 0], [b = 0]) => a - b);
  expect(leaves).toHaveLength(256);
  expect(joined(leaves)).toBe(true);
});

it('keeps chains that are live already, with the way to them, and only such as are ours', () => {
  const { nat } = ruleset(desiredState(1, []), ['BERTH-UFE', 'DOCKER', 'BERTH-STATE', 'BERTH-OTHER']);
  expect([...nat.chains.keys()].sort()).toEqual(['BERTH-PM', 'BERTH-T', 'BERTH-U', 'BERTH-UF', 'BERTH-UFE']);
});

it('writes IPv6 as ip6tables prints it', () => {
  const maps = [
    desiredMap({ protocol: 'tcp', connectionPort: 1, address: '2001:db8::7', targetPort: 443 }),
    desiredMap({ protocol: 'tcp', connectionPort: 2, address: '::102:304', targetPort: 443 }),
    desiredMap({ protocol: 'tcp', connectionPort: 3, address: '::5', targetPort: 443 }),
  ];
  const networks = ['2001:db8::/32', '10.0.0.0/8', '::/0'];
  const { nat } = ruleset(desiredState(1, maps, [], { externalAddress: '2001:db8::1', networks }));
  expect(
    nat.chains
      .get('BERTH-T00')
      ?.map((rule) => rule.split(' ').at(-1))
      .sort(),
  ).toEqual(['[2001:db8::7]:443', '[::1.2.3.4]:443', '[::5]:443']);
  expect(nat.hooks.slice(1)).toEqual([
    '-A POSTROUTING -s 2001:db8::/32 -d 2001:db8::/32 -m conntrack --ctstate DNAT -m comment --comment "berth1:hook:hairpin" -j MASQUERADE',
    '-A POSTROUTING -m conntrack --ctstate DNAT -m comment --comment "berth1:hook:hairpin" -j MASQUERADE',
  ]);
});
