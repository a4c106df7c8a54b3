import { styleText } from 'node:util';
import { safeText } from './safe-text.js';

/** Where words go: results to standard output, everything said about them to standard error. */
export class Output {
  constructor(
    readonly json: boolean,
    /** Whether standard output is a terminal that may be coloured. */
    readonly colour: boolean,
  ) {}

  /** Lines of a result for people. */
  lines(lines: readonly string[]): void {
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  }

  /** JSON text, exactly as it came. */
  raw(text: string): void {
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** A part of a JSON text. */
  part(text: string): void {
    process.stdout.write(text);
  }

  /** A message for people: standard output belongs to the JSON where that was asked for. */
  say(message: string): void {
    (this.json ? process.stderr : process.stdout).write(`${safeText(message)}\n`);
  }

  /** A remark beside the result. */
  note(message: string): void {
    process.stderr.write(`${safeText(message)}\n`);
  }
}

const COLOURS: Readonly<Record<string, 'green' | 'yellow' | 'red'>> = {
  active: 'green',
  current: 'green',
  pending: 'yellow',
  removing: 'yellow',
  behind: 'yellow',
  failed: 'red',
  drifted: 'red',
};

/** Colours a cell that begins with a status. */
export function paintStatus(cell: string): string {
  const colour = COLOURS[/^\w+/.exec(cell)?.[0] ?? ''];
  return colour === undefined ? cell : styleText(colour, cell, { validateStream: false });
}
