import type { Api, Answer } from '../support/api.js';

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
};

export interface Outcome {
  done: boolean;
  applied: Record<string, number>;
  badLines: number;
  lines: { type: string | null; line: number; field: string; reason: string }[];
  problem: { code: string };
}

/** Sends a file. */
export const send = (api: Api, file: string, format: string, query = ''): Promise<Answer> =>
  api.post(`/import${query}`, file, { headers: { 'content-type': TYPES[format] ?? format } });

/** The last line of the answer: how it ended. */
export async function ended(answer: Promise<Answer>): Promise<Outcome> {
  const { status, text } = await answer;
  if (status !== 200) throw new Error(`the import answered ${status}: ${text}`);
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Outcome;
}
