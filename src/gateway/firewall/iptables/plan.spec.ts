import fc from 'fast-check';
import { desiredMap, desiredState, manyMaps, removed } from '../../../../test/gateway/desired-states.js';
import { FakeFirewall } from '../../../../test/gateway/fake-firewall.js';
import { foreign, FOREIGN_AFTER, FOREIGN_BEFORE } from '../../../../test/gateway/iptables-dialect.js';
import type { DesiredMap, DesiredState } from '../../../contract/desired-state.js';
import { desiredOf, type Desired } from '../desired.js';
import { isEmpty, type Plan } from '../plan.js';
import { viewOf, type Live } from './live.js';
import { plan as planIndexed, planRemoval } from './plan.js';
import { leafChain, ruleset } from './ruleset.js';

const ssh = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.3.7', targetPort: 22 });
const web = desiredMap({ protocol: 'tcp', connectionPort: 22_601, address: '10.20.3.7', targetPort: 80 });
const dns = desiredMap({ protocol: 'udp', connectionPort: 53, address: '10.20.3.8', targetPort: 53 });

const indexed = (state: DesiredState): Desired => desiredOf(state, leafChain);
const plan = (state: DesiredState, live: Live, options = {}): Plan => planIndexed(indexed(state), live, options);
const liveRuleIds = (live: Live): (string | undefined)[] => viewOf(live).maps.map((map) => map.ruleId);

/** Plans, applies, flushes and settles, as a pass of the reconciler does. */
async function converge(kernel: FakeFirewall, desired: DesiredState): Promise<Plan> {
  const first = plan(desired, await kernel.read(4), { force: true });
  await kernel.apply(4, first.transactions);
  const between = plan(desired, await kernel.read(4), { force: true });
  expect(between.transactions).toEqual([]);
  if (between.settle !== undefined) {
    await kernel.flush(4, between.flows);
    await kernel.apply(4, [between.settle]);
  }
  return first;
}

/** What a kernel that holds `desired` (and what `meddle` did to it) is planned to get for `next`. */
async function planned(desired: DesiredState, next: DesiredState, meddle = ''): Promise<Plan> {
  const kernel = new FakeFirewall();
  await converge(kernel, desired);
  if (meddle !== '') kernel.restore(4, `*nat\n${meddle}\nCOMMIT\n`);
  return plan(next, await kernel.read(4));
}

const marker = (desired: DesiredState): string =>
  `-A BERTH-STATE -m comment --comment "berth1:state:${desired.generation}:${indexed(desired).digest}"`;
const rule = ({ ruleId }: typeof ssh, words: string, target: string): string =>
  `${words} -m comment --comment "${ruleId}" -j DNAT --to-destination ${target}`;

