import { describe, expect, it } from '@jest/globals';
import { Contended } from '../allocation/need.js';
import { addressNeed, addressProblem, askedOf, type Asked } from './address-need.js';
import type { TargetSubnet } from './reservation-writer.js';

const subnet = (spaceId: string, family: 4 | 6, first: string, last: string): TargetSubnet => ({
  ...{ id: spaceId, poolId: 'p', spaceId, family, first, last },
  ...{ policy: 'random', reuseEarly: true, exclusions: '{}', gatewayAddress: null },
  ...{ poolMetadata: 'null', subnetMetadata: 'null' },
});
const V4 = subnet('1', 4, '10.0.0.0', '10.0.0.255');
const V6 = subnet('2', 6, 'fd00::', 'fd00::ff');
const TERMS = { terms: { policy: 'random', reuseEarly: true } };

describe('what a request for addresses asks for', () => {
  it.each<[Parameters<typeof askedOf>[0], Asked]>([
    [{}, { count: 1 }],
    [{ count: 7 }, { count: 7 }],
    [{ count: 7, contiguous: false }, { count: 7 }],
    [
      { count: 7, contiguous: true },
      { count: 7, align: 1 },
    ],
    [{ align: 8 }, { count: 1, align: 8 }],
    [{ prefixLength: 20 }, { count: 4096, align: 4096, family: 4 }],
    [
      { prefixLength: 28, count: 16, contiguous: true },
      { count: 16, align: 16, family: 4 },
    ],
    [{ prefixLength: 32 }, { count: 1, align: 1, family: 4 }],
    [{ prefixLength: 116 }, { count: 4096, align: 4096, family: 6 }],
    [{ prefixLength: 128 }, { count: 1, align: 1, family: 6 }],
    [
      { addresses: ['::1'], count: 1 },
      { count: 1, addresses: ['::1'], orOthers: false },
    ],
    [
      { addresses: ['::1'], otherwise: 'next' },
      { count: 1, addresses: ['::1'], orOthers: true },
    ],
  ])('%j', (body, asked) => expect(askedOf(body)).toEqual(asked));

  it.each([33, 115])('a /%d is no block that a reservation can hold', (prefixLength) => {
    expect(() => askedOf({ prefixLength })).toThrow('20 to 32 for IPv4 or 116 to 128 for IPv6');
  });
});

describe('what it needs of a pool', () => {
  it('any subnet for a count, those of the family for a prefix length', () => {
    expect(addressNeed([V4, V6], { count: 3 }, 'ann', false)).toEqual({ spaces: ['1', '2'], count: 3, ...TERMS });
    expect(addressNeed([V4, V6], { count: 16, align: 16, family: 6 }, 'ann', false)).toEqual({
      ...{ spaces: ['2'], count: 16, align: 16 },
      ...TERMS,
    });
  });

  it('says that there is none of the family only after a look at full subnets too', () => {
    const asked: Asked = { count: 16, align: 16, family: 6 };
    expect(() => addressNeed([V4], asked, 'ann', false)).toThrow(Contended);
    expect(() => addressNeed([V4], asked, 'ann', true)).toThrow('prefixLength');
  });

  it('the subnet that has all of the given addresses', () => {
    expect(addressNeed([V4, V6], { count: 1, addresses: ['fd00::7'], orOthers: true }, 'ann', false)).toEqual({
      ...{ spaces: ['2'], positions: [(0xfd00n << 112n) + 7n], owner: 'ann', orOthers: true },
      ...TERMS,
    });
    expect(() => addressNeed([V4, V6], { count: 2, addresses: ['fd00::7', '10.0.0.1'] }, 'ann', true)).toThrow(
      'one subnet',
    );
  });
});

describe('what is said when it cannot be met', () => {
  const until = new Date('2030-01-02T03:04:05Z');
  it.each([
    [{ count: 1 }, { reason: 'exhausted' }, 'No address is free in any one subnet of the pool.'],
    [{ count: 2, align: 1 }, { reason: 'exhausted' }, 'Not all of 2 addresses in a row are free'],
    [{ count: 1, align: 8 }, { reason: 'exhausted' }, 'No address, beginning at a multiple of 8, is free'],
    [
      { count: 2 },
      { reason: 'exhausted', resting: { count: 1000, until } },
      'At least 1000 rest after a release, the first until 2030-01-02T03:04:05.000Z.',
    ],
    [
      { count: 1, addresses: ['10.0.0.9'] },
      { reason: 'taken', resting: { count: 1, until, position: 0x0a000009n } },
      '10.0.0.9 rests after its release until 2030-01-02T03:04:05.000Z; only its last owner',
    ],
    [{ count: 1, addresses: ['10.0.0.9'] }, { reason: 'taken' }, 'An address asked for is held'],
  ] as const)('%j %j', (asked, refusal, text) => {
    expect(addressProblem({ noun: 'pool', id: 'p' }, [V4], asked, refusal).detail).toContain(text);
  });
});
