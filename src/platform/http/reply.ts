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

/** All replies are of one class, so that nothing else can be taken for one, and of one shape. */
class Answer implements Reply {
  readonly status: 200 | undefined;
  readonly location: string | undefined;
  readonly version: number | undefined;
  readonly body: unknown;
  readonly stream: Readable | undefined;
  readonly next: string | undefined;

  constructor({ status, location, version, body, stream, next }: Reply) {
    this.status = status;
    this.location = location;
    this.version = version;
    this.body = body;
    this.stream = stream;
    this.next = next;
  }
}

/** Makes a Reply; a handler cannot answer with something unwritten by mistake. */
export const reply = (value: Reply): Reply => new Answer(value);

export const isReply = (value: unknown): value is Reply => value instanceof Answer;