describe('the text of a plan', () => {
  it('a first load', async () => {
    const desired = desiredState(1, [ssh]);
    const { transactions, flows } = plan(desired, await new FakeFirewall().read(4));
    expect(flows).toEqual([]);
    expect(transactions).toEqual([
      {
        table: 'filter',
        text: [
          '*filter',
          '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "berth1:hook:est" -j ACCEPT',
          '-A FORWARD -m conntrack --ctstate DNAT -m comment --comment "berth1:hook:fwd" -j ACCEPT',
          'COMMIT',
          '',
        ].join('\n'),
      },
      {
        table: 'nat',
        text: [
          '*nat',
          ':BERTH-STATE - [0:0]',
          ':BERTH-PM - [0:0]',
          ':BERTH-T - [0:0]',
          ':BERTH-T5 - [0:0]',
          ':BERTH-T58 - [0:0]',
          ':BERTH-U - [0:0]',
          '-A BERTH-PM -p tcp -g BERTH-T',
          '-A BERTH-PM -p udp -g BERTH-U',
          '-A BERTH-T -p tcp -m tcp --dport 20480:24575 -g BERTH-T5',
          '-A BERTH-T5 -p tcp -m tcp --dport 22528:22783 -g BERTH-T58',
          rule(ssh, '-A BERTH-T58 -p tcp -m tcp --dport 22600', '10.20.3.7:22'),
          '-A PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "berth1:hook:pre" -j BERTH-PM',
          '-A POSTROUTING -s 10.20.0.0/16 -d 10.20.0.0/16 -m conntrack --ctstate DNAT -m comment --comment "berth1:hook:hairpin" -j MASQUERADE',
          marker(desired),
          'COMMIT',
          '',
        ].join('\n'),
      },
    ]);
  });

  it('one map more, in a leaf that is there', async () => {
    const next = desiredState(2, [ssh, web]);
    const { transactions } = await planned(desiredState(1, [ssh]), next);
    expect(transactions.map(({ text }) => text)).toEqual([
      ['*nat', rule(web, '-A BERTH-T58 -p tcp -m tcp --dport 22601', '10.20.3.7:80'), marker(next), 'COMMIT', ''].join(
        '\n',
      ),
    ]);
  });

  it('one map less: its rule goes, its leaf stays, its flows are noted in the same transaction', async () => {
    const next = desiredState(2, [web], [removed(ssh)]);
    const { transactions, flows, settle } = await planned(desiredState(1, [ssh, web]), next);
    expect(transactions.map(({ text }) => text)).toEqual([
      [
        '*nat',
        rule(ssh, '-D BERTH-T58 -p tcp -m tcp --dport 22600', '10.20.3.7:22'),
        marker(next),
        '-A BERTH-STATE -m comment --comment "berth1:flush:tcp/22600/10.20.3.7:22"',
        'COMMIT',
        '',
      ].join('\n'),
    ]);
    expect(flows).toEqual([{ protocol: 'tcp', connectionPort: 22_600, target: '10.20.3.7:22' }]);
    expect(settle?.text).toBe(['*nat', ':BERTH-STATE - [0:0]', marker(next), 'COMMIT', ''].join('\n'));
  });

  it('a retarget: old rule out and new rule in at once, the flows of the old one cut', async () => {
    const moved = desiredMap({ ...ssh, address: '10.20.3.9' }, ssh.id);
    const { transactions, flows, adds, removes } = await planned(desiredState(1, [ssh]), desiredState(2, [moved]));
    expect(transactions).toHaveLength(1);
    expect(removes).toEqual([rule(ssh, '-A BERTH-T58 -p tcp -m tcp --dport 22600', '10.20.3.7:22')]);
    expect(adds).toEqual([rule(moved, '-A BERTH-T58 -p tcp -m tcp --dport 22600', '10.20.3.9:22')]);
    expect(flows).toEqual([{ protocol: 'tcp', connectionPort: 22_600, target: '10.20.3.7:22' }]);
  });

  it('a leaf that somebody changed is written anew as a whole, and nothing else is', async () => {
    const desired = desiredState(1, [ssh, web, dns]);
    const { transactions, rewrites, inPlace } = await planned(desired, desired, '-A BERTH-T58 -j RETURN');
    expect(rewrites).toEqual([{ chain: 'BERTH-T58', because: ['not ours: -A BERTH-T58 -j RETURN'] }]);
    expect(transactions.map(({ text }) => text)).toEqual([
      [
        '*nat',
        ':BERTH-T58 - [0:0]',
        rule(ssh, '-A BERTH-T58 -p tcp -m tcp --dport 22600', '10.20.3.7:22'),
        rule(web, '-A BERTH-T58 -p tcp -m tcp --dport 22601', '10.20.3.7:80'),
        'COMMIT',
        '',
      ].join('\n'),
    ]);
    expect([...inPlace]).toEqual([dns.ruleId]);
  });

  it('a rule with our id and another target: the leaf anew, and the flows to the false target cut', async () => {
    const desired = desiredState(1, [ssh]);
    const old = rule(ssh, '-D BERTH-T58 -p tcp -m tcp --dport 22600', '10.20.3.7:22');
    const { rewrites, flows } = await planned(
      desired,
      desired,
      `${old}\n${old.replace('-D', '-A').replace('3.7', '6.6')}`,
    );
    expect(rewrites[0]?.because[0]).toMatch(/^altered: /);
    expect(flows).toEqual([{ protocol: 'tcp', connectionPort: 22_600, target: '10.20.6.6:22' }]);
  });
});

