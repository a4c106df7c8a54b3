import type { AuthService } from './auth-service.js';
import { algorithmsOf, HMACS, pemKey, secretKey, type TokenKey, type TokenKeys } from './token-key.js';
import { VlabRefusal } from './vlab-refusal.js';

/** How often a token whose signature does not fit may make us ask again: whoever sends nonsense must not make traffic. */
const RENEW_MS = 30_000;
/** How long to leave a service alone that did not answer. */
const RETRY_MS = 1_000;
/** A key that was withdrawn without a new one in use counts for so long at most, while the service answers. */
const MAX_AGE_MS = 3_600_000;

/**
 * The key that the vLab auth service gives out (`GET /api/1/auth/key`). Not needed at start: it is fetched for the first
 * token, and once for all that wait for it. While the service is away the key that we have goes on counting.
 */
export class AuthServiceKey implements TokenKeys {
  private key?: TokenKey;
  private text = '';
  private fetchedAt = -Infinity;
  private failedAt = -Infinity;
  private fetching: Promise<TokenKey> | undefined;

  constructor(private readonly service: Pick<AuthService, 'key'>) {}

  async current(): Promise<TokenKey> {
    if (this.key === undefined) return this.fetch();
    if (Date.now() - this.fetchedAt < MAX_AGE_MS) return this.key;
    return this.fetch().catch(() => this.key ?? this.fetch());
  }

  async renewed(used: TokenKey): Promise<TokenKey | undefined> {
    if (this.key === used && Date.now() - this.fetchedAt > RENEW_MS) await this.fetch().catch(() => undefined);
    return this.key === used ? undefined : this.key;
  }

  private fetch(): Promise<TokenKey> {
    if (this.fetching === undefined && Date.now() - this.failedAt < RETRY_MS) return Promise.reject(away());
    this.fetching ??= this.load().finally(() => (this.fetching = undefined));
    return this.fetching;
  }

  private async load(): Promise<TokenKey> {
    try {
      const { key, algorithm } = await this.service.key();
      const text = `${algorithm} ${key}`;
      // The same key stays the same object, by which `renewed` knows it.
      if (this.key === undefined || text !== this.text) this.key = await parsedKey(key, algorithm);
      this.text = text;
      this.fetchedAt = Date.now();
      return this.key;
    } catch (error) {
      this.failedAt = Date.now();
      throw away(error);
    }
  }
}

async function parsedKey(key: string, algorithm: string): Promise<TokenKey> {
  if (HMACS.includes(algorithm)) {
    // A public key as a shared secret would let everybody sign.
    if (key.includes('-----BEGIN')) throw new Error(`the auth service gives a PEM key for ${algorithm}`);
    return secretKey(key, [algorithm]);
  }
  if (!algorithmsOf(key).includes(algorithm)) throw new Error(`the auth service's key is none for ${algorithm}`);
  return pemKey(key, [algorithm]);
}

const away = (cause?: unknown): VlabRefusal =>
  new VlabRefusal(500, 'The vLab auth service does not give its key now. Try again.', { cause });
