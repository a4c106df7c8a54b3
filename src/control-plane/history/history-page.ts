import { invalidField } from '../../platform/problem/problem.js';
import type { HistoryQuery } from './history.dto.js';

const DEFAULT_LIMIT = 100;

/** Behind this one a page begins: its time, and its space, since it may have begun at the same time in several. */
export interface Place {
  since: Date;
  space: string;
}

/** What a list asks for; an end that is open is PostgreSQL's `infinity`. */
export interface Page {
  from: Date | '-infinity';
  to: Date | 'infinity';
  after: Place | { since: 'infinity'; space: string };
  limit: number;
}

const NEWEST = { since: 'infinity', space: '9223372036854775807' } as const;
const CURSOR = /^(\d{1,16})\.(\d{1,18})$/;

export function pageOf({ from, to, cursor, limit }: HistoryQuery): Page {
  return {
    from: from === undefined ? '-infinity' : new Date(from),
    to: to === undefined ? 'infinity' : new Date(to),
    after: cursor === undefined ? NEWEST : decodeCursor(cursor),
    limit: limit ?? DEFAULT_LIMIT,
  };
}

/** A moment is not a list: nothing that only bounds a list goes with it. */
export function momentOf(query: HistoryQuery): Date | undefined {
  if (query.at === undefined) return undefined;
  const other = (['from', 'to', 'limit', 'cursor'] as const).find((name) => query[name] !== undefined);
  if (other !== undefined) throw invalidField(other, 'does not go with at, which asks for one moment');
  return new Date(query.at);
}

export const encodeCursor = ({ since, space }: Place): string =>
  Buffer.from(`${since.getTime()}.${space}`).toString('base64url');

function decodeCursor(cursor: string): Place {
  const [, milliseconds, space] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const since = new Date(Number(milliseconds));
  if (space === undefined || Number.isNaN(since.getTime()))
    throw invalidField('cursor', 'is not one that this list gave');
  return { since, space };
}