describe('a map that only some may use', () => {
  const few = desiredMap({ ...web, sources: ['198.51.100.0/24', '203.0.113.7/32'] });
  const flow = { protocol: 'tcp', connectionPort: 22_601, target: '10.20.3.7:80' };
  it('has a rule for each network, with its id', async () => {
    const { adds } = await planned(desiredState(1, [ssh]), desiredState(2, [ssh, few]));
    expect(adds).toEqual([
      rule(few, '-A BERTH-T58 -s 198.51.100.0/24 -p tcp -m tcp --dport 22601', '10.20.3.7:80'),
      rule(few, '-A BERTH-T58 -s 203.0.113.7/32 -p tcp -m tcp --dport 22601', '10.20.3.7:80'),
    ]);
  });
  it('is in place only when each of them is', async () => {
    const { inPlace } = await planned(desiredState(1, [few]), desiredState(1, [few]), `-F BERTH-T58`);
    expect([...inPlace]).toEqual([]);
  });
  it.each<[string, string[] | undefined, string[] | undefined, unknown[]]>([
    ['everybody to some', undefined, few.sources as string[], [{ ...flow, keep: few.sources }]],
    ['some to fewer', few.sources as string[], ['198.51.100.0/25'], [{ ...flow, keep: ['198.51.100.0/25'] }]],
    ['some to more', ['198.51.100.0/25'], few.sources as string[], []],
    ['some to everybody', few.sources as string[], undefined, []],
  ])('from %s: cuts those who may no more', async (_what, before, after, flows) => {
    const one = desiredMap({ ...web, ...(before && { sources: before }) });
    const other = desiredMap({ ...web, ...(after && { sources: after }) });
    const next = await planned(desiredState(1, [one]), desiredState(2, [other]));
    expect(next.flows).toEqual(flows);
    const noted = flows.length === 0 ? [] : ['berth1:narrow:tcp/22601/10.20.3.7:80'];
    expect(next.transactions[0]?.text.match(/berth1:(?:narrow|flush)\S*(?=")/g) ?? []).toEqual(noted);
  });
  it('remembers over a crash whom to cut, as far as that still holds', async () => {
    const kernel = new FakeFirewall();
    await converge(kernel, desiredState(1, [web]));
    await kernel.apply(4, plan(desiredState(2, [few]), await kernel.read(4)).transactions);
    expect(plan(desiredState(2, [few]), await kernel.read(4)).flows).toEqual([{ ...flow, keep: few.sources }]);
    expect(plan(desiredState(3, []), await kernel.read(4)).flows).toEqual([flow]);
    expect(plan(desiredState(3, [web]), await kernel.read(4)).flows).toEqual([]);
  });
});

it('never names a position, and never empties or deletes what is not ours', async () => {
  const { transactions } = await planned(desiredState(1, manyMaps(500)), desiredState(2, [ssh]));
  for (const line of transactions.flatMap(({ text }) => text.split('\n'))) {
    expect(line).toMatch(
      /^(\*nat|\*filter|COMMIT|:BERTH-\S+ - \[0:0\]|-[AD] (BERTH-\S+|PREROUTING|POSTROUTING|FORWARD) -.*|)$/,
    );
    if (!/^-[AD] BERTH-/.test(line) && line.startsWith('-')) expect(line).toContain('berth1:hook:');
  }
});

it('says for each map whether nothing is missing on its way', async () => {
  const desired = desiredState(1, [ssh, dns]);
  const cases: [string, string[]][] = [
    ['', [ssh.ruleId, dns.ruleId]],
    ['-F BERTH-U', [ssh.ruleId]],
    ['-D BERTH-PM -p tcp -g BERTH-T', [dns.ruleId]],
    ['-A BERTH-PM -p tcp -j RETURN', []],
    ['-F PREROUTING', []],
  ];
  for (const [meddle, expected] of cases) {
    expect([...(await planned(desired, desired, meddle)).inPlace]).toEqual(expected);
  }
});

it('keeps a noted flow until it is flushed, and drops the note when the same map is wanted again', async () => {
  const kernel = new FakeFirewall();
  await converge(kernel, desiredState(1, [ssh, web]));
  const next = desiredState(2, [web], [removed(ssh)]);
  await kernel.apply(4, plan(next, await kernel.read(4)).transactions);
  const afterCrash = plan(next, await kernel.read(4));
  expect(afterCrash.transactions).toEqual([]);
  expect(afterCrash.flows).toHaveLength(1);
  expect(isEmpty(afterCrash)).toBe(false);
  const again = plan(desiredState(3, [ssh, web]), await kernel.read(4));
  expect(again.flows).toEqual([]);
  await kernel.apply(4, again.transactions);
  expect(isEmpty(plan(desiredState(3, [ssh, web]), await kernel.read(4)))).toBe(true);
});

describe('the fuse', () => {
  const many = manyMaps(100);
  it('refuses to remove most of what is live when nobody named it', async () => {
    expect((await planned(desiredState(1, many), desiredState(2, []))).refusal).toMatch(/would remove 100 of the 100/);
  });
  it.each<[string, DesiredState, DesiredState]>([
    ['named removals', desiredState(1, many), desiredState(2, [], many.map(removed))],
    ['less than half', desiredState(1, many), desiredState(2, many.slice(45))],
    ['few', desiredState(1, many.slice(0, 20)), desiredState(2, [])],
    ['retargets', desiredState(1, many), desiredState(2, manyMaps(100, 20_000, 8_080))],
  ])('lets pass: %s', async (_what, desired, next) => {
    expect((await planned(desired, next)).refusal).toBeNull();
  });
  it('lets pass what is forced', async () => {
    const kernel = new FakeFirewall();
    await converge(kernel, desiredState(1, many));
    expect(plan(desiredState(2, []), await kernel.read(4), { force: true }).refusal).toBeNull();
  });
});

it('warns of a rule of others that stands in the way, and does not touch it', async () => {
  const kernel = new FakeFirewall();
  kernel.restore(4, '*filter\n-A FORWARD -j DROP\nCOMMIT\n');
  const { warnings, transactions } = plan(desiredState(1, [ssh]), await kernel.read(4));
  expect(warnings).toEqual([expect.stringContaining('-A FORWARD -j DROP')]);
  expect(transactions.map(({ text }) => text).join()).not.toContain('-j DROP');
});

describe('for any desired states and any meddling', () => {
  const map = fc
    .record({
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      connectionPort: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 22_520, max: 22_540 })),
      address: fc.integer({ min: 1, max: 9 }).map((host) => `10.20.0.${host}`),
      targetPort: fc.integer({ min: 1, max: 3 }),
      among: fc.subarray(['198.51.100.0/24', '198.51.100.0/25', '203.0.113.7/32']),
    })
    .map(({ among, ...content }) => desiredMap(among.length === 0 ? content : { ...content, sources: among }));
  const maps = fc.uniqueArray(map, { maxLength: 30, selector: (one) => one.id });
  const networks = fc.subarray(['10.20.0.0/16', '10.21.0.0/16', '0.0.0.0/0']);
  const state = fc
    .record({ maps, networks })
    .map((about) => (generation: number) => desiredState(generation, about.maps, [], { networks: about.networks }));
  /** What others do to our rules: take some away, double some, put some of their own in. */
  const meddling = fc.array(
    fc.record({
      at: fc.nat(),
      how: fc.constantFrom('delete', 'double', 'empty', 'junk', 'retarget'),
    }),
    { maxLength: 6 },
  );

  function meddle(kernel: FakeFirewall, acts: { at: number; how: string }[]): void {
    for (const { at, how } of acts) {
      const ours = kernel
        .save(4, 'nat')
        .split('\n')
        .filter((line) => /^-A (BERTH-|.*berth1:hook)/.test(line));
      const line = ours[at % Math.max(ours.length, 1)];
      if (line === undefined) return;
      const chain = line.split(' ')[1] ?? '';
      const junk = `-A ${chain} -p tcp -m tcp --dport 7 -j RETURN`;
      const text = {
        delete: `-D ${line.slice(3)}`,
        double: line,
        empty: chain.startsWith('BERTH-') ? `-F ${chain}` : '',
        junk: chain.startsWith('BERTH-') ? junk : '',
        retarget: line.includes('--to-destination') ? line.replace(/\S+$/, '10.66.0.1:66') : '',
      }[how];
      if (text !== undefined && text !== '') kernel.restore(4, `*nat\n${text}\nCOMMIT\n`);
    }
  }

  it('one pass makes the kernel hold exactly what is desired, a second does nothing, the rules of others stay', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(state, meddling), { minLength: 1, maxLength: 4 }), async (steps) => {
        const kernel = new FakeFirewall();
        kernel.restore(4, FOREIGN_BEFORE);
        for (const [index, [make, acts]] of steps.entries()) {
          const desired = make(index + 1);
          await converge(kernel, desired);
          if (index === 0) kernel.restore(4, FOREIGN_AFTER);
          const others = foreign(kernel.save(4, 'nat')) + foreign(kernel.save(4, 'filter'));
          meddle(kernel, acts);
          await converge(kernel, desired);
          const live = await kernel.read(4);
          const second = plan(desired, live);
          expect(isEmpty(second)).toBe(true);
          expect(second.inPlace.size).toBe(desired.maps.length);
          expect([...new Set(liveRuleIds(live))].sort()).toEqual(desired.maps.map((one) => one.ruleId).sort());
          const wanted = ruleset(indexed(desired), live.nat.chains.keys());
          for (const [chain, rules] of wanted.nat.chains) {
            expect(live.nat.chains.get(chain)?.toSorted()).toEqual([...rules].sort());
          }
          expect(live.nat.hooks.toSorted()).toEqual([...wanted.nat.hooks].sort());
          expect(foreign(kernel.save(4, 'nat')) + foreign(kernel.save(4, 'filter'))).toBe(others);
        }
        await kernel.apply(4, planRemoval(await kernel.read(4)));
        expect(kernel.save(4, 'nat') + kernel.save(4, 'filter')).not.toMatch(/BERTH-|berth1:/);
      }),
      { numRuns: 150 },
    );
  });
});

