import { Problem } from '../../platform/problem/problem.js';
import { problemBody } from '../../platform/problem/problem-body.js';
import type { Log } from '../../platform/logging/log.js';

/** What a site sets for imports, and where their faults are logged: their answers have begun by then. */
export class ImportTerms {
  constructor(
    /** Largest file, in bytes. */
    readonly limit: number,
    private readonly log: Log,
  ) {}

  /** The document of what went wrong; as the problem filter, the log has the cause of what is our own fault. */
  problem(error: unknown): string {
    const problem =
      error instanceof Problem
        ? error
        : new Problem('internal', 'Something went wrong in Berth. The log has the cause under this instance.', {
            cause: error,
          });
    const { instance, bytes } = problemBody(problem);
    if (problem.status >= 500) {
      const cause: unknown = problem.extra.cause ?? error;
      const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      this.log('error', 'import failed', { instance, code: problem.code, cause: text });
    }
    return bytes.toString();
  }
}
