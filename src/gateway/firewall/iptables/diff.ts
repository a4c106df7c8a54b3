import { readMap } from './live.js';
import { isLeaf } from './ruleset.js';

/** What of one chain, or of our hooks in the others, differs between wanted and live. */
export interface Difference {
  /** Rules that the kernel lacks. */
  missing: string[];
  /** Rules that it has too much, as it prints them; of one that is there twice, the second. */
  surplus: string[];
}

/**
 * A difference of sets: keys are disjoint, so the order of rules has no meaning. O(rules of the chain).
 * `wanted` must not hold a rule twice.
 */
export function difference(wanted: readonly string[], lines: readonly string[]): Difference {
  if (lines.length === 0) return { missing: [...wanted], surplus: [] };
  const missing = new Set(wanted);
  const surplus = lines.filter((line) => !missing.delete(line));
  return { missing: [...missing], surplus };
}

/**
 * Why the chain cannot be mended line by line; empty when it can. A rule with our mark that is no longer wanted is an
 * ordinary removal. Anything else that we did not write may stand before our rules and change what they do, so the chain
 * is declared anew in the same transaction (which empties it), wholly by content and without any position.
 */
export function foreignTouches(
  chain: string,
  lines: readonly string[],
  surplus: readonly string[],
  idsOfChain: () => ReadonlySet<string>,
): string[] {
  if (surplus.length === 0) return [];
  const counts = new Map(surplus.map((line) => [line, 0]));
  for (const line of lines) {
    const count = counts.get(line);
    if (count !== undefined) counts.set(line, count + 1);
  }
  const ids = idsOfChain();
  return [...counts].flatMap(([line, count]) => {
    if (count > 1) return `${count} times: ${line}`;
    const map = isLeaf(chain) ? readMap(line) : undefined;
    if (map?.ruleId === undefined || !map.proper) return `not ours: ${line}`;
    return ids.has(map.ruleId) ? `altered: ${line}` : [];
  });
}
