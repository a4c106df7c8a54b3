import { randomUUID } from 'node:crypto';
import type { Principal } from '../../platform/auth/principal.js';
import type { Operation } from '../../platform/http/operation.js';
import { writeJson } from '../../platform/json/json-text.js';

/** What a hook is asked. */
export interface Question {
  operation: Operation;
  actor: Principal;
  /** Path, query and body as one object, checked, by the names that a request over NATS has (docs/bus.md). */
  input: object;
}

export type Verdict = { allow: true } | { allow: false; reason: string };

/** Characters of a reason that reach the caller. */
const MAX_REASON = 500;
const NO_REASON = 'A hook of this site refuses it, and gives no reason.';

export const hookSubject = (operation: Operation): string => `ipam.hooks.${operation}`;

/** CloudEvents 1.0 JSON. Never a token: the actor is told by name and role. */
export function questionText({ operation, actor: { name, role, project }, input }: Question, now: Date): string {
  return writeJson({
    specversion: '1.0',
    id: randomUUID(),
    source: 'berth',
    type: `ipam.hooks.${operation}.v1`,
    time: now,
    datacontenttype: 'application/json',
    data: { operation, actor: { name, role, project }, input },
  });
}

/** The verdict that an answer is; undefined when it is none. */
export function readVerdict(text: string): Verdict | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof answer !== 'object' || answer === null || !('allow' in answer)) return undefined;
  const reason = 'reason' in answer ? (answer.reason ?? '') : '';
  if (answer.allow === true) return { allow: true };
  if (answer.allow !== false || typeof reason !== 'string') return undefined;
  return { allow: false, reason: printable(reason, MAX_REASON) || NO_REASON };
}

/** One line of text that can stand in an answer or a log: no control characters, no lone surrogates, not too long. */
export function printable(text: string, most: number): string {
  const line = text
    .slice(0, 4 * most)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const characters = Array.from(line);
  return characters.length <= most ? line : `${characters.slice(0, most - 3).join('')}...`;
}
