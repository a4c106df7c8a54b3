import { randomFillSync } from 'node:crypto';
import { invalidField, notFound } from '../../platform/problem/problem.js';

const ID = /^([0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

const RANDOM_BYTES = 8;
const pool = Buffer.alloc(RANDOM_BYTES * 256);
let used = pool.length;
let lastTime = 0;
let count = 0;

/** The last id: written over for the next one, since a text of one piece is what four ids a reservation are cheapest as. */
const text = Buffer.from('00000000-0000-7000-8000-000000000000');
const DIGITS = Buffer.from('0123456789abcdef');

/**
 * A UUIDv7 (RFC 9562 section 5.7) with a counter in its 12 bits after the time (section 6.2, method 1): ids that a process
 * makes later sort later, so inserts stay at the end of the index and what is made together keeps its order.
 */
export function newId(now = Date.now()): string {
  if (now > lastTime) setTime(now);
  else if (++count > 0xfff) setTime(lastTime + 1);
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  text[15] = DIGITS[count >> 8] ?? 0;
  writeHex(16, count & 0xff);
  writeHex(19, (next() & 0x3f) | 0x80);
  writeHex(21, next());
  for (let at = 24; at < 36; at += 2) writeHex(at, next());
  return text.toString('latin1');
}

const next = (): number => pool[used++] ?? 0;

function writeHex(at: number, byte: number): void {
  text[at] = DIGITS[byte >> 4] ?? 0;
  text[at + 1] = DIGITS[byte & 15] ?? 0;
}

function setTime(time: number): void {
  const digits = time.toString(16).padStart(12, '0');
  text.write(`${digits.slice(0, 8)}-${digits.slice(8)}`, 'latin1');
  [lastTime, count] = [time, 0];
}

/** True when the text has the form of an id (24 hex digits or a UUID), in any case. */
export const isId = (text: string): boolean => ID.test(text.toLowerCase());

/** An id of a path: matched case-insensitively; what is not well-formed names nothing (contracts/rackhd.md section 7). */
export function pathId(noun: string, text: string): string {
  if (ID.test(text)) return text;
  const id = text.toLowerCase();
  if (!ID.test(id)) throw notFound(noun, text);
  return id;
}

/** As chosenId, and whether the client chose. */
export const claimId = (text: string | undefined): { id: string; chosen: boolean } => ({
  id: chosenId(text),
  chosen: text !== undefined && text !== '',
});

/** The id of a new resource: the client's own choice, or ours when it sent none or "". */
export function chosenId(text: string | undefined): string {
  if (text === undefined || text === '') return newId();
  const id = text.toLowerCase();
  if (!ID.test(id)) throw invalidField('id', 'must be 24 hexadecimal digits or a UUID');
  return id;
}
