import { randomFillSync } from 'node:crypto';
import { invalidField, notFound } from '../../platform/problem/problem.js';

const ID = /^([0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

const pool = Buffer.alloc(16 * 256);
let used = pool.length;

let lastTime = 0;
let count = 0;

/**
 * A UUIDv7 (RFC 9562 section 5.7) with a counter in its 12 bits after the time (section 6.2, method 1): ids that a process
 * makes later sort later, so inserts stay at the end of the index and what is made together keeps its order.
 */
export function newId(now = Date.now()): string {
  if (now > lastTime) [lastTime, count] = [now, 0];
  else if (++count > 0xfff) [lastTime, count] = [lastTime + 1, 0];
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + 16));
  used += 16;
  bytes.writeUIntBE(lastTime, 0, 6);
  bytes.writeUInt16BE(0x7000 | count, 6);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** True when the text has the form of an id (24 hex digits or a UUID), in any case. */
export const isId = (text: string): boolean => ID.test(text.toLowerCase());

/** An id of a path: matched case-insensitively; what is not well-formed names nothing (contracts/rackhd.md section 7). */
export function pathId(noun: string, text: string): string {
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
