/**
 * Lists of intervals: pure, on bigint. A list is sorted, and its intervals neither overlap nor touch.
 */

/** First and last position, both included. */
export type Interval = readonly [first: bigint, last: bigint];

/** Any ranges, in any order, as a list. O(n log n). */
export function union(ranges: readonly Interval[]): Interval[] {
  const list: Interval[] = [];
  for (const [first, last] of [...ranges].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    const before = list.at(-1);
    if (before === undefined || before[1] + 1n < first) list.push([first, last]);
    else if (before[1] < last) list[list.length - 1] = [before[0], last];
  }
  return list;
}

/** What is in the list `a` and not in the list `b`. O(a + b). */
export function difference(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const rest: Interval[] = [];
  let next = 0;
  for (const [first, last] of a) {
    let from = first;
    while ((b[next]?.[1] ?? from) < from) next++;
    for (let n = next; from <= last; n++) {
      const hole = b[n];
      if (hole === undefined || hole[0] > last) {
        rest.push([from, last]);
        break;
      }
      if (hole[0] > from) rest.push([from, hole[0] - 1n]);
      from = hole[1] + 1n;
    }
  }
  return rest;
}

/** Number of positions of a list. */
export const countOf = (list: readonly Interval[]): bigint =>
  list.reduce((sum, [first, last]) => sum + last - first + 1n, 0n);
