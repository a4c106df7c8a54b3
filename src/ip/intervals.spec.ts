import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maxOf } from './address.js';
import { countOf, difference, union, type Interval } from './intervals.js';

const small = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 8 })), { maxLength: 8 })
  .map((pairs) => pairs.map(([first, more]): Interval => [BigInt(first), BigInt(first + more)]));

const members = (ranges: readonly Interval[]): Set<bigint> =>
  new Set(
    ranges.flatMap(([first, last]) => Array.from({ length: Number(last - first) + 1 }, (_, n) => first + BigInt(n))),
  );

/** Sorted, and nothing overlaps or touches. */
function expectList(ranges: readonly Interval[]): void {
  for (const [index, [first, last]] of ranges.entries()) {
    expect(first <= last).toBe(true);
    const before = ranges[index - 1];
    if (before !== undefined) expect(before[1] + 1n < first).toBe(true);
  }
}

describe('lists of ranges', () => {
  it('union has what any range has', () =>
    fc.assert(
      fc.property(small, (ranges) => {
        const list = union(ranges);
        expectList(list);
        expect(members(list)).toEqual(members(ranges));
        expect(countOf(list)).toBe(BigInt(members(ranges).size));
      }),
    ));

  it('difference has what the one has and the other has not', () =>
    fc.assert(
      fc.property(small, small, (a, b) => {
        const rest = difference(union(a), union(b));
        expectList(rest);
        const without = members(b);
        expect(members(rest)).toEqual(new Set([...members(a)].filter((one) => !without.has(one))));
      }),
    ));

  it('reaches both ends of IPv6', () => {
    const all: Interval = [0n, maxOf(6)];
    expect(
      difference(
        [all],
        [
          [0n, 0n],
          [maxOf(6), maxOf(6)],
        ],
      ),
    ).toEqual([[1n, maxOf(6) - 1n]]);
    expect(difference([all], [all])).toEqual([]);
    expect(
      union([
        [maxOf(6), maxOf(6)],
        [0n, maxOf(6) - 1n],
      ]),
    ).toEqual([all]);
  });
});
