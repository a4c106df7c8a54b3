import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const SEALED = 'a256gcm:';
const PLAIN = 'plain:';
const NONCE = 12;
const TAG = 16;

/** The secret was sealed with a key that this process does not have. */
export class SealedSecret extends Error {
  constructor(cause?: unknown) {
    super(
      'the secret of the webhook was sealed with another key: set WEBHOOKS_SECRET_KEY to that, or rotate the secret',
      {
        cause,
      },
    );
  }
}

/**
 * Secrets at rest: with a key AES-256-GCM, bound to the webhook's id so that none can be moved to another; without one as
 * they are. What was stored without a key stays readable when there is one.
 */
export class SecretBox {
  private readonly key: Buffer | undefined;

  constructor(key: string | undefined) {
    this.key = key === undefined ? undefined : Buffer.from(hkdfSync('sha256', key, '', 'berth webhook secrets', 32));
  }

  seal(id: string, secret: string): string {
    if (this.key === undefined) return PLAIN + secret;
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(id));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return SEALED + Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
  }

  /** Throws SealedSecret without the key that sealed it. */
  open(id: string, stored: string): string {
    if (stored.startsWith(PLAIN)) return stored.slice(PLAIN.length);
    if (this.key === undefined) throw new SealedSecret();
    const bytes = Buffer.from(stored.slice(SEALED.length), 'base64');
    try {
      const cipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, NONCE)).setAAD(Buffer.from(id));
      cipher.setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
      return cipher.update(bytes.subarray(NONCE + TAG), undefined, 'utf8') + cipher.final('utf8');
    } catch (error) {
      throw new SealedSecret(error);
    }
  }
}
