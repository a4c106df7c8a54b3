import { createPublicKey } from 'node:crypto';
import { importSPKI, type JWTVerifyGetKey } from 'jose';

export const HMACS = ['HS256', 'HS384', 'HS512'];
export const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
export const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

/** With what tokens are checked; the algorithms are what configuration or the key's source says, never what the token says. */
export interface TokenKey {
  algorithms: string[];
  find: JWTVerifyGetKey;
}

export interface TokenKeys {
  /** Rejects when there is none now. */
  current(): Promise<TokenKey>;
  /** The newest key, if it is not the one that did not fit. */
  renewed(used: TokenKey): Promise<TokenKey | undefined>;
}

export function secretKey(secret: string, algorithms: string[]): TokenKey {
  const bytes = new TextEncoder().encode(secret);
  return { algorithms, find: () => bytes };
}

/** Rejects when the PEM is no public key, or none of these algorithms. */
export async function pemKey(pem: string, algorithms: string[]): Promise<TokenKey> {
  const keys = new Map(await Promise.all(algorithms.map(async (name) => [name, await importSPKI(pem, name)] as const)));
  return {
    algorithms,
    find: ({ alg }) => {
      const key = keys.get(alg);
      if (key === undefined) throw new Error(`no key for the algorithm ${alg}`);
      return key;
    },
  };
}

/** What a PEM public key can check; its own text decides, so that no HMAC can be made of it. */
export function algorithmsOf(pem: string): string[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey(pem);
  if (type === 'rsa') return RSA;
  if (type === 'ed25519') return ['EdDSA', 'Ed25519'];
  const curve = CURVES[details?.namedCurve ?? ''];
  if (curve === undefined) throw new Error('a public key for tokens must be RSA, P-256, P-384, P-521 or Ed25519');
  return [curve];
}