describe('UDP flows that began before their port had a map', () => {
  const early = (port: number): object => ({ protocol: 'udp', connectionPort: port, target: `=192.0.2.1:${port}` });
  const udp = (count: number): DesiredMap[] =>
    Array.from({ length: count }, (_, index) =>
      desiredMap({ protocol: 'udp', connectionPort: 1_000 + index, address: '10.20.0.1', targetPort: 53 }),
    );

  it('are noted and cut for a map that is new, and not for one that only leads elsewhere', async () => {
    const { flows, transactions, settle } = await planned(desiredState(1, [ssh]), desiredState(2, [ssh, dns]));
    expect(flows).toEqual([early(53)]);
    expect(transactions[0]?.text).toContain('"berth1:flush:udp/53/=192.0.2.1:53"');
    expect(settle?.text).not.toContain('berth1:flush');
    const moved = desiredMap({ ...dns, address: '10.20.3.9' }, dns.id);
    const retarget = await planned(desiredState(1, [dns]), desiredState(2, [moved]));
    expect(retarget.flows).toEqual([{ protocol: 'udp', connectionPort: 53, target: '10.20.3.8:53' }]);
  });

  it('are noted in one line for many', async () => {
    const { flows, transactions } = await planned(desiredState(1, [ssh]), desiredState(2, [ssh, ...udp(40)]));
    expect(flows).toHaveLength(40);
    expect(transactions[0]?.text.match(/berth1:flush/g)).toHaveLength(1);
  });

  it('are remembered after a crash, as long as there is a map', async () => {
    const kernel = new FakeFirewall();
    await converge(kernel, desiredState(1, [ssh]));
    await kernel.apply(4, plan(desiredState(2, [ssh, dns]), await kernel.read(4)).transactions);
    expect(plan(desiredState(2, [ssh, dns]), await kernel.read(4)).flows).toEqual([early(53)]);
    const next = plan(desiredState(3, [ssh], [removed(dns)]), await kernel.read(4));
    expect(next.flows).toEqual([{ protocol: 'udp', connectionPort: 53, target: '10.20.3.8:53' }]);
  });

  it('are cut only as far as the map lets their callers in', async () => {
    const narrow = desiredMap({ ...dns, sources: ['198.51.100.0/24'] });
    const { flows } = await planned(desiredState(1, [ssh]), desiredState(2, [ssh, narrow]));
    expect(flows).toEqual([{ ...early(53), only: ['198.51.100.0/24'] }]);
  });
});

