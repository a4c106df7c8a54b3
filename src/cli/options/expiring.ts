import type { Command } from 'commander';
import { usage } from '../failure.js';
import { duration } from './parsers.js';

/** When something shall end by itself. */
export interface Expiring {
  /** Seconds. */
  readonly ttl?: number;
  readonly expires?: string;
}

export const expiring = (command: Command): Command =>
  command
    .option('--ttl <duration>', 'how long it lives unless it is renewed: 90s, 15m, 2h, 7d', duration)
    .option('--expires <time>', 'when it ends, such as 2030-01-31T12:00:00Z; instead of --ttl');

interface Asked {
  ttl?: number;
  expiresAt?: string;
}

/** The members of a body; only what was given. */
export function expiry({ ttl, expires }: Expiring): Asked {
  if (ttl !== undefined && expires !== undefined) throw usage('Give --ttl or --expires, not both.');
  return { ...(ttl === undefined ? {} : { ttl }), ...(expires === undefined ? {} : { expiresAt: expires }) };
}

/** As expiry, of something that is there: `never` takes its end away. */
export function newExpiry(options: Expiring): { ttl?: number; expiresAt?: string | null } {
  return options.expires === 'never' && options.ttl === undefined ? { expiresAt: null } : expiry(options);
}
