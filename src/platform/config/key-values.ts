import { createPublicKey } from 'node:crypto';
import { BadValue } from './setting.js';

/** Parsers of keys that sign tokens. */

/** Smallest HS256 key: as long as the hash (RFC 7518 section 3.2). */
export const MIN_SECRET_BYTES = 32;

export function secret(value: string): string {
  if (Buffer.byteLength(value) < MIN_SECRET_BYTES) throw new BadValue();
  return value;
}

export function publicKey(value: string): string {
  try {
    createPublicKey(value);
  } catch {
    throw new BadValue();
  }
  return value;
}