it('writes a leaf whole when much of it changes, and a few rules of it one by one', async () => {
  const all = manyMaps(200, 0x5800);
  const moved = (count: number): DesiredMap[] =>
    all.map((map, index) => (index < count ? desiredMap({ ...map, targetPort: 81 }, map.id) : map));
  const few = await planned(desiredState(1, all), desiredState(2, moved(20)));
  expect(few.transactions[0]?.text.match(/^-D BERTH-T58/gm)).toHaveLength(20);
  const many = await planned(desiredState(1, all), desiredState(2, moved(100)));
  expect(many.transactions[0]?.text).toContain(':BERTH-T58 - [0:0]');
  expect(many.transactions[0]?.text).not.toContain('-D ');
  expect([many.rewrites, many.removes.length, many.flows.length]).toEqual([[], 100, 100]);
});

it('appends the marker of each change, and clears the old ones once they are many', async () => {
  const kernel = new FakeFirewall();
  const seen: number[] = [];
  for (let generation = 1; generation <= 40; generation++) {
    await converge(kernel, desiredState(generation, manyMaps(generation)));
    const live = await kernel.read(4);
    seen.push(live.nat.chains.get('BERTH-STATE')?.length ?? 0);
    expect(viewOf(live).digest).toBe(indexed(desiredState(generation, manyMaps(generation))).digest);
  }
  expect(seen.slice(0, 3)).toEqual([1, 2, 3]);
  expect(Math.max(...seen)).toBe(17);
  expect(seen.at(-1)).toBeLessThan(17);
});
