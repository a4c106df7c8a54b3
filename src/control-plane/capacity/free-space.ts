import { bitsOf, formatAddress, type Family } from '../../ip/address.js';
import type { FreeSpaceDocument } from './capacity.dto.js';

/** A row of FREE_SPACE: blocks of 2^k addresses that fit, or with k null how many runs there are and the longest. */
export interface FreeSpaceRow {
  family: Family;
  k: number | null;
  fits: string;
  lowest: string;
  last: string | null;
}

/** Documents of the families that have any free space. */
export function freeSpaceOf(rows: readonly FreeSpaceRow[]): FreeSpaceDocument[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = rows.filter((row) => row.family === family);
    const runs = own.find((row) => row.k === null);
    const levels = own.filter((row) => row.k !== null).sort((a, b) => (b.k ?? 0) - (a.k ?? 0));
    const [largest] = levels;
    if (runs?.last == null || largest === undefined) return [];
    const address = (position: string): string => formatAddress({ family, value: BigInt(position) });
    const lengthOf = (row: FreeSpaceRow): number => bitsOf(family) - (row.k ?? 0);
    const fits = new Map(levels.map((row) => [row.k, BigInt(row.fits)]));
    return [
      {
        family,
        runs: runs.fits,
        largestRun: {
          start: address(runs.lowest),
          end: address(runs.last),
          size: String(BigInt(runs.last) - BigInt(runs.lowest) + 1n),
        },
        largestBlock: `${address(largest.lowest)}/${lengthOf(largest)}`,
        // Two blocks of a length are in each of the next; those that remain are part of none.
        blocks: levels
          .map((row) => ({
            prefixLength: lengthOf(row),
            blocks: String(BigInt(row.fits) - 2n * (fits.get((row.k ?? 0) + 1) ?? 0n)),
            fits: row.fits,
          }))
          .filter(({ fits: some }) => some !== '0'),
      },
    ];
  });
}
