import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { holderOf } from './token.js';

/** A token that ends sooner than this is not worth beginning with (contract vlab.md 8.1). */
const LEAST_LEFT_MS = 600_000;

/**
 * The token that `~/.vlab/token.json` has for a URL: `{"version":1,"vlabs":{"<url>":{"token","key","algorithm"}}}`, the
 * file of the vlab before this one. It is only read: what `vlab login` keeps is in a file of its own. Undefined for one
 * of another URL, one that ends within ten minutes, and for a file that is none.
 */
export function tokenFor(folder: string, url: string, now = Date.now()): string | undefined {
  let file: unknown;
  try {
    file = JSON.parse(readFileSync(join(folder, 'token.json'), 'utf8'));
  } catch {
    return undefined;
  }
  const { vlabs } = (file ?? {}) as { vlabs?: Record<string, { token?: unknown } | undefined> };
  const entry = Object.entries(vlabs ?? {}).find(([key]) => key.replace(/\/+$/, '') === url)?.[1];
  const token = entry?.token;
  if (typeof token !== 'string') return undefined;
  const expires = holderOf(token)?.expires;
  return expires === undefined || expires.getTime() - now < LEAST_LEFT_MS ? undefined : token;
}
