/** So many repairs of one thing within the window are a fight with another program: then people must look. */
const REPAIRS = 3;
const WINDOW_MS = 60_000;

/**
 * Counts repairs of what somebody else changed, thing by thing. A thing that has been repaired three times in a minute is
 * contested: it is left as it is, with an alarm, until the first of those repairs is a minute old. Pure bookkeeping; the
 * clock is the caller's.
 */
export class RepairLimit {
  private readonly repairs = new Map<string, number[]>();

  /** Which of the things found changed are contested, and until when the first of them is; counts a repair of the others. */
  admit(things: Iterable<string>, now: number): { contested: Set<string>; until: number } {
    const contested = new Set<string>();
    let until = Infinity;
    for (const thing of things) {
      const recent = (this.repairs.get(thing) ?? []).filter((at) => now - at < WINDOW_MS);
      const [first = now] = recent;
      if (recent.length < REPAIRS) {
        this.repairs.set(thing, [...recent, now]);
      } else {
        contested.add(thing);
        until = Math.min(until, first + WINDOW_MS);
      }
    }
    return { contested, until };
  }
}
