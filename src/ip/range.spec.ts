import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkedAddress, maxOf } from './address.js';
import { contains, covers, intersection, overlaps, rangeOf, sizeOf, type AddressRange } from './range.js';

const range = (first: string, last: string): AddressRange => {
  const made = rangeOf(checkedAddress(first), checkedAddress(last));
  if (made === undefined) throw new Error(`no range: ${first} to ${last}`);
  return made;
};

describe('rangeOf', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1', 1n],
    ['0.0.0.0', '255.255.255.255', 2n ** 32n],
    ['255.255.255.255', '255.255.255.255', 1n],
    ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 2n ** 128n],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 2n],
    ['::ffff:10.0.0.1', '10.0.0.2', 2n],
  ])('%s to %s: %s addresses', (first, last, size) => {
    expect(sizeOf(range(first, last))).toBe(size);
  });

  it.each([
    ['10.0.0.2', '10.0.0.1'],
    ['10.0.0.1', '::1'],
    ['::1', '255.255.255.255'],
  ])('%s to %s is none', (first, last) => {
    expect(rangeOf(checkedAddress(first), checkedAddress(last))).toBeUndefined();
  });
});

describe('what ranges have in common', () => {
  /** Small numbers at both ends of a family, so that ranges touch, meet and miss each other. */
  const some = fc
    .tuple(fc.constantFrom(4 as const, 6 as const), fc.boolean(), fc.nat(7), fc.nat(7))
    .map(([family, top, a, b]): AddressRange => {
      const base = top ? maxOf(family) - 7n : 0n;
      return { family, first: base + BigInt(Math.min(a, b)), last: base + BigInt(Math.max(a, b)) };
    });
  const members = ({ family, first, last }: AddressRange): string[] => {
    const texts: string[] = [];
    for (let value = first; value <= last; value++) texts.push(`${family}:${value}`);
    return texts;
  };

  it('is what their addresses, one by one, have in common', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        const [inA, inB] = [new Set(members(a)), members(b)];
        const both = inB.filter((one) => inA.has(one));
        expect(overlaps(a, b)).toBe(both.length > 0);
        expect(overlaps(b, a)).toBe(both.length > 0);
        expect(covers(a, b)).toBe(both.length === inB.length);
        const common = intersection(a, b);
        expect(common === undefined ? [] : members(common)).toEqual(both);
        expect(contains(a, { family: b.family, value: b.first })).toBe(inA.has(`${b.family}:${b.first}`));
      }),
      { numRuns: 2000 },
    );
  });
});
