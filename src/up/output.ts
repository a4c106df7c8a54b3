import { formatJson, formatText } from '../platform/logging/format.js';
import { LOG_LEVELS, LogEntry, LogLevel } from '../platform/logging/logger.js';

/**
 * Where the lines of `up` and of its parts come together. Until the screen has been printed they wait: they matter only
 * when the start fails, or when they warn.
 */
export class Output {
  private held: { line: string; warns: boolean }[] | undefined = [];

  constructor(
    private readonly print: (line: string) => void,
    private readonly format: 'text' | 'json',
    private readonly stacks: boolean,
  ) {}

  /** Takes the lines that a part writes. */
  of(part: string): (line: string) => void {
    return (line) => {
      const entry = parseEntry(line);
      this.emit(
        this.render(part, entry, line),
        entry === undefined || entry.level === 'warn' || entry.level === 'error',
      );
    };
  }

  /** Something `up` itself has to say. */
  say(message: string): void {
    this.emit(this.render('up', { time: new Date(), level: 'warn', message, fields: {} }, message), true);
  }

  /** From now on lines are printed as they come; of those that waited, the warnings. */
  open(): void {
    for (const { line, warns } of this.held ?? []) if (warns) this.print(line);
    this.held = undefined;
  }

  /** Prints all that waited. */
  flush(): void {
    for (const { line } of this.held ?? []) this.print(line);
    this.held = undefined;
  }

  private emit(line: string, warns: boolean): void {
    if (this.held) this.held.push({ line, warns });
    else this.print(line);
  }

  /** The part's name stands before text, and beside the other fields in JSON. */
  private render(part: string, entry: LogEntry | undefined, line: string): string {
    if (this.format === 'text') return `${part.padEnd(8)} ${entry ? formatText(entry, this.stacks) : line}`;
    const { fields, ...rest } = entry ?? { time: new Date(), level: 'error', message: line, fields: {} };
    return formatJson({ ...rest, fields: { process: part, ...fields } }, this.stacks);
  }
}

/** The parts log JSON; anything else, such as the stack of a crash, is undefined here. */
function parseEntry(line: string): LogEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { time, level, message, ...fields } = value as Record<string, unknown>;
  if (typeof time !== 'string' || typeof message !== 'string' || !isLevel(level)) return undefined;
  return { time: new Date(time), level, message, fields };
}

function isLevel(value: unknown): value is LogLevel {
  return LOG_LEVELS.some((level) => level === value);
}
