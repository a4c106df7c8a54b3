import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maxOf } from '../../ip/address.js';
import { difference, union, type Interval } from '../../ip/intervals.js';
import { chunksOf } from './extent.js';

const lists = fc
  .array(fc.tuple(fc.bigInt(0n, maxOf(6)), fc.bigInt(0n, 2n ** 100n)), { minLength: 1, maxLength: 40 })
  .map((pairs) => union(pairs.map(([first, more]): Interval => [first, first + more])));

describe('chunksOf', () => {
  it('cuts ranges into few chunks that are exactly they', () =>
    fc.assert(
      fc.property(lists, (ranges) => {
        const chunks = chunksOf(ranges);
        expect(chunks.every(([first, last], n) => first <= last && (chunks[n - 1]?.[1] ?? -1n) < first)).toBe(true);
        expect(union(chunks)).toEqual(ranges);
        expect(difference(ranges, union(chunks))).toEqual([]);
        expect(chunks.length).toBeLessThanOrEqual(16 + ranges.length);
      }),
    ));

  it.each([
    [0n, 0n, 1],
    [0n, 14n, 1],
    [0n, 255n, 16],
    [1n, 254n, 15],
    [0n, 2n ** 24n - 1n, 16],
    [0n, 2n ** 64n - 1n, 16],
    [maxOf(6), maxOf(6), 1],
  ])('of %s to %s makes %s', (first, last, count) => expect(chunksOf([[first, last]])).toHaveLength(count));
});
