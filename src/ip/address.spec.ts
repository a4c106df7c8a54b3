import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  checkedAddress,
  compareAddresses,
  formatAddress,
  maxOf,
  parseAddress,
  storedAddress,
  type Address,
} from './address.js';

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

it('compareAddresses sorts by family, then by value', () => {
  const texts = ['::1', '10.0.0.10', '::', '10.0.0.9', '255.255.255.255', '0.0.0.0', 'ffff::'];
  const sorted = texts.map(checkedAddress).sort(compareAddresses).map(formatAddress);
  expect(sorted).toEqual(['0.0.0.0', '10.0.0.9', '10.0.0.10', '255.255.255.255', '::', '::1', 'ffff::']);
});

it('an IPv4-mapped address is IPv4 where people write it, and IPv6 where the database has it', () => {
  for (const text of ['::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1']) {
    expect(formatAddress(checkedAddress(text))).toBe('192.0.2.1');
    expect(formatAddress(storedAddress(text))).toBe('::ffff:c000:201');
  }
  // neighbours of the mapped block, and other ways to carry IPv4 in IPv6, are what they look like
  for (const text of ['::fffe:ffff:ffff', '::1:0:0:0', '64:ff9b::c000:201', '::c000:201', '::ffff:0:c000:201']) {
    expect(formatAddress(checkedAddress(text))).toBe(text);
  }
});

it('checkedAddress and storedAddress refuse what is no address', () => {
  for (const read of [checkedAddress, storedAddress]) expect(() => read('10.0.0.256')).toThrow('not an address');
});
