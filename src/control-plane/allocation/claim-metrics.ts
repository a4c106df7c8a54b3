import type { Reply } from '../../platform/http/reply.js';
import type { Metrics } from '../../platform/metrics/metrics.js';
import { Problem, type ProblemCode } from '../../platform/problem/problem.js';
import { Failure } from './group-commit.js';

type Run<Request> = (key: string, requests: readonly Request[]) => Promise<(Reply | Failure)[]>;

const EXHAUSTED: readonly ProblemCode[] = ['subnet-exhausted', 'pool-exhausted', 'ports-exhausted'];
const CONFLICT: readonly ProblemCode[] = [
  'address-in-use',
  'port-in-use',
  'component-exists',
  'duplicate-id',
  'duplicate-name',
];

/** Counts how claims of one kind end, and how long their transactions take. */
export function observed<Request>(metrics: Metrics, kind: string, run: Run<Request>): Run<Request> {
  return async (key, requests) => {
    const begin = performance.now();
    const ended = (results: readonly unknown[]): void => {
      metrics.claimDurations.observe({ kind }, (performance.now() - begin) / 1_000, results.length);
      let granted = 0;
      for (const result of results) {
        const outcome = outcomeOf(result);
        if (outcome === 'granted') granted++;
        else metrics.claims.add({ kind, outcome });
      }
      if (granted > 0) metrics.claims.add({ kind, outcome: 'granted' }, granted);
    };
    try {
      const results = await run(key, requests);
      ended(results);
      return results;
    } catch (error) {
      // A batch that breaks otherwise than by a problem is run again, one by one; those are the claims that count.
      if (error instanceof Problem || requests.length === 1) ended(requests.map(() => new Failure(error)));
      throw error;
    }
  };
}

function outcomeOf(result: unknown): string {
  if (!(result instanceof Failure)) return 'granted';
  const { error } = result;
  if (!(error instanceof Problem) || error.status >= 500) return 'failed';
  if (EXHAUSTED.includes(error.code)) return 'exhausted';
  return CONFLICT.includes(error.code) ? 'conflict' : 'refused';
}
