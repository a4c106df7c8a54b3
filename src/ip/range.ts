import type { Address, Family } from './address.js';

/** Addresses of one family, from `first` to `last`, both included; never empty. */
export interface AddressRange {
  family: Family;
  first: bigint;
  last: bigint;
}

/** The range from one address to another; undefined when they are of two families or the wrong way round. */
export function rangeOf(first: Address, last: Address): AddressRange | undefined {
  if (first.family !== last.family || first.value > last.value) return undefined;
  return { family: first.family, first: first.value, last: last.value };
}

/** Number of addresses: 1 ... 2^128. */
export const sizeOf = ({ first, last }: AddressRange): bigint => last - first + 1n;

/** True when the address lies in the range. */
export function contains(range: AddressRange, { family, value }: Address): boolean {
  return range.family === family && range.first <= value && value <= range.last;
}

/** True when every address of the inner range lies in the outer one; a range covers itself. */
export function covers(outer: AddressRange, inner: AddressRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** True when the two have an address in common. */
export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** The addresses that both have; undefined when there are none. */
export function intersection(a: AddressRange, b: AddressRange): AddressRange | undefined {
  if (!overlaps(a, b)) return undefined;
  return {
    family: a.family,
    first: a.first > b.first ? a.first : b.first,
    last: a.last < b.last ? a.last : b.last,
  };
}
