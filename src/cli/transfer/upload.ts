import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { refusal } from '../client/answer.js';
import { authorization } from '../client/transport.js';
import { unreachable } from '../client/unreachable.js';
import { Failure } from '../failure.js';

export interface Upload {
  readonly url: string;
  readonly token?: string;
  /** With its query. */
  readonly path: string;
  readonly file: string;
  readonly mediaType: string;
  readonly trace?: (line: string) => void;
}

/** Sends a file as it is read, and gives the lines of the answer as they come. Throws `Failure` when there is none. */
export async function* upload({ url, path, file, mediaType, trace, ...who }: Upload): AsyncGenerator<string, void> {
  const source = createReadStream(file);
  const broken = new Promise<never>((_resolve, reject) => {
    source.once('error', (error: Error) => reject(new Failure(`${file} cannot be read: ${error.message}.`)));
  });
  broken.catch(() => undefined);
  const opened = new Promise<void>((resolve) => source.once('open', () => resolve()));
  await Promise.race([opened, broken]);
  let response: Response;
  try {
    const sent = fetch(url + path, {
      method: 'POST',
      headers: { ...authorization(who), 'content-type': mediaType },
      body: Readable.toWeb(source),
      duplex: 'half',
      redirect: 'manual',
    });
    response = await Promise.race([sent, broken]);
  } catch (error) {
    throw error instanceof Failure ? error : unreachable(url, asError(error));
  }
  trace?.(`POST ${path}: ${response.status}`);
  if (!response.ok || response.body === null) throw refusal(response, await response.text());
  try {
    yield* createInterface({ input: Readable.fromWeb(response.body), crlfDelay: Infinity });
  } catch (error) {
    throw new Failure(`The answer broke off: ${asError(error).message}.`, undefined, [
      'Whether it was imported is not known: "vlab export" tells.',
    ]);
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
