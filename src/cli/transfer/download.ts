import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { refusal } from '../client/answer.js';
import { authorization } from '../client/transport.js';
import { unreachable } from '../client/unreachable.js';
import { Failure } from '../failure.js';

export interface Download {
  readonly url: string;
  readonly token?: string;
  /** With its query. */
  readonly path: string;
  readonly trace?: (line: string) => void;
}

/** The body of an answer as it comes. Throws `Failure` when the API refuses or is not there. */
async function bodyOf({ url, path, trace, ...who }: Download): Promise<Readable> {
  let response: Response;
  try {
    response = await fetch(url + path, { headers: authorization(who), redirect: 'manual' });
  } catch (error) {
    throw unreachable(url, asError(error));
  }
  trace?.(`GET ${path}: ${response.status}`);
  if (!response.ok || response.body === null) throw refusal(response, await response.text());
  return Readable.fromWeb(response.body);
}

/** Writes it to a file that is there only when it is whole. */
export async function downloadTo(file: string, download: Download): Promise<void> {
  const part = `${file}.part`;
  const body = await bodyOf(download);
  try {
    await pipeline(body, createWriteStream(part));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw brokenOff(error);
  }
}

/** Writes it to standard output, which stays open. */
export async function print(download: Download): Promise<void> {
  const body = await bodyOf(download);
  try {
    for await (const chunk of body) {
      if (!process.stdout.write(chunk as Uint8Array)) await once(process.stdout, 'drain');
    }
  } catch (error) {
    throw brokenOff(error);
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

function brokenOff(error: unknown): Failure {
  const { message } = asError(error);
  return new Failure(`It broke off before its end: ${message}.`, undefined, ['What was written is not whole.']);
}
