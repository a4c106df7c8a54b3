import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { codeOf, readOwnFile, writeOwnFile } from './own-file.js';

/** What `vlab login` keeps. */
export interface Login {
  readonly url: string;
  /** Absent where Berth asks for none. */
  readonly token?: string;
}

export const loginFile = (folder: string): string => join(folder, 'cli.json');

/** The kept login; undefined when there is none. */
export function readLogin(folder: string): Login | undefined {
  const file = loginFile(folder);
  const text = readOwnFile(file);
  if (text === undefined) return undefined;
  const login = parse(text);
  if (login === undefined) throw new Failure(`${file} is damaged: run vlab login again.`);
  return login;
}

/** Replaces the file as a whole, readable by its owner only. */
export const writeLogin = (folder: string, login: Login): string =>
  writeOwnFile(loginFile(folder), `${JSON.stringify(login, undefined, 2)}\n`);

/** True when there was one to forget. */
export function forgetLogin(folder: string): boolean {
  try {
    rmSync(loginFile(folder));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw new Failure(`${loginFile(folder)} cannot be removed (${codeOf(error)}).`);
  }
}

function parse(text: string): Login | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('url' in value) || typeof value.url !== 'string')
      return undefined;
    if (!('token' in value)) return { url: value.url };
    return typeof value.token === 'string' ? { url: value.url, token: value.token } : undefined;
  } catch {
    return undefined;
  }
}
