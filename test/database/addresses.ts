import fc from 'fast-check';
import { bitsOf, maxOf, type Address } from '../../src/ip/address.js';
import { networkOf, type Cidr } from '../../src/ip/cidr.js';

const group = fc.oneof(fc.constantFrom(0n, 0n, 1n, 0xffffn), fc.bigInt(0n, 0xffffn));

/** Many groups of zeros and of ones, where text and arithmetic have their edges. */
export const anyIpv6 = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map((groups): Address => ({ family: 6, value: groups.reduce((value, part) => (value << 16n) | part, 0n) }));

export const anyIpv4 = fc
  .oneof(fc.constantFrom(0n, maxOf(4)), fc.bigInt(0n, maxOf(4)))
  .map((value): Address => ({ family: 4, value }));

/** IPv4-mapped, and beside that block. */
const anyMapped = fc
  .tuple(fc.constantFrom(0xfffen, 0xffffn, 0x1_0000n), anyIpv4)
  .map(([block, { value }]): Address => ({ family: 6, value: (block << 32n) | value }));

export const anyAddress = fc.oneof(anyIpv4, anyIpv6, anyMapped);

/** PostgreSQL writes ::a.b.c.d and ::ffff:a.b.c.d with an IPv4 tail; RFC 5952 and we do not. */
export const isDotted = ({ family, value }: Address): boolean =>
  family === 6 && (value >> 32n === 0n || value >> 32n === 0xffffn);

export const anyCidr = anyAddress.chain((address) =>
  fc.integer({ min: 0, max: bitsOf(address.family) }).map((length) => networkOf(address, length)),
);

/** Two networks that often have to do with each other, and an address near them. */
export const networksAndAddress = anyCidr.chain((one) =>
  fc
    .tuple(fc.oneof(near(one).chain(lengthened), anyCidr), fc.oneof(near(one), anyAddress))
    .map(([other, address]) => ({ one, other, address })),
);

/** Its ends, their neighbours, and what lies between. */
const near = ({ family, first, last }: Cidr): fc.Arbitrary<Address> =>
  fc
    .oneof(fc.constantFrom(first - 1n, first, last, last + 1n), fc.bigInt(first, last))
    .map((value) => ({ family, value: value < 0n ? 0n : value > maxOf(family) ? maxOf(family) : value }));

const lengthened = (address: Address): fc.Arbitrary<Cidr> =>
  fc.integer({ min: 0, max: bitsOf(address.family) }).map((length) => networkOf(address, length));
