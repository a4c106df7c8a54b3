import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import type { FlowRecord } from './record.js';

/** What the original vLab sent of a connection: exactly these members, in this order. `time` in whole seconds. */
export const vlabPayload = ({ time, source, target, owner, gateway }: FlowRecord): string =>
  JSON.stringify({ time: Math.floor(Date.parse(time) / 1_000), source, target, user: owner ?? gateway });

/**
 * A Fernet token: 0x80, time, IV, AES-128-CBC with PKCS #7, HMAC-SHA256 over all of it, in padded url-safe base64. `key`:
 * 32 bytes in the same base64, the first half signs, the second encrypts.
 */
export function fernet(key: string, payload: string, now = Date.now(), iv: Buffer = randomBytes(16)): string {
  const secret = Buffer.from(key.trim(), 'base64url');
  if (secret.length !== 32) throw new Error('a Fernet key is 32 bytes in url-safe base64');
  const head = Buffer.alloc(9);
  head[0] = 0x80;
  head.writeBigUInt64BE(BigInt(Math.floor(now / 1_000)), 1);
  const cipher = createCipheriv('aes-128-cbc', secret.subarray(16), iv);
  const signed = Buffer.concat([head, iv, cipher.update(payload, 'utf8'), cipher.final()]);
  const tag = createHmac('sha256', secret.subarray(0, 16)).update(signed).digest();
  const token = Buffer.concat([signed, tag]).toString('base64');
  return token.replaceAll('+', '-').replaceAll('/', '_');
}
