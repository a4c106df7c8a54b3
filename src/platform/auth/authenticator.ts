import { createRemoteJWKSet, errors, importSPKI, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { Problem } from '../problem/problem.js';
import { ANYBODY, ROLES, type Principal, type Role } from './principal.js';

/** Where the keys come from: exactly one of secret, publicKey, jwksUrl; none of them with mode `none`. */
export interface AuthSettings {
  mode: 'jwt' | 'none';
  secret?: string;
  publicKey?: string;
  jwksUrl?: string;
  issuer?: string;
  audience?: string;
}

const ASYMMETRIC = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
];
const LEEWAY_SECONDS = 5;
/** How long a token that was checked is believed without another look at the keys: a withdrawn key counts for so long. */
const BELIEVED_MS = 60_000;
const MAX_BELIEVED = 10_000;
/** Characters; a longer header is checked every time, so that what is remembered is 20 MB at most. */
const MAX_BELIEVED_LENGTH = 2_000;

interface Keys {
  /** What may have signed, decided by configuration and never by the token's header (no `none`, no key confusion). */
  algorithms: string[];
  find: JWTVerifyGetKey;
}

/** Which algorithm family a PEM public key is for. */
async function importPem(pem: string): Promise<Keys> {
  for (const algorithm of ASYMMETRIC) {
    try {
      const key = await importSPKI(pem, algorithm);
      const family = algorithm.startsWith('RS') ? ASYMMETRIC.filter((a) => /^[RP]S/.test(a)) : [algorithm];
      if (algorithm === 'EdDSA') family.push('Ed25519');
      return { algorithms: family, find: () => key };
    } catch {
      // not a key of this algorithm
    }
  }
  throw new Error('AUTH_PUBLIC_KEY is not a PEM public key (SPKI) of a known algorithm');
}

async function loadKeys(settings: AuthSettings): Promise<Keys> {
  if (settings.secret !== undefined) {
    const secret = new TextEncoder().encode(settings.secret);
    return { algorithms: ['HS256', 'HS384', 'HS512'], find: () => secret };
  }
  if (settings.publicKey !== undefined) return importPem(settings.publicKey);
  if (settings.jwksUrl !== undefined) {
    // Cached; fetched again for an unknown key id, at most every 30 s. Not needed at start.
    return { algorithms: ASYMMETRIC, find: createRemoteJWKSet(new URL(settings.jwksUrl), { timeoutDuration: 3_000 }) };
  }
  throw new Error(
    'no key to check tokens with: set AUTH_SECRET_FILE, AUTH_PUBLIC_KEY_FILE or AUTH_JWKS_URL, or AUTH=none',
  );
}

/** The keys could not be fetched, or what came is none: not the fault of the token. */
function keysAreAway(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'].includes(error.code);
}

function text(payload: JWTPayload, claim: string): string | undefined {
  const value = payload[claim];
  return typeof value === 'string' && value.length > 0 && value.length <= 255 ? value : undefined;
}

function unauthenticated(detail: string, cause?: unknown): Problem {
  return new Problem('unauthenticated', detail, {
    headers: { 'www-authenticate': `Bearer realm="berth"${cause === undefined ? '' : ', error="invalid_token"'}` },
    cause,
  });
}

/** Checks bearer tokens (RFC 6750, RFC 7519). */
export class Authenticator {
  private readonly keys?: Promise<Keys>;
  /**
   * By the header's text, oldest first. A look-up compares hashes of whole texts, seeded anew in every process, before it
   * compares texts, so its time does not tell how much of a guess was right.
   */
  private readonly believed = new Map<string, { principal: Principal; until: number }>();

  constructor(private readonly settings: AuthSettings) {
    if (settings.mode === 'jwt') {
      this.keys = loadKeys(settings);
      // reported by ready(); without this line it would also be an unhandled rejection
      this.keys.catch(() => undefined);
    }
  }

  /** Rejects, at start, when the configured key cannot be used. */
  async ready(): Promise<void> {
    await this.keys;
  }

  /**
   * The principal of an Authorization header's value; a problem `unauthenticated` otherwise. At once, without a promise, for
   * a token that was checked a moment ago: the signature costs as much as the rest of a request.
   */
  authenticate(authorization: string | undefined): Principal | Promise<Principal> {
    if (this.keys === undefined) return ANYBODY;
    const header = authorization ?? '';
    const known = this.believed.get(header);
    if (known !== undefined && Date.now() < known.until) return known.principal;
    const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(header)?.[1];
    if (token === undefined) {
      throw unauthenticated('Send a token in the header Authorization: Bearer <token>. `berth token` makes one.');
    }
    return this.check(token, header, this.keys);
  }

  private async check(token: string, header: string, keys: Promise<Keys>): Promise<Principal> {
    const payload = await this.verify(token, await keys);
    const principal = this.principal(payload);
    this.believed.delete(header);
    if (header.length > MAX_BELIEVED_LENGTH) return principal;
    const ends = ((payload.exp ?? 0) + LEEWAY_SECONDS) * 1000;
    this.believed.set(header, { principal, until: Math.min(ends, Date.now() + BELIEVED_MS) });
    const [oldest] = this.believed.keys();
    if (this.believed.size > MAX_BELIEVED && oldest !== undefined) this.believed.delete(oldest);
    return principal;
  }

  private async verify(token: string, keys: Keys): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        algorithms: keys.algorithms,
        clockTolerance: LEEWAY_SECONDS,
        requiredClaims: ['exp', 'sub'],
        ...(this.settings.issuer === undefined ? {} : { issuer: this.settings.issuer }),
        ...(this.settings.audience === undefined ? {} : { audience: this.settings.audience }),
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthenticated('The token has expired. Get a new one.', error);
      if (keysAreAway(error)) {
        throw new Problem('unavailable', 'The server of the token keys does not answer. Try again.', { cause: error });
      }
      throw unauthenticated(
        'The token is not valid here: its signature, issuer, audience or claims do not fit.',
        error,
      );
    }
  }

  private principal(payload: JWTPayload): Principal {
    const name = text(payload, 'sub');
    const role = ROLES.find((known): known is Role => known === payload['role']);
    if (name === undefined || role === undefined) {
      throw unauthenticated(`The token needs the claims sub and role (${ROLES.join(', ')}).`, 'claims');
    }
    const project = text(payload, 'project');
    const gateway = text(payload, 'gateway');
    return { name, role, ...(project === undefined ? {} : { project }), ...(gateway === undefined ? {} : { gateway }) };
  }
}
