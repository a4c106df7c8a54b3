import { EXIT, Failure } from '../failure.js';
import type { components } from './schema.js';
import { textOf } from './transport.js';

type Problem = components['schemas']['ProblemDocument'];

/** A good answer: the document, and its text exactly as it came. */
export interface Answer<T> {
  readonly data: T;
  readonly text: string;
}

/** The API refused. */
export class Refusal extends Failure {
  constructor(
    readonly status: number,
    /** The problem's stable code; undefined when the answer was none of Berth's. */
    readonly code: string | undefined,
    message: string,
    hints: readonly string[],
  ) {
    super(message, code === 'not-found' ? EXIT.notFound : EXIT.error, hints);
  }
}

/** The answer of an API call; throws `Refusal` for any but a good one. */
export function answer<T>(result: { data?: T; response: Response }): Answer<T> {
  const { response } = result;
  const text = textOf(response);
  const missing = result.data === undefined && response.status !== 204;
  if (!response.ok || missing) throw refusal(response, text);
  return { data: result.data as T, text };
}

/** What the API said in an answer that is not a good one. */
export function refusal(response: Response, text: string): Refusal {
  const { status } = response;
  if (status >= 300 && status < 400) {
    const location = response.headers.get('location') ?? 'another URL';
    return new Refusal(status, undefined, `The URL leads on to ${location}.`, ['Give that URL with --url instead.']);
  }
  const problem = problemOf(text);
  if (problem === undefined) {
    return new Refusal(status, undefined, `The answer was ${status}, and not one of Berth's.`, [
      'Is the URL that of the API? "vlab status" shows which one is used.',
    ]);
  }
  const fields = (problem.errors ?? []).map(({ field, message }) => `${field}: ${message}`);
  return new Refusal(status, problem.code, problem.detail, [
    ...fields.filter((line) => line !== problem.detail).map((line) => `  ${line}`),
    ...advice(problem),
  ]);
}

function advice({ status, code }: Problem): string[] {
  if (status === 401) return ['Log in: vlab login --token-file FILE ("berth token" makes a token).'];
  if (code === 'no-route') return ['Is the URL that of the API, and Berth as new as this vlab?'];
  return [];
}

function problemOf(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null;
    return typeof value?.detail === 'string' && typeof value.code === 'string' ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}
