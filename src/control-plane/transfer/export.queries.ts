import { COLUMNS, NOUNS, type Column, type Noun } from './columns.js';

/** Rows that are fetched at once: some 300 kB, which bounds the memory of an export. */
export const BATCH = 1000;

const list = (columns: readonly Column[]): string => columns.map(({ name, sql }) => `${sql} AS "${name}"`).join(', ');

/** In the order of an index, so that the first row comes at once and nothing is sorted; leases by their addresses. */
const ORDER: Readonly<Record<Noun, string>> = {
  pool: 'r.id',
  subnet: 'r.id',
  reservation: 'r.id',
  lease: 'r.subnet_id, r.address',
};

const OF_POOL: Readonly<Record<Noun, string>> = {
  pool: 'r.id = $1',
  subnet: 'r.pool_id = $1',
  reservation: 'r.pool_id = $1',
  lease: 'r.subnet_id IN (SELECT s.id FROM subnet s WHERE s.pool_id = $1)',
};

const declare = (noun: Noun, where: string): string => `
  DECLARE export_${noun} NO SCROLL CURSOR FOR
  SELECT ${list(COLUMNS[noun])} FROM ${noun} r ${where} ORDER BY ${ORDER[noun]}`;

interface Cursor {
  /** Opens it over all rows, or over those of the pool $1. */
  declare: { all: string; pool: string };
  fetch: string;
  close: string;
}

/**
 * A cursor of each noun. It takes no locks but those of any reader, and lives in the one snapshot of its transaction: a row
 * of a later batch is as it was when the export began.
 */
export const CURSORS = Object.fromEntries(
  NOUNS.map((noun): [Noun, Cursor] => [
    noun,
    {
      declare: { all: declare(noun, ''), pool: declare(noun, `WHERE ${OF_POOL[noun]}`) },
      fetch: `FETCH ${BATCH} FROM export_${noun}`,
      close: `CLOSE export_${noun}`,
    },
  ]),
) as Record<Noun, Cursor>;
