import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import type { Config } from '../platform/config/config.js';
import { Home } from './home.js';
import { KEY_FILE, labSigning } from './signing.js';
import type { TokenClaims } from './token.js';

/** `berth token`: signed with the configured secret, or with the key of the `berth up` of this directory. */
export async function localToken(
  config: Config,
  claims: Partial<TokenClaims> & Pick<TokenClaims, 'role'>,
  seconds: number,
): Promise<string> {
  const { auth, up } = config;
  const ownKey = auth.secret === undefined && auth.publicKey === undefined && auth.jwksUrl === undefined;
  if (ownKey && !existsSync(join(up.home, KEY_FILE))) {
    throw new Error(
      `There is no key here to sign with: set AUTH_SECRET_FILE, or start berth up first, which makes ${join(up.home, KEY_FILE)}.`,
    );
  }
  const sub = claims.sub ?? (claims.gateway === undefined ? userInfo().username : `gateway-${claims.gateway}`);
  const token = await labSigning(auth, () => Home.open(up.home)).token({ ...claims, sub }, seconds);
  if (token === undefined) throw new Error('AUTH=none needs no token.');
  return token;
}
