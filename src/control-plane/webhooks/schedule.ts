/** A receiver can put off the next attempt for so long at most. */
const LONGEST_WAIT_MS = 24 * 3600 * 1000;
/** A delay is up to so much longer, so that what failed together does not come back together. */
const JITTER = 0.2;
/** From so many failures in a row on the receiver is taken to be away: it is asked one thing at a time, with pauses. */
export const AWAY_AFTER = 5;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

/** Milliseconds that Retry-After asks for (RFC 9110 section 10.2.3: seconds, or a date); undefined: nothing useful. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return ms > 0 ? Math.min(ms, LONGEST_WAIT_MS) : undefined;
}

/** Milliseconds from the attempt that failed (the first is 1) to the next; null: there is none. */
export function nextDelay(
  schedule: readonly number[],
  attempt: number,
  asked: number | undefined,
  random: number,
): number | null {
  const delay = schedule[attempt - 1];
  return delay === undefined ? null : Math.max(delay * (1 + JITTER * random), asked ?? 0);
}

/** Milliseconds during which nothing at all is sent to a receiver that has failed so often in a row. */
export const restAfter = (failures: number): number =>
  failures < AWAY_AFTER ? 0 : Math.min(FIRST_REST_MS * 2 ** Math.min(failures - AWAY_AFTER, 10), LONGEST_REST_MS);
