import { isNativeError } from 'node:util/types';
import type { LogEntry } from './logger.js';

/** Fields whose value is hidden, whoever logs them and wherever they are nested. */
const SECRET_NAME = /secret|passw|token|authorization|credential|cookie|privatekey|x-auth/i;
/** Secrets that betray themselves inside any text: a URL's user info, a bearer token, a JWT. */
const SECRET_TEXT: readonly [RegExp, string][] = [
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi, '$1***@'],
  [/\bbearer\s+[^\s"',]+/gi, 'Bearer ***'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '***'],
];
const HIDDEN = '***';
const DEEPEST = 6;

/** One JSON object: time, level, message and the fields beside them. */
export function formatJson(entry: LogEntry, stacks: boolean): string {
  const fields = clean(entry.fields, stacks, 0) as Record<string, unknown>;
  return JSON.stringify({
    ...fields,
    time: entry.time.toISOString(),
    level: entry.level,
    message: cleanText(entry.message),
  });
}

/** `06:24:03.120 info  message key=value key="other value"`, always one line. */
export function formatText(entry: LogEntry, stacks: boolean): string {
  const fields = clean(entry.fields, stacks, 0) as Record<string, unknown>;
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${textValue(value)}`);
  const time = entry.time.toISOString().slice(11, 23);
  return `${time} ${entry.level.padEnd(5)} ${oneLine(cleanText(entry.message))}${pairs.join('')}`;
}

function textValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return typeof value !== 'string' || /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text);
}

/** A line of text cannot pretend to be two: what a client sent may be in it. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function cleanText(text: string): string {
  return SECRET_TEXT.reduce((cleaned, [pattern, replacement]) => cleaned.replace(pattern, replacement), text);
}

/** The value as JSON can hold it and people may see it. */
function clean(value: unknown, stacks: boolean, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (value instanceof Date) return value.toISOString();
  if (depth === DEEPEST) return '...';
  if (isNativeError(value)) return errorFields(value, stacks, depth);
  if (Array.isArray(value)) return value.map((item) => clean(item, stacks, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => stacks || key !== 'stack')
      .map(([key, item]) => [
        key,
        SECRET_NAME.test(key) && item !== undefined ? HIDDEN : clean(item, stacks, depth + 1),
      ]),
  );
}

/** Only these members of an error: drivers hang whole connections, passwords included, on theirs. */
function errorFields(error: Error, stacks: boolean, depth: number): Record<string, unknown> {
  const code = 'code' in error ? error.code : undefined;
  return {
    name: error.name,
    message: cleanText(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(isNativeError(error.cause) ? { cause: errorFields(error.cause, stacks, depth + 1) } : {}),
    ...(stacks && error.stack !== undefined ? { stack: cleanText(error.stack) } : {}),
  };
}
