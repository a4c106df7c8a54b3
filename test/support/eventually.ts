import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until the probe gives something; the last failure is the error. For what has no event to await. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  milliseconds = 30_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + milliseconds;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await sleep(20);
  }
  throw new Error(`${what} did not happen in ${milliseconds} ms${last instanceof Error ? `: ${last.message}` : ''}`);
}
