import fc from 'fast-check';
import { desiredMap, desiredState, manyMaps } from '../../../test/gateway/desired-states.js';
import type { DesiredMap } from '../../contract/desired-state.js';
import { advance, changeTo, desiredOf, mapsOf, touchedBuckets, type BucketOf } from './desired.js';

const bucketOf: BucketOf = (protocol, port) => `${protocol}/${port >> 8}`;
const ssh = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.3.7', targetPort: 22 });
const dns = desiredMap({ protocol: 'udp', connectionPort: 53, address: '10.20.3.8', targetPort: 53 });

it('has a digest of what is wanted, whatever the order and the generation', () => {
  const { digest } = desiredOf(desiredState(1, [ssh, dns]), bucketOf);
  expect(digest).toMatch(/^[0-9a-f]{16}$/);
  expect(desiredOf(desiredState(2, [dns, ssh]), bucketOf).digest).toBe(digest);
  expect(desiredOf(desiredState(1, [ssh]), bucketOf).digest).not.toBe(digest);
  expect(desiredOf(desiredState(1, [ssh, dns], [], { networks: [] }), bucketOf).digest).not.toBe(digest);
});

it('says what a change touches, and shares the rest', () => {
  const before = desiredOf(desiredState(1, [ssh, dns, ...manyMaps(600)]), bucketOf);
  const moved = desiredMap({ ...ssh, address: '10.20.3.9' }, ssh.id);
  const change = changeTo(before, desiredState(2, [moved, dns, ...manyMaps(600)]));
  expect([change.adds, change.removes]).toEqual([[moved], [ssh]]);
  expect([...touchedBuckets(change, bucketOf)]).toEqual(['tcp/88']);
  const after = advance(before, change, bucketOf);
  expect(after.buckets.get('tcp/88')).toEqual([moved]);
  for (const [bucket, maps] of before.buckets) if (bucket !== 'tcp/88') expect(after.buckets.get(bucket)).toBe(maps);
});

it('arrives by changes at what it is made as at once', () => {
  const map = fc
    .record({
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      connectionPort: fc.integer({ min: 1, max: 2_000 }),
      address: fc.integer({ min: 1, max: 3 }).map((host) => `10.20.0.${host}`),
      targetPort: fc.constant(80),
    })
    .map((content) => desiredMap(content));
  const maps = fc.uniqueArray(map, { maxLength: 20, selector: (one) => one.id });
  const networks = fc.subarray(['10.20.0.0/16', '10.21.0.0/16']);
  const byId = (all: Iterable<DesiredMap>): DesiredMap[] => [...all].sort((a, b) => (a.id < b.id ? -1 : 1));
  fc.assert(
    fc.property(fc.array(fc.tuple(maps, networks), { minLength: 2, maxLength: 5 }), (states) => {
      let desired = desiredOf(desiredState(0, []), bucketOf);
      for (const [index, [wanted, own]] of states.entries()) {
        const state = desiredState(index + 1, wanted, [], { networks: own });
        desired = advance(desired, changeTo(desired, state), bucketOf);
        const fresh = desiredOf(state, bucketOf);
        expect({ ...desired, buckets: undefined }).toEqual({ ...fresh, buckets: undefined });
        expect([...desired.buckets.keys()].sort()).toEqual([...fresh.buckets.keys()].sort());
        expect(byId(mapsOf(desired))).toEqual(byId(mapsOf(fresh)));
      }
    }),
  );
});
