import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bitsOf, checkedAddress, formatAddress, maxOf, type Family } from './address.js';
import {
  canonicalCidr,
  checkedCidr,
  cidrOfRange,
  cidrsOfRange,
  formatCidr,
  networkOf,
  nextAligned,
  parseCidr,
  rangeOfCidr,
} from './cidr.js';
import { rangeOf, sizeOf, type AddressRange } from './range.js';

const family = fc.constantFrom<Family>(4, 6);
const address = family.chain((of) =>
  fc.oneof(fc.bigInt(0n, maxOf(of)), fc.constantFrom(0n, maxOf(of))).map((value) => ({ family: of, value })),
);
const withLength = address.chain((one) =>
  fc.integer({ min: 0, max: bitsOf(one.family) }).map((length) => ({ address: one, length })),
);
/** Ranges of every size: up to the whole family, and small ones anywhere. */
const anyRange = family.chain((of) =>
  fc
    .tuple(fc.bigInt(0n, maxOf(of)), fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, maxOf(of))))
    .map(([first, more]): AddressRange => {
      const last = first + more;
      return { family: of, first, last: last > maxOf(of) ? maxOf(of) : last };
    }),
);
const range = (first: string, last: string): AddressRange =>
  rangeOf(checkedAddress(first), checkedAddress(last)) as AddressRange;

