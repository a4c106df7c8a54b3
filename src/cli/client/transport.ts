import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, unreachable } from './unreachable.js';

const ATTEMPT_MS = 30_000;
const PATIENCE_MS = 4_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

export interface TransportSettings {
  readonly url: string;
  readonly token?: string;
  /** Told of every request: method, path, outcome; never the token. */
  readonly trace?: (line: string) => void;
}

interface Answered {
  readonly response: Response;
  readonly text: string;
}

const bodies = new WeakMap<Response, string>();

/** The body of an answer as text, exactly as it came. */
export const textOf = (response: Response): string => bodies.get(response) ?? '';

/** The headers of every request, whoever sends it. */
export function authorization({ token }: Pick<TransportSettings, 'token'>): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/**
 * fetch with patience: network failures, 429 and 503 are tried again with growing pauses, for a few seconds in all. That is
 * safe for every method, since each POST carries one Idempotency-Key through all its attempts. Throws `Failure` when
 * there is no answer.
 */
export function transport(settings: TransportSettings): (request: Request) => Promise<Response> {
  return async (request) => {
    const { method, url } = request;
    const headers = new Headers(request.headers);
    headers.set('accept', 'application/json');
    for (const [name, value] of Object.entries(authorization(settings))) headers.set(name, value);
    if (method === 'POST') headers.set('idempotency-key', randomUUID());
    const body = request.body === null ? undefined : await request.arrayBuffer();
    const deadline = Date.now() + PATIENCE_MS;
    // Whether an attempt whose outcome we do not know may have reached the API.
    let sent = false;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const outcome = await attempt(settings, url, { method, headers, ...(body === undefined ? {} : { body }) });
      const failed = outcome instanceof Error;
      const again = failed ? isPassing(outcome) : [429, 503].includes(outcome.response.status);
      if (!again || Date.now() + pause > deadline) {
        if (failed) throw unreachable(settings.url, outcome);
        // The first attempt has deleted it, and its answer was lost.
        if (method === 'DELETE' && sent && outcome.response.status === 404) return new Response(null, { status: 204 });
        return kept(outcome);
      }
      sent ||= failed ? codeOf(outcome) !== 'ECONNREFUSED' : outcome.response.status === 503;
      await sleep(pause);
    }
  };
}

async function attempt(settings: TransportSettings, url: string, init: RequestInit): Promise<Answered | Error> {
  const begun = Date.now();
  const path = url.slice(settings.url.length);
  const trace = (outcome: string): void =>
    settings.trace?.(`${init.method ?? 'GET'} ${path}: ${outcome} (${Date.now() - begun} ms)`);
  try {
    // A redirect is not followed: it would take the token elsewhere, and make a GET of a POST.
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(ATTEMPT_MS) });
    const text = await response.text();
    trace(String(response.status));
    return { response, text };
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    trace(codeOf(failure));
    return failure;
  }
}

/** A response that can be read again, with its text kept. */
function kept({ response, text }: Answered): Response {
  const { status, headers } = response;
  // A page of something else would only fail to be parsed.
  const readable = text !== '' && /json/.test(headers.get('content-type') ?? '');
  const copy = new Response(readable ? text : null, { status, headers });
  bodies.set(copy, text);
  return copy;
}

const LASTING = /^(ENOTFOUND|EPROTO|ERR_|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_)/;

/** Whether trying again can help: not against an unknown host or a bad certificate, nor after 30 s of silence. */
const isPassing = (error: Error): boolean => error.name !== 'TimeoutError' && !LASTING.test(codeOf(error));
