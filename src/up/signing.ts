import type { Config, Environment } from '../platform/config/config.js';
import type { Home } from './home.js';
import { signToken, TokenClaims } from './token.js';

export const KEY_FILE = 'auth-secret';

/** The lab's key: the shared secret of the environment, or one that is made once and kept in the home. */
export interface Signing {
  /** What the API needs to know of it. */
  readonly environment: Environment;
  /** A token signed with it; undefined with AUTH=none, where nobody needs one. */
  token(claims: TokenClaims, seconds: number): Promise<string | undefined>;
}

export function labSigning(auth: Config['auth'], openHome: () => Home): Signing {
  const { mode, secret, publicKey, jwksUrl, issuer, audience } = auth;
  if (mode === 'none') return { environment: {}, token: () => Promise.resolve(undefined) };
  if (publicKey !== undefined || jwksUrl !== undefined) {
    throw new Error(
      'berth signs lab tokens with a shared secret, but AUTH_JWKS_URL or AUTH_PUBLIC_KEY says that somebody else signs: unset ' +
        'it for the lab; in production start "berth serve" and "berth gateway" yourself and take tokens from that somebody.',
    );
  }
  const tokensWith = (key: string): Signing['token'] => {
    return (claims, seconds) => signToken({ secret: key, issuer, audience }, claims, seconds);
  };
  if (secret !== undefined) return { environment: {}, token: tokensWith(secret) };
  const home = openHome();
  return { environment: { AUTH_SECRET_FILE: home.file(KEY_FILE) }, token: tokensWith(home.keepKey(KEY_FILE)) };
}
