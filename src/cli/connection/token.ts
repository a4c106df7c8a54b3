/** What a token says of its holder. Nothing is verified here: the API does that. */
export interface Holder {
  readonly name: string;
  readonly role: string;
  readonly project?: string;
  readonly expires?: Date;
}

/** With AUTH=none the API takes everybody for this one. */
export const ANYBODY: Holder = { name: 'anybody', role: 'admin' };

/** Reads the payload of a JWT (RFC 7519); undefined when it is not one. */
export function holderOf(token: string): Holder | undefined {
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return undefined;
  }
  if (typeof claims !== 'object' || claims === null) return undefined;
  const { sub, role, project, exp } = claims as Record<string, unknown>;
  if (typeof sub !== 'string' || typeof role !== 'string') return undefined;
  return {
    name: sub,
    role,
    ...(typeof project === 'string' ? { project } : {}),
    ...(typeof exp === 'number' && Math.abs(exp) < 8e12 ? { expires: new Date(exp * 1000) } : {}),
  };
}
