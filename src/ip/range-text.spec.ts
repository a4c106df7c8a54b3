import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maxOf } from './address.js';
import type { AddressRange } from './range.js';
import { formatRange, parseRange } from './range-text.js';

describe('ranges as text', () => {
  const anyRange = fc
    .tuple(fc.constantFrom(4 as const, 6 as const), fc.bigInt(0n, maxOf(6)), fc.bigInt(0n, maxOf(6)))
    .map(([family, a, b]): AddressRange => {
      const [x, y] = [a & maxOf(family), b & maxOf(family)];
      return { family, first: x < y ? x : y, last: x < y ? y : x };
    })
    // an IPv4-mapped end is read as IPv4
    .filter(({ family, first, last }) => family === 4 || (first >> 32n !== 0xffffn && last >> 32n !== 0xffffn));

  it('what is written is read again', () =>
    fc.assert(fc.property(anyRange, (range) => expect(parseRange(formatRange(range))).toEqual(range))));

  it.each(['', '-', '10.0.0.1-', '-10.0.0.1', '10.0.0.2-10.0.0.1', '10.0.0.1-::1', '10.0.0.1/24', '1-2', '10.0.0.1-2'])(
    'refuses %j',
    (text) => expect(parseRange(text)).toBeUndefined(),
  );
  it('refuses three ends', () => expect(parseRange('10.0.0.1-10.0.0.2-10.0.0.3')).toBeUndefined());
});
