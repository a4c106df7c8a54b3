import { safeText, widthOf } from './safe-text.js';

export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string;
  /** Dresses the finished cell up, for a terminal. */
  readonly paint?: (cell: string, row: T) => string;
}

const GAP = '  ';

/** Lines of a table with its columns aligned; nothing at all for no rows. */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[], colour = false): string[] {
  if (rows.length === 0) return [];
  const cells = rows.map((row) => columns.map((column) => safeText(column.of(row)) || '-'));
  const widths = columns.map(({ title }, index) =>
    cells.reduce((width, line) => Math.max(width, widthOf(line[index] ?? '')), title.length),
  );
  const pad = (text: string, index: number): string => {
    // No blanks at the end of a line.
    const blanks = index === columns.length - 1 ? 0 : (widths[index] ?? 0) - widthOf(text);
    return ' '.repeat(Math.max(0, blanks));
  };
  const header = columns.map(({ title }, index) => title + pad(title, index)).join(GAP);
  const lines = rows.map((row, line) =>
    columns
      .map(({ paint }, index) => {
        const cell = cells[line]?.[index] ?? '';
        return (colour && paint !== undefined ? paint(cell, row) : cell) + pad(cell, index);
      })
      .join(GAP),
  );
  return [header, ...lines];
}

/** `name  value` lines. */
export function record(fields: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}${GAP}${safeText(value) || '-'}`);
}
