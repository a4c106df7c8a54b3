import { inspect } from 'node:util';
import { isNativeError } from 'node:util/types';
import type { LoggerService } from '@nestjs/common';
import { formatJson, formatText } from './format.js';
import type { Log } from './log.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** What goes with a message: the message is constant, everything that varies is a field. */
export type Fields = Readonly<Record<string, unknown>>;

export interface LogEntry {
  readonly time: Date;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Fields;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
  /** Takes one line, without its end. Standard error unless told otherwise: standard output is for results. */
  readonly write?: (line: string) => void;
}

/**
 * Writes log lines; also what Nest logs through (`NestFactory.create(module, { logger })`), which passes strings where
 * we pass fields: `warn(message, context)`, `error(message, stack, context)`.
 */
export class Logger implements LoggerService {
  private readonly write: (line: string) => void;

  constructor(
    private readonly options: LoggerOptions,
    private readonly always: Fields = {},
  ) {
    this.write = options.write ?? ((line) => void process.stderr.write(`${line}\n`));
  }

  /** The same log with fields that go with every line. */
  with(fields: Fields): Logger {
    return new Logger(this.options, { ...this.always, ...fields });
  }

  /** As a plain function, for code that is given a way to log and nothing else. */
  asLog(): Log {
    return (level, message, fields) => this.entry(level, message, [fields]);
  }

  isEnabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.options.level);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.entry('debug', message, rest);
  }

  info(message: unknown, ...rest: unknown[]): void {
    this.entry('info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.entry('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.entry('error', message, rest);
  }

  /** Nest's name for `info`. */
  log(message: unknown, ...rest: unknown[]): void {
    this.entry('info', message, rest);
  }

  /** Nest's name for what is below `debug`. */
  verbose(message: unknown, ...rest: unknown[]): void {
    this.entry('debug', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.entry('error', message, rest);
  }

  private entry(level: LogLevel, message: unknown, rest: readonly unknown[]): void {
    if (!this.isEnabled(level)) return;
    const stacks = this.isEnabled('debug');
    const fields = { ...this.always, ...fieldsOf(rest) };
    const [said, more] = isNativeError(message) ? [message.message, { error: message }] : [textOf(message), {}];
    const entry: LogEntry = { time: new Date(), level, message: said, fields: { ...fields, ...more } };
    this.write(this.options.format === 'json' ? formatJson(entry, stacks) : formatText(entry, stacks));
  }
}

function textOf(message: unknown): string {
  return typeof message === 'string' ? message : inspect(message, { breakLength: Infinity, depth: 3 });
}

/** Objects are fields, an Error is `error`; of Nest's strings the last is the context, one before it a stack. */
function fieldsOf(rest: readonly unknown[]): Fields {
  const fields: Record<string, unknown> = {};
  const strings = rest.filter((value) => typeof value === 'string');
  const context = strings.at(-1);
  if (context !== undefined) fields.context = context;
  if (strings.length > 1) fields.stack = strings[0];
  for (const value of rest) {
    if (isNativeError(value)) fields.error = value;
    else if (typeof value === 'object' && value !== null) Object.assign(fields, value);
  }
  return fields;
}
