import { createRemoteJWKSet } from 'jose';
import { AuthServiceKey } from './auth-service-key.js';
import type { AuthService } from './auth-service.js';
import { algorithmsOf, CURVES, HMACS, pemKey, RSA, secretKey, type TokenKey, type TokenKeys } from './token-key.js';

/** Where the keys come from: the first of these that is set, by default the key endpoint of the auth service. */
export interface KeySettings {
  secret?: string | undefined;
  publicKey?: string | undefined;
  jwksUrl?: string | undefined;
}

export function tokenKeys({ secret, publicKey, jwksUrl }: KeySettings, service: AuthService): TokenKeys {
  if (secret !== undefined) return fixed(Promise.resolve(secretKey(secret, HMACS)));
  if (publicKey !== undefined) return fixed(pemKey(publicKey, algorithmsOf(publicKey)));
  if (jwksUrl !== undefined) {
    // It renews itself: fetched again for an unknown key id, at most every 30 s.
    const find = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: 3_000 });
    return fixed(Promise.resolve({ algorithms: [...RSA, ...Object.values(CURVES), 'EdDSA', 'Ed25519'], find }));
  }
  return new AuthServiceKey(service);
}

function fixed(key: Promise<TokenKey>): TokenKeys {
  key.catch(() => undefined); // told by current()
  return { current: () => key, renewed: () => Promise.resolve(undefined) };
}
