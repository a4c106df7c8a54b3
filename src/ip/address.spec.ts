import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contains, formatAddress, maxOf, parseAddress, parseCidr, storedAddress, type Address } from './address.js';

const anyAddress = fc.oneof(
  fc.bigInt(0n, maxOf(4)).map((value): Address => ({ family: 4, value })),
  fc.bigInt(0n, maxOf(6)).map((value): Address => ({ family: 6, value })),
  // many zero groups, to exercise the shortening
  fc.array(fc.constantFrom(0n, 0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 }).map((groups): Address => ({
    family: 6,
    value: groups.reduce<bigint>((value, group) => (value << 16n) | group, 0n),
  })),
);

describe('parseAddress', () => {
  it.each([
    ['0.0.0.0', 4, 0n],
    ['255.255.255.255', 4, 2n ** 32n - 1n],
    ['192.168.1.10', 4, 0xc0a8010an],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 6, 2n ** 128n - 1n],
    ['2001:DB8::A', 6, 0x20010db800000000000000000000000an],
    ['1:2:3:4:5:6:7::', 6, 0x00010002000300040005000600070000n],
    ['::2:3:4:5:6:7:8', 6, 0x00000002000300040005000600070008n],
    ['64:ff9b::192.0.2.33', 6, 0x0064ff9b0000000000000000c0000221n],
    ['::1.2.3.4', 6, 0x01020304n],
    ['1:2:3:4:5:6:1.2.3.4', 6, 0x00010002000300040005000601020304n],
    ['::ffff:192.0.2.1', 4, 0xc0000201n],
    ['::ffff:c000:201', 4, 0xc0000201n],
    ['0:0:0:0:0:FFFF:192.0.2.1', 4, 0xc0000201n],
  ] as const)('reads %s', (text, family, value) => {
    expect(parseAddress(text)).toEqual({ family, value });
  });

  it.each([
    ...['', ' ', '1', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.04', '1.2.3.4 ', ' 1.2.3.4', '1.2.3.4\n'],
    ...['1.2.3.4/32', '1.2.3.-4', '1.2.3.4e0', '0x1.2.3.4', '1..2.3', '１.2.3.4', '4294967295'],
    ...[
      ':',
      ':::',
      '1:::2',
      '::1::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '::1:2:3:4:5:6:7:8',
    ],
    ...[
      '12345::',
      'g::',
      '::1%eth0',
      'fe80::1%1',
      '::1/128',
      '[::1]',
      '1:2:3:4:5:6:7:1.2.3.4',
      '1.2.3.4::',
      '::1.2.3.4:5',
    ],
    ...[
      '::1.2.3',
      '::1.2.3.256',
      '::ffff:01.2.3.4',
      ':1',
      '1:',
      '1:2:3:4:5:6:7:',
      ':2:3:4:5:6:7:8',
      `::${'0'.repeat(50)}1`,
    ],
  ])('does not read %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('formatAddress', () => {
  it.each([
    ['2001:0db8:0000:0000:0000:0000:0002:0001', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // one group is not shortened
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // the longest run
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // the first of equals
    ['0:0:1:0:0:0:0:0', '0:0:1::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['ABCD:EF01:2345:6789:ABCD:EF01:2345:6789', 'abcd:ef01:2345:6789:abcd:ef01:2345:6789'],
    ['255.255.255.255', '255.255.255.255'],
    ['0.0.0.0', '0.0.0.0'],
  ])('writes %s as %s (RFC 5952)', (text, canonical) => {
    expect(formatAddress(parseAddress(text) as Address)).toBe(canonical);
  });

  it('is undone by storedAddress for every address, the IPv4-mapped ones included', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(storedAddress(formatAddress(address))).toEqual(address);
      }),
      { numRuns: 2000 },
    );
    const mapped: Address = { family: 6, value: 0xffff_0102_0304n };
    expect(storedAddress(formatAddress(mapped))).toEqual(mapped);
  });
});

describe('parseCidr', () => {
  it.each([
    ['0.0.0.0/0', 4, 0n, 2n ** 32n - 1n],
    ['::/0', 6, 0n, 2n ** 128n - 1n],
    ['10.20.0.0/16', 4, 0x0a140000n, 0x0a14ffffn],
    ['255.255.255.255/32', 4, 0xffffffffn, 0xffffffffn],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', 6, 2n ** 128n - 1n, 2n ** 128n - 1n],
  ] as const)('reads %s', (text, family, first, last) => {
    expect(parseCidr(text)).toEqual({ family, first, last });
  });

  it.each([
    '10.20.0.1/16',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '/8',
    '10/8',
  ])('does not read %s', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

it('contains: both ends included, never across families', () => {
  const range = { family: 4 as const, first: 10n, last: 20n };
  const inside = (family: 4 | 6, value: bigint): boolean => contains(range, { family, value });
  expect([inside(4, 9n), inside(4, 10n), inside(4, 20n), inside(4, 21n), inside(6, 15n)]).toEqual([
    false,
    true,
    true,
    false,
    false,
  ]);
});
