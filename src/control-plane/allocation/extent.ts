import { Injectable } from '@nestjs/common';
import { countOf, difference, type Interval } from '../../ip/intervals.js';
import type { Unit } from '../events/unit-of-work.js';
import { CREATE_EXTENT, DROP_RANGES, EXTEND_SPACE, STILL_FORWARDED } from './extent.queries.js';

/** A space is cut into so many chunks; one of more ranges than that has one a range, and this many more at most. */
const CHUNKS = 16n;
/** Positions below which a chunk is not worth its row. */
const SMALLEST = 8n;

/**
 * Of which positions a space consists. Its ranges are a list as in ip/intervals.ts; what lies between them is no part of
 * it, so it is never free and can never be taken.
 */
@Injectable()
export class SpaceExtent {
  /** A new space of the ranges, all free. At most 16 rows more than ranges. */
  async create(unit: Unit, ranges: readonly Interval[]): Promise<string> {
    const [row] = await unit.query<{ id: string }>(CREATE_EXTENT, columns(chunksOf(ranges)));
    if (row === undefined) throw new Error('space was not created');
    return row.id;
  }

  /**
   * Changes a space from the ranges `before` to `after`. All its chunks are locked, and nothing of what falls out is held:
   * the caller has looked. What falls out while a gateway may still forward to it goes on resting, and is not free before that ends,
   * should it come back.
   */
  async change(unit: Unit, space: string, before: readonly Interval[], after: readonly Interval[]): Promise<void> {
    const [gone, come] = [difference(before, after), difference(after, before)];
    if (gone.length > 0) unit.write(DROP_RANGES, [space, ...columns(gone)]);
    if (come.length === 0) return;
    const resting = await unit.query<{ position: string }>(STILL_FORWARDED, [space, ...columns(come)]);
    const chunks = chunksOf(come);
    const free = difference(
      chunks,
      resting.map(({ position }) => [BigInt(position), BigInt(position)] as const),
    );
    unit.write(EXTEND_SPACE, [space, ...columns(chunks), ...columns(free)]);
  }
}

/** The ranges cut into chunks of about a sixteenth of the whole. */
export function chunksOf(ranges: readonly Interval[]): Interval[] {
  const share = max((countOf(ranges) + CHUNKS - 1n) / CHUNKS, SMALLEST);
  return ranges.flatMap(([first, last]) => {
    const size = last - first + 1n;
    const parts = max(size / share, 1n);
    const width = (size + parts - 1n) / parts;
    return Array.from({ length: Number(parts) }, (_, n): Interval => {
      const from = first + BigInt(n) * width;
      const to = from + width - 1n;
      return [from, to < last ? to : last];
    }).filter(([from, to]) => from <= to);
  });
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The columns first and last, as PostgreSQL's numeric reads them. */
const columns = (ranges: readonly Interval[]): [string[], string[]] => [
  ranges.map(([first]) => String(first)),
  ranges.map(([, last]) => String(last)),
];
