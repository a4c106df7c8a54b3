import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { ProblemDocument } from './problem.dto.js';
import type { Problem } from './problem.js';

export interface ProblemBody {
  /** Names this occurrence in answer and log. */
  instance: string;
  bytes: Buffer;
}

/** The RFC 9457 document of a problem, as one occurrence of it. */
export function problemDocument(problem: Problem): ProblemDocument {
  return {
    type: 'about:blank',
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.detail,
    instance: `urn:uuid:${randomUUID()}`,
    code: problem.code,
    ...(problem.extra.errors === undefined ? {} : { errors: problem.extra.errors }),
  };
}

/** The RFC 9457 body of a problem. */
export function problemBody(problem: Problem): ProblemBody {
  const document = problemDocument(problem);
  return { instance: document.instance, bytes: Buffer.from(JSON.stringify(document)) };
}

/** A whole HTTP/1.1 answer, for a connection whose request could not be read. */
export function rawProblem(problem: Problem): string {
  const { bytes } = problemBody(problem);
  const title = STATUS_CODES[problem.status] ?? 'Error';
  return [
    `HTTP/1.1 ${problem.status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${bytes.length}`,
    'Connection: close',
    '',
    bytes.toString(),
  ].join('\r\n');
}
