import { JsonText, parseBody, writeJson } from '../../platform/json/json-text.js';
import { invalidField, notFound, Problem } from '../../platform/problem/problem.js';
import type { BusRoute } from './bus-routes.js';

/** A request as HTTP would have it. */
export interface RequestParts {
  method: string;
  url: string;
  /** JSON text; absent where the route reads no body. */
  payload?: string;
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** The members of a request: one JSON object; nothing at all counts as an empty one. `malformed-body` otherwise. */
export function membersOf(data: Uint8Array): Record<string, unknown> {
  if (data.length === 0) return {};
  let value: unknown;
  try {
    value = parseBody(UTF_8.decode(data));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message.slice(0, 200) : 'it is not UTF-8 text';
    throw new Problem('malformed-body', `The request is not JSON: ${reason}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem('malformed-body', 'The request must be one JSON object.');
  }
  return value as Record<string, unknown>;
}

/** Puts the members of a request where the route has them: into its path, its query, its body. */
export function partsOf({ method, url, path, reads, query }: BusRoute, members: Record<string, unknown>): RequestParts {
  const rest = new Map(Object.entries(members));
  let target = url;
  for (const { parameter, member } of path) {
    const value = rest.get(member);
    if (typeof value !== 'string' || value === '') throw invalidField(member, 'must be a text that is not empty');
    // A URL would take these for the way up.
    if (value === '.' || value === '..') throw notFound(member, value);
    target = target.replace(`:${parameter}`, () => encodeURIComponent(value));
    rest.delete(member);
  }
  const parameters = new URLSearchParams();
  for (const [name, value] of rest) {
    if (reads && !query.includes(name)) continue;
    const plain: unknown = value instanceof JsonText ? value.toJSON() : value;
    for (const one of Array.isArray(plain) ? (plain as unknown[]) : [plain]) parameters.append(name, scalar(name, one));
    rest.delete(name);
  }
  const text = parameters.toString();
  return {
    method,
    url: text === '' ? target : `${target}?${text}`,
    ...(reads ? { payload: writeJson(Object.fromEntries(rest)) } : {}),
  };
}

function scalar(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw invalidField(name, 'must be a text, a number, true or false, or a list of these');
}
