import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../../ip/address.js';
import { formatRange, parseRange } from '../../ip/range-text.js';
import { changedExclusions, NOTHING, UNUSABLE, usable, type Exclusions } from './exclusions.js';

function given(range: string, exclusions: Partial<Exclusions>, gateway?: string): string[] {
  const { family, first, last } = parseRange(range)!;
  const router = gateway === undefined ? undefined : parseAddress(gateway)!.value;
  return usable({ family, first, last }, { ...NOTHING, ...exclusions }, router).map((part) =>
    formatRange({ family, first: part[0], last: part[1] }),
  );
}

describe('usable', () => {
  it.each([
    // by default everything (contracts/rackhd.md section 8); of a network what machines can have
    ['10.0.0.0/24', {}, undefined, ['10.0.0.0/24']],
    ['10.0.0.0/24', UNUSABLE, undefined, ['10.0.0.1-10.0.0.254']],
    ['10.0.0.0/24', UNUSABLE, '10.0.0.1', ['10.0.0.2-10.0.0.254']],
    ['10.0.0.0/24', UNUSABLE, '10.0.0.254', ['10.0.0.1-10.0.0.253']],
    ['10.0.0.0/30', UNUSABLE, undefined, ['10.0.0.1-10.0.0.2']],
    ['10.0.0.0/31', UNUSABLE, undefined, ['10.0.0.0/31']], // RFC 3021
    ['10.0.0.7/32', UNUSABLE, undefined, ['10.0.0.7']],
    ['255.255.255.254-255.255.255.255', UNUSABLE, undefined, ['255.255.255.254/31']],
    ['255.255.255.0/24', UNUSABLE, undefined, ['255.255.255.1-255.255.255.254']],
    ['2001:db8::/64', UNUSABLE, undefined, ['2001:db8::1-2001:db8::ffff:ffff:ffff:ffff']], // RFC 4291
    ['2001:db8::/126', UNUSABLE, undefined, ['2001:db8::1-2001:db8::3']],
    ['2001:db8::/127', UNUSABLE, undefined, ['2001:db8::/127']], // RFC 6164
    ['2001:db8::/128', UNUSABLE, undefined, ['2001:db8::']],
    // rules of networks say nothing about a range that is none
    ['10.0.0.0-10.0.0.250', UNUSABLE, undefined, ['10.0.0.0-10.0.0.250']],
    // first, last, ranges
    ['10.0.0.0/28', { first: 3, last: 2 }, undefined, ['10.0.0.3-10.0.0.13']],
    [
      '10.0.0.0/28',
      { ranges: ['10.0.0.4/30', '10.0.0.9', '10.0.0.12-10.0.1.9'] },
      undefined,
      ['10.0.0.0/30', '10.0.0.8', '10.0.0.10/31'],
    ],
    ['10.0.0.0/29', { first: 99 }, undefined, []],
    ['255.255.255.248/29', { last: 9 }, undefined, []],
    ['0.0.0.0/30', { last: 9 }, undefined, []],
    [
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124',
      { last: 1, first: 1 },
      undefined,
      ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe'],
    ],
    // ranges of the other family say nothing
    ['10.0.0.0/30', { ranges: ['::/0'] }, undefined, ['10.0.0.0/30']],
  ] as const)('of %s', (range, exclusions, gateway, expected) =>
    expect(
      given(range, { ...exclusions, ranges: [...('ranges' in exclusions ? exclusions.ranges : [])] }, gateway),
    ).toEqual(expected),
  );

  it('is what no rule names', () =>
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.nat(40),
        fc.array(fc.tuple(fc.integer({ min: -20, max: 260 }), fc.nat(30)), { maxLength: 6 }),
        fc.option(fc.nat(255), { nil: undefined }),
        fc.boolean(),
        (first, last, holes, gateway, network) => {
          const base = 0x0a000000n;
          const text = (n: number): string => formatAddress({ family: 4, value: base + BigInt(n) });
          const ranges = holes.map(([at, more]) => `${text(at)}-${text(at + more)}`);
          const rules: Exclusions = { first, last, ranges, network, broadcast: network, anycast: true };
          const parts = usable(
            { family: 4, first: base, last: base + 255n },
            rules,
            gateway === undefined ? undefined : base + BigInt(gateway),
          );
          const expected = Array.from({ length: 256 }, (_, n) => n).filter(
            (n) =>
              n >= first &&
              n < 256 - last &&
              n !== gateway &&
              !(network && (n === 0 || n === 255)) &&
              !holes.some(([at, more]) => at <= n && n <= at + more),
          );
          expect(
            parts.flatMap(([from, to]) =>
              Array.from({ length: Number(to - from) + 1 }, (_, n) => Number(from - base) + n),
            ),
          ).toEqual(expected);
        },
      ),
    ));
});

describe('changedExclusions', () => {
  const network = parseRange('10.0.0.0/24')!;
  const range = parseRange('10.0.0.0-10.0.0.250')!;

  it('replaces what is sent and keeps what is not', () => {
    const before = { ...UNUSABLE, first: 3, ranges: ['10.0.0.9'] };
    expect(changedExclusions(before, { last: 2 }, network)).toEqual({ ...before, last: 2 });
    expect(changedExclusions(before, { ranges: [], network: false }, network)).toEqual({
      ...before,
      ranges: [],
      network: false,
    });
  });
  it('writes ranges in their canonical form', () =>
    expect(changedExclusions(NOTHING, { ranges: ['10.0.0.8 - 10.0.0.15', '::ffff:10.0.0.1'] }, network).ranges).toEqual(
      ['10.0.0.8/29', '10.0.0.1'],
    ));
  it('refuses ranges elsewhere, but not those that it has', () => {
    expect(() => changedExclusions(NOTHING, { ranges: ['10.0.0.1', '10.0.1.0/24'] }, network)).toThrow(/ranges\.1: /);
    expect(() => changedExclusions(NOTHING, { ranges: ['::1'] }, network)).toThrow(/ranges\.0: /);
    const before = { ...NOTHING, ranges: ['10.0.1.0/24'] };
    expect(changedExclusions(before, before, network)).toEqual(before);
  });
  it('refuses rules of networks for what is none, but keeps them', () => {
    expect(() => changedExclusions(NOTHING, { broadcast: true }, range)).toThrow(/broadcast: needs/);
    expect(changedExclusions(UNUSABLE, UNUSABLE, range)).toEqual(UNUSABLE);
  });
});
