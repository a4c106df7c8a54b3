import type { Readable } from 'node:stream';

/**
 * What a handler answers. The HTTP layer sets the media type and writes the body; the status is the route's own.
 */
export interface Reply {
  /** Instead of the route's own: 200 for what was only looked at. */
  status?: 200;
  /** Root-relative; clients put it behind scheme and host (contracts/rackhd.md section 9). */
  location?: string;
  /** Row version; becomes a strong ETag. */
  version?: number;
  /** A value to write as JSON, or ready JSON text. */
  body?: unknown;
  /** A whole list, streamed: the JSON text in pieces. */
  stream?: Readable;
  /** Cursor of the next page; becomes Link rel="next". */
  next?: string;
}

const REPLIES = new WeakSet<object>();

/** Marks an object as a Reply, so that a handler cannot answer with something unwritten by mistake. */
export function reply(value: Reply): Reply {
  REPLIES.add(value);
  return value;
}

export const isReply = (value: unknown): value is Reply =>
  typeof value === 'object' && value !== null && REPLIES.has(value);
