import { elementText } from './array-literal.js';

/** What a statement's parameter may be; arrays of arrays must be square. */
export type Parameter = string | Buffer | null;

/**
 * A value as PostgreSQL reads it: null and undefined are NULL, lists array literals, moments timestamptz, other objects
 * JSON. pg's own conversion gives the same, for lists at several times the price, which is most of what a claim sends.
 */
export function parameterText(value: unknown): Parameter {
  switch (typeof value) {
    case 'string':
      return value;
    case 'undefined':
      return null;
    case 'object':
      if (value === null || Buffer.isBuffer(value)) return value;
      if (Array.isArray(value)) return arrayText(value);
      return value instanceof Date ? timeParameter(value) : JSON.stringify(value);
    default:
      return String(value);
  }
}

function arrayText(items: readonly unknown[]): string {
  let text = '{';
  for (const [n, item] of items.entries()) {
    if (n > 0) text += ',';
    if (typeof item === 'string') text += elementText(item);
    else if (Array.isArray(item)) text += arrayText(item);
    else text += itemText(parameterText(item));
  }
  return `${text}}`;
}

function itemText(item: Parameter): string {
  if (item === null) return 'NULL';
  return elementText(typeof item === 'string' ? item : `\\x${item.toString('hex')}`);
}

/** Five digits of a year lose the sign that ISO 8601 wants; a year before the first is written as PostgreSQL counts. */
function timeParameter(time: Date): string {
  const text = time.toISOString();
  if (text.startsWith('+')) return text.replace(/^\+0*/, '');
  const year = time.getUTCFullYear();
  return year > 0 ? text : `${String(1 - year).padStart(4, '0')}${text.replace(/^-?\d+/, '')} BC`;
}
