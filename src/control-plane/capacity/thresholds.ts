/** A pool must fall so many points below a threshold before that can be crossed again. */
const HYSTERESIS = 5;

export const DEFAULT_THRESHOLDS = [80, 95];

/** Thresholds as they are kept: ascending, each once. */
export const ascending = (thresholds: readonly number[]): number[] => [...new Set(thresholds)].sort((a, b) => a - b);

export interface Crossings {
  /** Thresholds that the pool is over from now on, ascending. */
  crossed: number[];
  /** Those that are news. */
  up: number[];
  down: number[];
}

/**
 * What of a pool's thresholds (percent) its utilization (0...1) crosses, given those that it was over. A threshold that is
 * not one of the pool's any more goes without a word.
 */
export function crossings(utilization: number, thresholds: readonly number[], before: readonly number[]): Crossings {
  const kept = ascending(thresholds);
  const was = new Set(before);
  const isOver = (threshold: number): boolean =>
    was.has(threshold) ? utilization > Math.max(threshold - HYSTERESIS, 0) / 100 : utilization >= threshold / 100;
  const crossed = kept.filter(isOver);
  return {
    crossed,
    up: crossed.filter((threshold) => !was.has(threshold)),
    down: kept.filter((threshold) => was.has(threshold) && !crossed.includes(threshold)),
  };
}
