import { errors, jwtVerify, type JWTPayload } from 'jose';
import { badToken, noAccess, noSession, VlabRefusal } from './vlab-refusal.js';
import type { TokenKey, TokenKeys } from './token-key.js';

/** What a good token says. */
export interface VlabToken {
  username: string;
  /** The address that it was given to, or the X-Forwarded-For line of that request. */
  clientIp: string;
}

/** Clocks differ: seconds. */
const LEEWAY = 10;
const MAX_CLAIM = 1_000;

/**
 * Checks a token of the vLab auth service (contracts/vlab.md section 4): signature, issuer, time, claims, version, in this
 * order. A signature that does not fit is tried once more with the newest key: the service may have changed it.
 */
export async function checkToken(token: string, keys: TokenKeys, issuer: string): Promise<VlabToken> {
  const key = await keys.current();
  let payload: JWTPayload;
  try {
    payload = await verified(token, key, issuer);
  } catch (error) {
    if (!isOtherKey(error)) throw refusal(error);
    const newer = await keys.renewed(key);
    if (newer === undefined) throw refusal(error);
    payload = await verified(token, newer, issuer).catch((again: unknown) => {
      throw refusal(again);
    });
  }
  return claimsOf(payload);
}

const verified = async (token: string, { algorithms, find }: TokenKey, issuer: string): Promise<JWTPayload> =>
  (await jwtVerify(token, find, { algorithms, issuer, clockTolerance: LEEWAY, requiredClaims: ['exp'] })).payload;

const isOtherKey = (error: unknown): boolean =>
  error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JOSEAlgNotAllowed;

/** Keys of a JWKS that cannot be had are not the fault of the token. */
const KEYS_AWAY = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);

function refusal(error: unknown): VlabRefusal {
  if (error instanceof VlabRefusal) return error;
  if (error instanceof errors.JWTExpired) return noSession(error);
  if (error instanceof errors.JOSEError && !KEYS_AWAY.has(error.code)) return badToken(error);
  return new VlabRefusal(500, 'The key to check tokens with cannot be had now. Try again.', { cause: error });
}

function claimsOf(payload: JWTPayload): VlabToken {
  const { iat, username, version, client_ip: clientIp } = payload;
  if (iat !== undefined && !(iat <= Date.now() / 1000 + LEEWAY)) throw badToken();
  if (!isText(username) || version === undefined) throw badToken();
  if (version !== 2) throw noAccess(username);
  if (!isText(clientIp)) throw badToken();
  return { username, clientIp };
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_CLAIM && !/\p{Cc}/u.test(value);
