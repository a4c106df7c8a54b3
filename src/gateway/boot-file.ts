import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseDesiredState } from '../contract/desired-state.schema.js';
import type { DesiredState } from '../contract/desired-state.js';

/**
 * The file from which `berth gateway restore` writes the rules of before a reboot, when the kernel is empty and the control
 * plane cannot be asked yet. Lines of JSON: what is to come (format, length and SHA-256 of the next line), the desired state
 * that was applied last, and then one line for each report of removed maps, appended before the report is sent.
 *
 * Everything is synchronous, so that what is told and what is on the disk keep one order. Writing whole costs some 0.1 s at
 * 50,000 maps, appending one fsync.
 */

const FORMAT = 'berth-gateway-state-1';
/** Four times what 50,000 maps with sources take; more is nothing that we wrote. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The file is not what we write; the message says why, and that it must not be acted on. */
export class BootFileError extends Error {
  override readonly name = 'BootFileError';
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Text of a file that keeps a state. */
export function bootFileText(state: DesiredState): string {
  const body = JSON.stringify(state);
  const header = { format: FORMAT, bytes: Buffer.byteLength(body), sha256: sha256(body) };
  return `${JSON.stringify(header)}\n${body}\n`;
}

export const goneLine = (ids: readonly string[]): string => `${JSON.stringify({ gone: ids })}\n`;

/**
 * The state in the text of a file, less the maps that were removed after it was written. A last line without its end was cut
 * short by a crash, and then its report was not sent either. Throws `BootFileError`, or `ContractError`.
 */
export function readBootFile(text: string): DesiredState {
  const [head = '', body = '', ...tail] = text.split('\n');
  const header = member(head, 'its first line');
  if (header['format'] !== FORMAT) throw new BootFileError(`it does not say that it is a ${FORMAT}`);
  if (header['bytes'] !== Buffer.byteLength(body) || header['sha256'] !== sha256(body)) {
    throw new BootFileError('it is cut short or damaged: the state in it is not the one that was written');
  }
  const state = parseDesiredState(JSON.parse(body));
  const gone = new Set<unknown>();
  for (const [index, line] of tail.slice(0, -1).entries()) {
    const { gone: ids } = member(line, `line ${index + 3}`);
    if (!Array.isArray(ids)) throw new BootFileError(`line ${index + 3} does not say which maps are gone`);
    for (const id of ids) gone.add(id);
  }
  return { ...state, maps: state.maps.filter(({ id }) => !gone.has(id)) };
}

function member(line: string, which: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new BootFileError(`${which} is not a JSON object`);
}

/**
 * Reads the file; undefined when there is none. Throws `BootFileError` also when others may write to it: who does could open
 * any port at the next boot.
 */
export function loadBootFile(path: string): DesiredState | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode, uid, size } = fstatSync(file);
    if ((mode & 0o022) !== 0 || ![0, process.geteuid?.()].includes(uid)) {
      throw new BootFileError(
        'others than root may write to it: chown root and chmod 600, once it is known to be good',
      );
    }
    if (size > MAX_BYTES) throw new BootFileError(`it is larger than ${MAX_BYTES} bytes`);
    return readBootFile(readFileSync(file, 'utf8'));
  } finally {
    closeSync(file);
  }
}

/** Replaces the file as a whole, or leaves it as it was: readable by its owner only, on the disk before this answers. */
export function writeBootFile(path: string, state: DesiredState): void {
  const text = bootFileText(state);
  if (Buffer.byteLength(text) > MAX_BYTES) throw new BootFileError(`it would be larger than ${MAX_BYTES} bytes`);
  const next = `${path}.next`;
  synced(next, 'w', text);
  renameSync(next, path);
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/**
 * Notes that maps are gone. When that cannot be done the file is taken away: better none at the next boot than one that leads
 * to machines that are no longer meant. Throws when neither can be done.
 */
export function noteGone(path: string, ids: readonly string[]): void {
  try {
    synced(path, 'a', goneLine(ids));
  } catch {
    unlinkSync(path);
  }
}

function synced(path: string, flags: 'w' | 'a', text: string): void {
  const file = openSync(path, flags, 0o600);
  try {
    // Not more than once: what cannot be written at once (a full disk) is an error.
    if (writeSync(file, text) !== Buffer.byteLength(text)) throw new Error(`${path} could not be written whole`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
