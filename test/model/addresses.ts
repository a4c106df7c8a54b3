import { formatAddress, parseAddress, type Family } from '../../src/ip/address.js';

/** Where the models' addresses begin, by family. Models count from here: small numbers, aligned as the addresses are. */
const BASE: Record<Family, bigint> = { 4: 0x0a00_0000n, 6: 0x2001_0db8n << 96n };

export const textOf = (family: Family, place: number): string =>
  formatAddress({ family, value: BASE[family] + BigInt(place) });

/** The network of 2^bits addresses that begins at a place. */
export const networkText = (family: Family, place: number, bits: number): string =>
  `${textOf(family, place)}/${(family === 4 ? 32 : 128) - bits}`;

export function placeOf(text: string): number {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return Number(address.value - BASE[address.family]);
}

/** All whole numbers from first to last. */
export const span = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
