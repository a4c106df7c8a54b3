import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { isNativeError } from 'node:util/types';

const LARGEST_SECRET = 64 * 1024;

/**
 * Content of a file that holds a secret or a key, without surrounding white space. Throws an Error whose message
 * completes "cannot be used: ...". A file that others may write is refused: whoever writes it chooses the key.
 */
export function readSecretFile(path: string): string {
  const file = open(path);
  try {
    const { mode, size } = fstatSync(file);
    // Writable by group or others. Readable is not refused: orchestrators mount secrets as 0444.
    if ((mode & 0o022) !== 0) throw new Error(`${path} may be written by others than its owner; chmod go-w it`);
    if (size > LARGEST_SECRET) throw new Error(`${path} is too large to be a secret`);
    const content = readFileSync(file, 'utf8').trim();
    if (content === '') throw new Error(`${path} is empty`);
    return content;
  } catch (error) {
    if (isErrno(error)) throw new Error(`${path} cannot be read (${error.code})`, { cause: error });
    throw error;
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (!isErrno(error)) throw error;
    const why = { ENOENT: 'does not exist', EACCES: 'may not be read by this user' }[error.code];
    throw new Error(`${path} ${why ?? `cannot be read (${error.code})`}`, { cause: error });
  }
}

function isErrno(error: unknown): error is Error & { code: string } {
  return isNativeError(error) && 'code' in error && typeof error.code === 'string';
}
