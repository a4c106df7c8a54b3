/** So many repairs of one thing within the window are a fight with another program: then people must look. */
const REPAIRS = 3;
const WINDOW_MS = 60_000;

/**
 * Counts repairs of what somebody else changed, thing by thing. A thing that has been repaired three times in a minute is
 * contested: it is left as it is, with an alarm, until nobody has touched it for a minute. Pure bookkeeping; the clock is
 * the caller's.
 */
export class RepairLimit {
  private readonly repairs = new Map<string, number[]>();

  /** The things among those found changed that may be repaired now, and those that are contested. Counts the former. */
  admit(things: Iterable<string>, now: number): { repair: Set<string>; contested: Set<string> } {
    const repair = new Set<string>();
    const contested = new Set<string>();
    for (const thing of things) {
      const recent = (this.repairs.get(thing) ?? []).filter((at) => now - at < WINDOW_MS);
      if (recent.length < REPAIRS) {
        repair.add(thing);
        this.repairs.set(thing, [...recent, now]);
      } else {
        contested.add(thing);
      }
    }
    return { repair, contested };
  }

  /** Milliseconds until the first contested thing may be repaired again; undefined when there is none. */
  retryIn(contested: ReadonlySet<string>, now: number): number | undefined {
    const waits = [...contested].map((thing) => (this.repairs.get(thing)?.[0] ?? now) + WINDOW_MS - now);
    return waits.length === 0 ? undefined : Math.max(Math.min(...waits), 0);
  }
}
