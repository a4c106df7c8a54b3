import { createHash } from 'node:crypto';
import { invalidField } from '../../platform/problem/problem.js';

/** Where a page ended: the last row's id and, in a sorted list, its value as text. */
export interface Position {
  id: string;
  value?: string;
}

/** Short, since it only has to tell the queries of one client apart. */
const FINGERPRINT_LENGTH = 12;

/** Names a list with its filters and its order: a cursor is good for the list that gave it, and for no other. */
export function fingerprintOf(asked: unknown): string {
  return createHash('sha256').update(JSON.stringify(asked)).digest('base64url').slice(0, FINGERPRINT_LENGTH);
}

export function encodeCursor({ id, value }: Position, fingerprint: string): string {
  const parts = value === undefined ? [fingerprint, id] : [fingerprint, id, value];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The position that a cursor names; the problem `invalid-field` when this list did not give it. */
export function decodeCursor(cursor: string, fingerprint: string): Position {
  const parts = parse(Buffer.from(cursor, 'base64url').toString());
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) {
    throw invalidField('cursor', 'is not one that this list gave');
  }
  const [given, id, value] = parts;
  if (id === undefined || id.includes('\0') || value?.includes('\0') === true) {
    throw invalidField('cursor', 'is not one that this list gave');
  }
  if (given !== fingerprint) {
    throw invalidField('cursor', 'is of a list with other filters or another order: begin again without it');
  }
  return { id, ...(value === undefined ? {} : { value }) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
