import type { Protocol } from '../../contract/desired-state.js';
import { Problem } from '../../platform/problem/problem.js';

interface Range {
  protocol: Protocol;
  first: number;
  last: number;
}

/** The problem of a port that could not be had; it names the range. */
export function portProblem(
  ports: readonly Range[],
  protocol: Protocol,
  reason: 'exhausted' | 'taken',
  size = 1,
): Problem {
  const range = ports.find((port) => port.protocol === protocol);
  return reason === 'taken'
    ? new Problem(
        'port-in-use',
        size === 1
          ? `The ${protocol} connection port asked for is held, or waits for its old rule to be gone.`
          : `One of the ${size} ${protocol} connection ports asked for is held, or waits for its old rule to be gone.`,
      )
    : new Problem(
        'ports-exhausted',
        `Too few of the gateway's ${protocol} ports ${range?.first ?? '?'} to ${range?.last ?? '?'} are free${size === 1 ? '' : `: no ${size} in a row`}.`,
      );
}
