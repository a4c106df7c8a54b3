import { JsonText } from '../../platform/json/json-text.js';
import type { ColumnKind, Noun } from './columns.js';
import { csvText } from './csv.js';
import { kindOf } from './members.js';
import { MAX_RECORD, nounOf, Unreadable, type Found, type Reader } from './source.js';

/** Cells of RFC 4180, in pieces of any size. Lines may end with LF alone. */
class Splitter {
  private cells: string[] = [];
  private cell = '';
  private state: 'begin' | 'bare' | 'quoted' | 'quote' = 'begin';
  private size = 0;
  /** The line that is being read, and the one where its record began. */
  private line = 1;
  private began = 1;

  constructor(private readonly row: (cells: string[], line: number) => void) {}

  more(text: string): void {
    for (let i = 0; i < text.length;) {
      if (++this.size > MAX_RECORD) throw new Unreadable(this.began, `is longer than ${MAX_RECORD} characters`);
      const c = text[i] ?? '';
      if (c === '\n') this.line++;
      if (this.state === 'quoted') {
        if (c === '"') this.state = 'quote';
        else this.cell += c;
      } else if (c === '"') {
        if (this.state === 'bare')
          throw new Unreadable(this.line, 'has a quote in the middle of a cell without quotes');
        if (this.state === 'quote') this.cell += c;
        this.state = 'quoted';
      } else if (c === ',') this.cellEnds();
      else if (c === '\n') this.rowEnds();
      else if (c !== '\r' || (i + 1 < text.length && text[i + 1] !== '\n')) {
        if (this.state === 'quote') throw new Unreadable(this.line, 'has text behind a closing quote');
        this.state = 'bare';
        const run = c === '\r' ? i + 1 : endOfRun(text, i);
        this.cell += text.slice(i, run);
        this.size += run - i - 1;
        i = run;
        continue;
      }
      i++;
    }
  }

  end(): void {
    if (this.state === 'quoted') throw new Unreadable(this.began, 'has a quote that is not closed');
    if (this.cells.length > 0 || this.cell !== '') this.rowEnds();
  }

  private cellEnds(): void {
    this.cells.push(this.cell);
    this.cell = '';
    this.state = 'begin';
  }

  private rowEnds(): void {
    this.cellEnds();
    this.row(this.cells, this.began);
    this.cells = [];
    this.size = 0;
    this.began = this.line;
  }
}

const SPECIAL = /[",\r\n]/g;

/** Behind the last character that nothing special stands before. */
function endOfRun(text: string, from: number): number {
  SPECIAL.lastIndex = from + 1;
  return SPECIAL.exec(text)?.index ?? text.length;
}

/** What a cell says; what cannot be told from its text stays text, for the check of its field to refuse. */
function valueOf(kind: ColumnKind, text: string): unknown {
  if (kind === 'number') return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (kind === 'boolean') return { true: true, TRUE: true, false: false, FALSE: false }[text] ?? text;
  if (kind !== 'json' && kind !== 'networks') return text;
  return JSON.parse(text);
}

/** A header line, then one record each. What a line is says its `type`, or else all are of one. */
export function csvReader(only: Noun | undefined): Reader {
  let found: Found[] = [];
  let names: string[] | undefined;
  const header = (cells: readonly string[]): void => {
    names = cells.map((name) => name.trim());
    const unknown = names.find((name) => name !== 'type' && kindOf(name) === undefined);
    if (unknown !== undefined) throw new Unreadable(1, `has a column ${JSON.stringify(unknown)}, which nothing has`);
    if (new Set(names).size < names.length) throw new Unreadable(1, 'has a column twice');
    if (only === undefined && !names.includes('type')) {
      throw new Unreadable(1, 'has no column "type"; say with the parameter type what the lines are');
    }
  };
  const record = (cells: string[], line: number, columns: readonly string[]): Found => {
    const value: Record<string, unknown> = {};
    let type: string | undefined;
    for (const [n, cell] of cells.entries()) {
      const name = columns[n];
      if (name === undefined) return { line, noun: only, field: '', reason: 'has more cells than the header' };
      const text = csvText(cell);
      if (text === '') continue;
      if (name === 'type') type = text;
      else {
        try {
          const parsed = valueOf(kindOf(name) ?? 'text', text);
          value[name] = name === 'metadata' ? new JsonText(text) : parsed;
        } catch {
          return { line, noun: nounOf(type) ?? only, field: name, reason: 'must be JSON' };
        }
      }
    }
    const noun = type === undefined ? only : nounOf(type);
    if (noun === undefined) return { line, field: 'type', reason: 'must be pool, subnet, reservation or lease' };
    if (only !== undefined && noun !== only)
      return { line, noun, field: 'type', reason: `must be ${only}, as was asked` };
    return { line, noun, value };
  };
  const splitter = new Splitter((cells, line) => {
    if (names === undefined) header(cells.map((cell, n) => (n === 0 ? cell.replace(/^\ufeff/, '') : cell)));
    else if (cells.some((cell) => cell !== '')) found.push(record(cells, line, names));
  });
  const taken = (): Found[] => {
    const all = found;
    found = [];
    return all;
  };
  return {
    more(text) {
      splitter.more(text);
      return taken();
    },
    end() {
      splitter.end();
      if (names === undefined) throw new Unreadable(1, 'must be a header line with the names of the columns');
      return taken();
    },
  };
}
