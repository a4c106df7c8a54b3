import { problemDocument } from '../problem/problem-body.js';
import { Problem, PROBLEM_CODES, type ProblemCode } from '../problem/problem.js';
import type { Schema } from './document.js';

/** The schema of a problem that has one of these codes. */
export const problemSchema = (codes: readonly ProblemCode[]) => ({
  allOf: [
    { $ref: '#/components/schemas/ProblemDocument' },
    { type: 'object' as const, properties: { code: { type: 'string' as const, enum: [...codes] } } },
  ],
});

/** The codes that such a schema has. */
export const codesOf = (schema: Schema | undefined): string[] =>
  (schema?.allOf?.[1]?.properties?.['code']?.enum ?? []) as string[];

/** One example for each code: the documents are as the service writes them, but for the occurrence and the words for people. */
export const PROBLEMS = Object.fromEntries(
  (Object.keys(PROBLEM_CODES) as ProblemCode[]).map((code) => {
    const detail = 'For people: what is wrong and what to do.';
    const errors = code === 'invalid-field' ? { errors: [{ field: 'ports.0.targetPort', message: detail }] } : {};
    const document = problemDocument(new Problem(code, detail, errors));
    document.instance = 'urn:uuid:0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f';
    return [code, { value: document }];
  }),
);
