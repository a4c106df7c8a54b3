import type { Outcome } from './receiver.js';
import { AWAY_AFTER } from './schedule.js';

/** An event to deliver. */
export interface Pending {
  position: number;
  id: string;
  type: string;
  subject: string;
  body: string;
  /** How often it was tried before. */
  attempts: number;
}

/** What became of it: an outcome, or undefined when it was not tried since one before it failed. */
export interface Tried {
  event: Pending;
  outcome: Outcome | undefined;
}

export interface Attempts {
  tried: Tried[];
  /** Attempts that failed since the last that did not. */
  failures: number;
}

/**
 * Delivers events, those of one resource one after the other, of several resources `atOnce`. What fails holds back what is
 * behind it of its resource only; once so many failed in a row that the receiver seems to be away, nothing more is tried.
 */
export async function attemptAll(
  events: readonly Pending[],
  held: ReadonlySet<string>,
  failuresBefore: number,
  atOnce: number,
  deliver: (event: Pending) => Promise<Outcome>,
): Promise<Attempts> {
  const lines = new Map<string, Pending[]>();
  for (const event of events) lines.set(event.subject, [...(lines.get(event.subject) ?? []), event]);
  const tried: Tried[] = [];
  let failures = failuresBefore;
  let begun = 0;
  const line = async (queue: readonly Pending[]): Promise<void> => {
    let blocked = held.has(queue[0]?.subject ?? '');
    for (const event of queue) {
      // Who is away is still asked for one thing, to know when that ends.
      const skip = blocked || (failures >= AWAY_AFTER && begun > 0);
      if (!skip) begun++;
      const outcome = skip ? undefined : await deliver(event);
      if (outcome !== undefined) failures = outcome.delivered ? 0 : failures + 1;
      blocked ||= outcome?.delivered === false;
      tried.push({ event, outcome });
    }
  };
  const queues = lines.values();
  const worker = async (): Promise<void> => {
    for (const queue of queues) await line(queue);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { tried, failures };
}
