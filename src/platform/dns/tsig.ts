import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  CLASS,
  decodeMessage,
  encodeMessage,
  lastRecordOffset,
  type Message,
  type ResourceRecord,
  TYPE,
} from './message.js';
import { canonicalName, encodeName, sameName } from './name.js';

/** TSIG (RFC 8945): who shares a key signs what it says, and what is answered. */

/** By the name on the wire. Not HMAC-MD5 and HMAC-SHA1: "MUST NOT" and "NOT RECOMMENDED" (RFC 8945 section 6). */
const HASHES = {
  'hmac-sha224': 'sha224',
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
} as const;
export type TsigAlgorithm = keyof typeof HASHES;
export const TSIG_ALGORITHMS = Object.keys(HASHES) as TsigAlgorithm[];

export interface TsigKey {
  name: string;
  algorithm: TsigAlgorithm;
  secret: Uint8Array;
}

/** Seconds that the clocks of two parties may differ (RFC 8945 section 10). */
const FUDGE = 300;

/** TSIG errors (RFC 8945 section 3), in words that say what to do. */
const ERRORS: Readonly<Record<number, string>> = {
  16: 'the server says that the signature is wrong: the secret differs from its own (BADSIG)',
  17: 'the server does not know the key: compare its name and algorithm with the server (BADKEY)',
  18: "the server's clock differs by more than five minutes from this machine's (BADTIME)",
  22: 'the server wants a longer signature (BADTRUNC)',
};

/** The algorithm as people write it: HMAC-SHA512, hmac_sha512, sha512, with a dot at the end or without. */
export function parseAlgorithm(text: string): TsigAlgorithm | undefined {
  const plain = text.toLowerCase().replace(/_/g, '-').replace(/\.$/, '');
  const name = plain.startsWith('hmac-') ? plain : `hmac-${plain}`;
  return TSIG_ALGORITHMS.find((algorithm) => algorithm === name);
}

/** A message with its signature behind it. */
export interface Signed {
  bytes: Uint8Array;
  /** What the answer's signature is bound to. */
  mac: Uint8Array;
}

const seconds = (time: number): Uint8Array => {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(time, 0, 6);
  return bytes;
};
const u16 = (value: number): Uint8Array => Buffer.of(value >> 8, value & 0xff);
const sized = (bytes: Uint8Array): Uint8Array => Buffer.concat([u16(bytes.length), bytes]);

/** The TSIG variables of a digest (RFC 8945 section 4.3.3). */
const variables = (key: TsigKey, time: Uint8Array, fudge: number, error: number, other: Uint8Array): Uint8Array =>
  Buffer.concat([
    canonicalName(key.name),
    u16(CLASS.ANY),
    Buffer.alloc(4),
    canonicalName(key.algorithm),
    ...[time, u16(fudge), u16(error), sized(other)],
  ]);

const macOf = ({ algorithm, secret }: TsigKey, ...parts: readonly Uint8Array[]): Uint8Array =>
  createHmac(HASHES[algorithm], secret).update(Buffer.concat(parts)).digest();

/** Signs a message at a time, in seconds since 1970. */
export function signMessage(message: Message, key: TsigKey, now: number): Signed {
  const time = seconds(now);
  const none = Buffer.alloc(0);
  const mac = macOf(key, encodeMessage(message), variables(key, time, FUDGE, 0, none));
  const data = Buffer.concat([
    encodeName(key.algorithm),
    ...[time, u16(FUDGE), sized(mac), u16(message.id), u16(0), sized(none)],
  ]);
  const record: ResourceRecord = { name: key.name, type: TYPE.TSIG, class: CLASS.ANY, ttl: 0, data };
  return { bytes: encodeMessage({ ...message, additional: [...message.additional, record] }), mac };
}

/** An answer that cannot be believed, or that says that ours was not. */
export class TsigError extends Error {
  override readonly name = 'TsigError';

  constructor(
    message: string,
    /** The server's own words, so that waiting for a better answer is in vain; false: somebody else's, perhaps. */
    readonly told: boolean,
  ) {
    super(message);
  }
}

/**
 * Returns quietly when the answer was signed with the key, for the request of that MAC, about now (seconds since 1970).
 * Throws `TsigError`, or `MalformedMessage`.
 */
export function verifyAnswer(bytes: Uint8Array, key: TsigKey, requestMac: Uint8Array, now: number): void {
  const { additional } = decodeMessage(bytes);
  const record = additional.at(-1);
  if (record?.type !== TYPE.TSIG || record.class !== CLASS.ANY || record.ttl !== 0)
    throw new TsigError('the answer is not signed', false);
  const { algorithm, time, fudge, mac, originalId, error, other } = parseTsig(record.data);
  // Whoever does not know our key cannot sign (RFC 8945 section 5.2): these two come without a signature.
  if (mac.length === 0)
    throw new TsigError(ERRORS[error] ?? `the answer is not signed (TSIG error ${error})`, error !== 0);
  if (!sameName(record.name, key.name) || !sameName(algorithm, key.algorithm)) {
    throw new TsigError('the answer is signed with another key', false);
  }
  const head = Buffer.from(bytes.subarray(0, lastRecordOffset(bytes)));
  head.set(originalId, 0);
  head.writeUInt16BE(head.readUInt16BE(10) - 1, 10);
  const expected = macOf(key, sized(requestMac), head, variables(key, time, fudge, error, other));
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) {
    throw new TsigError('the signature of the answer is wrong', false);
  }
  if (error !== 0) throw new TsigError(ERRORS[error] ?? `TSIG error ${error}`, true);
  if (Math.abs(Buffer.from(time).readUIntBE(0, 6) - now) > fudge) {
    throw new TsigError('the answer was signed at another time: compare the clocks', false);
  }
}

interface Tsig {
  algorithm: string;
  time: Uint8Array;
  fudge: number;
  mac: Uint8Array;
  originalId: Uint8Array;
  error: number;
  other: Uint8Array;
}

/** Names in it are never compressed (RFC 8945 section 4.2). */
function parseTsig(data: Uint8Array): Tsig {
  const bytes = Buffer.from(data);
  const labels: string[] = [];
  let at = 0;
  for (let length = bytes[at++]; length !== undefined && length > 0; length = bytes[at++]) {
    labels.push(bytes.toString('latin1', at, at + length));
    at += length;
  }
  const macSize = at + 10 <= bytes.length ? bytes.readUInt16BE(at + 8) : 0;
  const rest = at + 10 + macSize;
  if (rest + 6 > bytes.length || rest + 6 + bytes.readUInt16BE(rest + 4) !== bytes.length) {
    throw new TsigError('the signature of the answer cannot be read', false);
  }
  return {
    algorithm: labels.join('.'),
    time: bytes.subarray(at, at + 6),
    fudge: bytes.readUInt16BE(at + 6),
    mac: bytes.subarray(at + 10, rest),
    originalId: bytes.subarray(rest, rest + 2),
    error: bytes.readUInt16BE(rest + 2),
    other: bytes.subarray(rest + 6),
  };
}
