import { SignJWT } from 'jose';

export const TOKEN_ROLES = ['admin', 'member', 'reader', 'gateway'] as const;
export type TokenRole = (typeof TOKEN_ROLES)[number];

export interface TokenClaims {
  readonly sub: string;
  readonly role: TokenRole;
  /** Name or id; for the role gateway. */
  readonly gateway?: string;
  readonly project?: string;
}

export interface Signer {
  /** Shared secret, at least 32 bytes. */
  readonly secret: string;
  readonly issuer?: string;
  readonly audience?: string;
}

/** An HS256 token that a `berth serve` with the same secret accepts. */
export async function signToken(
  { secret, issuer, audience }: Signer,
  claims: TokenClaims,
  seconds: number,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).setIssuedAt(now);
  jwt.setExpirationTime(now + seconds);
  if (issuer !== undefined) jwt.setIssuer(issuer);
  if (audience !== undefined) jwt.setAudience(audience);
  return jwt.sign(new TextEncoder().encode(secret));
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const LONGEST = 3650 * UNITS.d;

/** `90s`, `30m`, `12h` or `7d` in seconds; undefined for anything else, nothing, or more than ten years. */
export function parseDuration(text: string): number | undefined {
  const match = /^([0-9]{1,9})([smhd])$/.exec(text);
  const seconds = Number(match?.[1]) * UNITS[(match?.[2] ?? 's') as keyof typeof UNITS];
  return seconds > 0 && seconds <= LONGEST ? seconds : undefined;
}
