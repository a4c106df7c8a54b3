import { formatAddress, storedAddress } from '../../ip/address.js';
import { canonicalCidr } from '../../ip/cidr.js';
import { COLUMNS, type Column, type Noun } from './columns.js';
import { csvLine } from './csv.js';

/** A row as the database gives it: a member for each column of its noun. */
export type Row = Readonly<Record<string, string | number | boolean | Date | null>>;

/** How many of each noun there are. */
export type Counts = Partial<Record<Noun, number>>;

/** Writes an export piece by piece. */
export interface Format {
  readonly mediaType: string;
  /** Before everything. */
  begin(): string;
  /** Before the rows of a noun, also when there are none. */
  section(noun: Noun): string;
  rows(noun: Noun, rows: readonly Row[]): string;
  /** After everything: only there does a file end that is whole. */
  end(counts: Counts): string;
}

/** The words of a value; undefined for none. */
function plain({ kind, name }: Column, row: Row): string | undefined {
  const value = row[name];
  if (value === null || value === undefined) return undefined;
  if (value instanceof Date) return value.toISOString();
  if (kind === 'address') return formatAddress(storedAddress(value as string));
  if (kind === 'network') return canonicalCidr(value as string);
  if (kind === 'networks') return JSON.stringify((JSON.parse(value as string) as string[]).map(canonicalCidr));
  return String(value);
}

const BARE: readonly Column['kind'][] = ['json', 'networks', 'number', 'boolean'];

/** A line break of JSON text stands only between its tokens, where a space says the same. */
const oneLine = (json: string): string => json.replace(/[\r\n]+/g, ' ');

function members(noun: Noun, row: Row): string {
  return COLUMNS[noun]
    .map((column) => {
      const text = plain(column, row);
      const value = text === undefined ? 'null' : BARE.includes(column.kind) ? oneLine(text) : JSON.stringify(text);
      return `"${column.name}":${value}`;
    })
    .join(',');
}

/** One document with an array for each noun, as the lists of the API have them. */
export function json(nouns: readonly Noun[]): Format {
  let separator = '';
  return {
    mediaType: 'application/json',
    begin: () => '{',
    section: (noun) => {
      separator = '';
      return `${noun === nouns[0] ? '' : '],'}"${noun}s":[`;
    },
    rows: (noun, rows) => {
      const text = separator + rows.map((row) => `{${members(noun, row)}}`).join(',');
      separator = ',';
      return text;
    },
    end: () => ']}',
  };
}

/** One object a line, which says by `type` what it is; the last one is of type `end` and has the counts. */
export const ndjson = (): Format => ({
  mediaType: 'application/x-ndjson',
  begin: () => '',
  section: () => '',
  rows: (noun, rows) => rows.map((row) => `{"type":"${noun}",${members(noun, row)}}\n`).join(''),
  end: (counts) => `${JSON.stringify({ type: 'end', ...counts })}\n`,
});

/** A header line, then one line each; `type` says what it is. Cells of columns that it does not have are empty. */
export function csv(nouns: readonly Noun[]): Format {
  const names = [...new Set(nouns.flatMap((noun) => COLUMNS[noun].map(({ name }) => name)))];
  const cells = (noun: Noun): (Column | undefined)[] =>
    names.map((name) => COLUMNS[noun].find((column) => column.name === name));
  return {
    mediaType: 'text/csv; charset=utf-8; header=present',
    begin: () => csvLine(['type', ...names]),
    section: () => '',
    rows: (noun, rows) => {
      const columns = cells(noun);
      const line = (row: Row): string =>
        csvLine([noun, ...columns.map((column) => (column === undefined ? '' : (plain(column, row) ?? '')))]);
      return rows.map(line).join('');
    },
    end: () => '',
  };
}

export const FORMATS = { json, ndjson, csv } as const;