describe('parseCidr', () => {
  it.each([
    ['0.0.0.0/0', 4, 0n, 2n ** 32n - 1n, 0],
    ['::/0', 6, 0n, 2n ** 128n - 1n, 0],
    ['10.20.0.0/16', 4, 0x0a140000n, 0x0a14ffffn, 16],
    ['255.255.255.255/32', 4, 0xffffffffn, 0xffffffffn, 32],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', 6, 2n ** 128n - 1n, 2n ** 128n - 1n, 128],
    ['::ffff:10.0.0.0/104', 4, 0x0a000000n, 0x0affffffn, 8],
    ['::ffff:0:0/96', 4, 0n, 2n ** 32n - 1n, 0],
    ['::ffff:192.0.2.1/128', 4, 0xc0000201n, 0xc0000201n, 32],
  ] as const)('reads %s', (text, of, first, last, length) => {
    expect(parseCidr(text)).toEqual({ family: of, first, last, length });
    expect(rangeOfCidr(checkedCidr(text))).toEqual({ family: of, first, last });
  });

  it.each([
    ...['10.20.0.1/16', '10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '::/129', '10.0.0.0/08', '10.0.0.0/-1', '/8', '10/8'],
    ...['10.0.0.0/8/8', '10.0.0.0 /8', '10.0.0.0/8 ', '10.0.0.0/8\n', '010.0.0.0/8', 'fe80::%eth0/64', '[::]/0'],
    // lengths of IPv6, where the mapped networks are: 8 and 95 leave host bits set
    ...['::ffff:10.0.0.0/8', '::ffff:0:0/95', '::ffff:10.0.0.1/104', '::ffff:10.0.0.0/129'],
    '1.2.3.4/255.255.255.255',
  ])('does not read %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
    expect(() => checkedCidr(text)).toThrow('not a network');
  });

  it.each([
    ['2001:DB8:0:0::/32', '2001:db8::/32'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::1.2.3.0/120', '::102:300/120'],
  ])('%s is %s in canonical text', (text, canonical) => {
    expect(canonicalCidr(text)).toBe(canonical);
  });

  it('undoes formatCidr', () => {
    fc.assert(
      fc.property(withLength, ({ address: one, length }) => {
        const cidr = networkOf(one, length);
        fc.pre(cidr.family === 4 || cidr.first >> 32n !== 0xffffn); // a mapped network is read as IPv4
        expect(parseCidr(formatCidr(cidr))).toEqual(cidr);
      }),
      { numRuns: 1000 },
    );
  });
});

it('networkOf refuses lengths that the family does not have', () => {
  for (const length of [-1, 33, 0.5, NaN])
    expect(() => networkOf({ family: 4, value: 0n }, length)).toThrow(RangeError);
  expect(() => networkOf({ family: 6, value: 0n }, 129)).toThrow('an IPv6 prefix length is 0 to 128, not 129');
});

describe('cidrsOfRange', () => {
  const TOP = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  it.each([
    ['10.0.0.0', '10.0.0.255', ['10.0.0.0/24']],
    ['10.0.0.1', '10.0.0.6', ['10.0.0.1/32', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6/32']],
    ['192.168.1.10', '192.168.1.11', ['192.168.1.10/31']],
    ['0.0.0.0', '255.255.255.255', ['0.0.0.0/0']],
    ['255.255.255.255', '255.255.255.255', ['255.255.255.255/32']],
    ['255.255.255.253', '255.255.255.255', ['255.255.255.253/32', '255.255.255.254/31']],
    ['::', `${TOP}:ffff`, ['::/0']],
    [`${TOP}:fffd`, `${TOP}:ffff`, [`${TOP}:fffd/128`, `${TOP}:fffe/127`]],
  ])('%s to %s', (first, last, cidrs) => {
    expect(cidrsOfRange(range(first, last)).map(formatCidr)).toEqual(cidrs);
  });

  it('has 62 networks for IPv4, 254 for IPv6 at most', () => {
    expect(cidrsOfRange({ family: 4, first: 1n, last: maxOf(4) - 1n })).toHaveLength(62);
    expect(cidrsOfRange({ family: 6, first: 1n, last: maxOf(6) - 1n })).toHaveLength(254);
  });

  it('is the range without gap or overlap, and no two of its networks could be one', () => {
    fc.assert(
      fc.property(anyRange, (whole) => {
        const cidrs = cidrsOfRange(whole);
        expect([cidrs[0]?.first, cidrs.at(-1)?.last]).toEqual([whole.first, whole.last]);
        expect(cidrs.reduce((sum, cidr) => sum + sizeOf(cidr), 0n)).toBe(sizeOf(whole));
        for (const [index, cidr] of cidrs.entries()) {
          expect(cidr).toEqual(networkOf({ family: whole.family, value: cidr.first }, cidr.length));
          const next = cidrs[index + 1];
          if (next === undefined) continue;
          expect(next.first).toBe(cidr.last + 1n);
          expect(cidrOfRange({ family: whole.family, first: cidr.first, last: next.last })).toBeUndefined();
        }
        expect(cidrOfRange(whole)).toEqual(cidrs.length === 1 ? cidrs[0] : undefined);
      }),
      { numRuns: 100 },
    );
  });
});

describe('nextAligned', () => {
  it.each([
    ['10.0.0.0', 24, '10.0.0.0/24'],
    ['10.0.0.1', 24, '10.0.1.0/24'],
    ['10.0.0.255', 31, '10.0.1.0/31'],
    ['10.0.0.1', 32, '10.0.0.1/32'],
    ['0.0.0.0', 0, '0.0.0.0/0'],
    ['0.0.0.1', 0, undefined],
    ['255.255.255.0', 24, '255.255.255.0/24'],
    ['255.255.255.1', 24, undefined],
    ['255.255.255.255', 32, '255.255.255.255/32'],
    ['255.255.255.255', 31, undefined],
    ['2001:db8::1', 64, '2001:db8:0:1::/64'],
    ['ffff:ffff:ffff:ffff::1', 64, undefined],
    ['::ffff:10.0.0.1', 24, '10.0.1.0/24'],
  ])('after %s for /%i: %s', (from, length, block) => {
    const found = nextAligned(checkedAddress(from), length);
    expect(found === undefined ? undefined : formatCidr(found)).toBe(block);
  });

  it('is aligned, not before the address, and the first such', () => {
    fc.assert(
      fc.property(withLength, ({ address: from, length }) => {
        const block = nextAligned(from, length);
        const size = 1n << BigInt(bitsOf(from.family) - length);
        if (block === undefined) {
          expect(from.value + size - 1n).toBeGreaterThan(maxOf(from.family));
          return;
        }
        expect([block.first % size, sizeOf(block)]).toEqual([0n, size]);
        expect(block.first >= from.value && block.first - from.value < size).toBe(true);
        expect(block.last).toBeLessThanOrEqual(maxOf(from.family));
        expect(formatAddress({ family: block.family, value: block.first })).toBe(formatCidr(block).split('/')[0]);
      }),
      { numRuns: 1000 },
    );
  });
});
