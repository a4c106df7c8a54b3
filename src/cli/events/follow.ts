import { setTimeout as sleep } from 'node:timers/promises';
import { refusal } from '../client/answer.js';
import { authorization } from '../client/transport.js';
import { unreachable } from '../client/unreachable.js';
import { Failure } from '../failure.js';
import { serverSentEvents } from './server-sent.js';

const PATIENCE_MS = 4_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** Berth says something at least every 15 s; a connection that is silent for this long is dead. */
const SILENCE_MS = 45_000;

/** Which events; `after` is the position to begin after, undefined = from now on. */
export interface Filters {
  readonly after?: number;
  readonly type?: string;
  readonly subject?: string;
  readonly tag?: string;
  readonly owner?: string;
  readonly actor?: string;
}

export interface Following {
  readonly url: string;
  readonly token?: string;
  readonly query: Filters;
  readonly trace?: (line: string) => void;
  /** Told when the connection was lost, and when it is back. */
  readonly remark: (message: string) => void;
}

/**
 * The events' JSON texts as they come, for ever: a lost connection is made again, and the stream goes on after the last
 * event that was seen. Throws when the first connection cannot be made in a few seconds, or the API refuses.
 */
export async function* follow(settings: Following): AsyncGenerator<string> {
  const { url, remark } = settings;
  const begun = Date.now();
  let last: string | undefined;
  let connected = false;
  let lost = false;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    let why: Failure;
    const stop = new AbortController();
    try {
      const response = await connect(settings, last, stop);
      if (lost) remark('Connected again.');
      connected = true;
      lost = false;
      pause = FIRST_PAUSE_MS;
      for await (const { id, data } of serverSentEvents(chunksOf(response, stop))) {
        last = id ?? last;
        if (data !== '') yield data;
      }
      why = new Failure(`${url} has ended the stream.`);
    } catch (error) {
      if (error instanceof Failure && !(error instanceof Passing)) throw error;
      why =
        error instanceof Passing ? error : unreachable(url, error instanceof Error ? error : new Error(String(error)));
    } finally {
      // Also when the reader has had enough.
      stop.abort();
    }
    if (!connected && Date.now() - begun > PATIENCE_MS) throw new Failure(why.message, why.exitCode, why.hints);
    if (connected && !lost) remark(`${why.message} Trying again until it is back ...`);
    lost = connected;
    await sleep(pause);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

/** A refusal that may pass: the API is there, its database is not. */
class Passing extends Failure {}

async function connect(settings: Following, last: string | undefined, stop: AbortController): Promise<Response> {
  const { url, trace } = settings;
  const query = new URLSearchParams(
    Object.entries(settings.query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const path = `/events${query.size === 0 ? '' : `?${query.toString()}`}`;
  const timer = setTimeout(() => stop.abort(new Error('silence')), SILENCE_MS);
  try {
    const response = await fetch(url + path, {
      headers: {
        ...authorization(settings),
        accept: 'text/event-stream',
        ...(last === undefined ? {} : { 'last-event-id': last }),
      },
      redirect: 'manual',
      signal: stop.signal,
    });
    trace?.(`GET ${path}: ${response.status}`);
    if (response.ok && response.body !== null) return response;
    const refused = refusal(response, await response.text());
    throw response.status >= 500 ? new Passing(refused.message, refused.exitCode, refused.hints) : refused;
  } finally {
    clearTimeout(timer);
  }
}

async function* chunksOf({ body }: Response, stop: AbortController): AsyncGenerator<string> {
  if (body === null) return;
  const decoder = new TextDecoder();
  const timer = setTimeout(() => stop.abort(new Error('silence')), SILENCE_MS);
  try {
    for await (const chunk of body) {
      timer.refresh();
      yield decoder.decode(chunk as Uint8Array, { stream: true });
    }
  } finally {
    clearTimeout(timer);
  }
}
