/**
 * Cells of CSV (RFC 4180). Spreadsheets take a cell that begins with one of `= + - @` (or a tab or carriage return before
 * it) for a formula, which a stranger's name or metadata must not become: such cells get an apostrophe in front. So does a
 * cell that begins with an apostrophe itself, so that one apostrophe taken off again gives the cell that it was.
 */
const FORMULA = /^[=+\-@\t\r']/;
const GUARDED = /^'[=+\-@\t\r']/;
const QUOTED = /[",\r\n]|^\s|\s$/;

/** The cell of a text. */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The text of a cell whose quotes are gone: the reverse of the apostrophe. */
export const csvText = (cell: string): string => (GUARDED.test(cell) ? cell.slice(1) : cell);

export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`;
