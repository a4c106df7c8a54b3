import fc from 'fast-check';
import { desiredMap, desiredState, manyMaps, removed } from '../../../../test/gateway/desired-states.js';
import { FakeNftKernel } from '../../../../test/gateway/fake-nft-kernel.js';
import { NFT } from '../../../../test/gateway/nft-dialect.js';
import type { DesiredState } from '../../../contract/desired-state.js';
import { desiredOf } from '../desired.js';
import { isEmpty, type Plan } from '../plan.js';
import { changedParts, type NftLive } from './live.js';
import { plan } from './plan.js';
import { bucketOf, elementsOf } from './ruleset.js';

const ssh = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.3.7', targetPort: 22 });
const web = desiredMap({ protocol: 'tcp', connectionPort: 22_601, address: '10.20.3.7', targetPort: 80 });
const planned = (state: DesiredState, live: NftLive): Plan => plan(desiredOf(state, bucketOf), live);

function converge(kernel: FakeNftKernel, state: DesiredState): Plan {
  const first = planned(state, kernel.live(4));
  for (const { text } of first.transactions) kernel.run(text);
  if (first.settle !== undefined) kernel.run(first.settle.text);
  return first;
}

it('is one transaction: the one element, and the note of it', () => {
  const kernel = new FakeNftKernel();
  converge(kernel, desiredState(1, [ssh]));
  const next = planned(desiredState(2, [ssh, web]), kernel.live(4));
  expect(
    next.transactions.map(({ text }) => text.replace(/\d{5,} \. \d{5,}/g, 'KEY').replace(/[0-9a-f]{16}/g, 'DIGEST')),
  ).toEqual([
    'create element ip berth m22 { tcp . 22601 : 10.20.3.7 . 80 }\n' +
      'delete element ip berth notes { KEY }\n' +
      'create element ip berth notes { KEY comment "berth1:state:2:DIGEST" }\n',
  ]);
  expect(next).toMatchObject({ maps: { added: 1, removed: 0 }, touched: { frame: false }, refusal: null });
});

it('retargets by delete and create of one key, and notes the flow with it', () => {
  const kernel = new FakeNftKernel();
  converge(kernel, desiredState(1, [ssh]));
  const next = planned(desiredState(2, [desiredMap({ ...ssh, address: '10.20.3.9' })]), kernel.live(4));
  expect(next.transactions[0]?.text).toMatch(
    /^delete element ip berth m22 \{ tcp \. 22600 \}\ncreate element ip berth m22 \{ tcp \. 22600 : 10\.20\.3\.9 \. 22 \}\n/,
  );
  expect(next.transactions[0]?.text).toContain('comment "berth1:flush:tcp/22600/10.20.3.7:22"');
  expect(next.flows).toEqual([{ protocol: 'tcp', connectionPort: 22_600, target: '10.20.3.7:22' }]);
});

it('puts the widest networks alone into the kernel, which refuses one within another', () => {
  const few = desiredMap({ ...web, sources: ['10.0.0.0/8', '10.1.0.0/16', '192.0.2.7/32'] });
  expect(elementsOf(few)).toEqual([
    ['tcp . 22601 . 10.0.0.0/8', `10.20.3.7 . 80 ${few.ruleId}`],
    ['tcp . 22601 . 192.0.2.7', `10.20.3.7 . 80 ${few.ruleId}`],
  ]);
});

it('refuses to forget most of what is live, unless it is named or forced', () => {
  const kernel = new FakeNftKernel();
  const maps = manyMaps(100);
  converge(kernel, desiredState(1, maps));
  const live = kernel.live(4);
  expect(planned(desiredState(2, [ssh]), live).refusal).toContain('would remove 100 of the 100 port maps');
  expect(planned(desiredState(2, [ssh], maps.map(removed)), live).refusal).toBeNull();
  expect(plan(desiredOf(desiredState(2, [ssh]), bucketOf), live, { force: true }).refusal).toBeNull();
});

it('never empties the ruleset, and names no table but ours', () => {
  const kernel = new FakeNftKernel();
  converge(kernel, desiredState(1, manyMaps(3_000)));
  kernel.run('add counter ip berth mine\n');
  const { transactions } = planned(desiredState(2, [ssh]), kernel.live(4));
  for (const line of transactions.flatMap(({ text }) => text.split('\n').filter((one) => one !== ''))) {
    expect(line).toMatch(/^(?:add|create|delete|flush) (?:table|set|map|chain|rule|element) ip berth\b/);
    expect(line).not.toMatch(/flush (?:ruleset|table|set|map)/);
  }
});

it('arrives at any desired state from any other, whatever others did, in one pass that a second adds nothing to', () => {
  const map = fc
    .record({
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      connectionPort: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 22_598, max: 22_603 })),
      address: fc.integer({ min: 1, max: 9 }).map((host) => `10.20.0.${host}`),
      targetPort: fc.integer({ min: 1, max: 3 }),
      among: fc.subarray(['198.51.100.0/24', '198.51.100.0/25', '203.0.113.7/32']),
    })
    .map(({ among, ...content }) => desiredMap(among.length === 0 ? content : { ...content, sources: among }));
  const maps = fc.uniqueArray(map, { maxLength: 20, selector: (one) => one.id });
  const networks = fc.subarray(['10.20.0.0/16', '10.21.0.0/16', '0.0.0.0/0']);
  const damage = fc.constantFrom(...NFT.damages.map(([, text]) => text));
  fc.assert(
    fc.property(fc.array(fc.tuple(maps, networks, damage), { minLength: 1, maxLength: 4 }), (rounds) => {
      const kernel = new FakeNftKernel();
      for (const [index, [wanted, own, text]] of rounds.entries()) {
        const state = desiredState(index + 1, wanted, [], { networks: own });
        const first = planned(state, kernel.live(4));
        for (const one of first.transactions) kernel.run(one.text);
        const after = kernel.live(4);
        if (first.outcome !== undefined) {
          expect(changedParts(first.outcome as NftLive, after)).toEqual({ buckets: new Set(), frame: false });
        }
        const between = planned(state, after);
        expect([between.transactions, between.flows]).toEqual([[], first.flows]);
        if (between.settle !== undefined) kernel.run(between.settle.text);
        const second = planned(state, kernel.live(4));
        expect(isEmpty(second)).toBe(true);
        expect(second.inPlace).toEqual(new Set(wanted.map((one) => one.ruleId)));
        try {
          kernel.run(text);
        } catch {
          // What it would have damaged is not there.
        }
      }
    }),
    { numRuns: 150 },
  );
});
