import { invalidField, Problem } from '../../platform/problem/problem.js';
import { parseTime } from '../resource/time.js';

/** Longest life that can be asked for, in seconds: ten years. */
export const MAX_TTL = 10 * 365 * 24 * 60 * 60;

/** When a reservation ends. */
export interface Expiry {
  /** Null: when somebody ends it. */
  expiresAt: Date | null;
  /** Seconds that renewing adds when it does not say; null when the end was given as a time. */
  ttl: number | null;
  /** When to tell that the end is near. */
  noticeAt: Date | null;
}

export const NEVER: Expiry = { expiresAt: null, ttl: null, noticeAt: null };

/** What a request says of the end: absent = nothing, null = there shall be none. */
export interface AskedExpiry {
  ttl?: number | null;
  expiresAt?: string | null;
}

/**
 * The end that is asked for; undefined when nothing is said. It is told `noticeSeconds` before it comes, but not before
 * half of the time has passed: what lives for a minute would be near its end all its life.
 */
export function askedExpiry({ ttl, expiresAt }: AskedExpiry, now: Date, noticeSeconds: number): Expiry | undefined {
  if (ttl != null && expiresAt != null) throw invalidField('ttl', 'give ttl or expiresAt, not both');
  if (ttl != null) return expiryAt(new Date(now.getTime() + ttl * 1000), ttl, now, noticeSeconds);
  if (expiresAt != null) {
    const at = parseTime(expiresAt);
    if (at === undefined || at <= now) throw invalidField('expiresAt', 'must be in the future');
    if (at.getTime() - now.getTime() > MAX_TTL * 1000) throw invalidField('expiresAt', 'must be within ten years');
    return expiryAt(at, null, now, noticeSeconds);
  }
  return ttl === null || expiresAt === null ? NEVER : undefined;
}

function expiryAt(expiresAt: Date, ttl: number | null, now: Date, noticeSeconds: number): Expiry {
  const left = expiresAt.getTime() - now.getTime();
  const ahead = Math.min(noticeSeconds * 1000, Math.floor(left / 2));
  return { expiresAt, ttl, noticeAt: noticeSeconds === 0 ? null : new Date(expiresAt.getTime() - ahead) };
}

/** 404 for what has ended by its time, also before a sweeper came by: what it held may be another's at any moment. */
export function requireLasting(id: string, expiresAt: Date | null, now: Date): void {
  if (expiresAt !== null && expiresAt <= now) {
    throw new Problem('not-found', `The reservation ${JSON.stringify(id)} ended at ${expiresAt.toISOString()}.`);
  }
}

/** A component's addresses end with the component, and not before. */
export function requireUnbound(bound: boolean): void {
  if (bound) throw new Problem('in-use', 'The reservation belongs to a component and ends with it.');
}
