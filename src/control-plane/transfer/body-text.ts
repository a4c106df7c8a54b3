import type { Readable } from 'node:stream';
import { Problem } from '../../platform/problem/problem.js';
import { Unreadable } from './source.js';

/** A client that sends nothing for so long has gone: the import holds a connection of the database meanwhile. */
const STALL_MS = 20_000;

/** The client is not there any more: nobody can be told. */
export class Gone extends Error {}

/** The text of a body as it comes. A body of more than `limit` bytes is the problem `body-too-large`. */
export async function* textOf(body: Readable, limit: number): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array | undefined): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw new Unreadable(0, 'the file is not UTF-8 text');
    }
  };
  let size = 0;
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  for (;;) {
    const { done, value } = await inTime(chunks.next());
    if (done === true) break;
    size += value.length;
    if (size > limit) throw tooLarge(limit);
    yield decode(value);
  }
  yield decode(undefined);
}

export const tooLarge = (limit: number): Problem =>
  new Problem('body-too-large', `The file is larger than ${limit} bytes (IMPORT_MAX_BYTES).`);

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Gone('the client sends nothing')), STALL_MS);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'ECONNRESET' ? new Gone('cut off') : error;
  } finally {
    clearTimeout(timer);
  }
}
