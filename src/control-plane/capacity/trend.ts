/** How many addresses were held at a time; between two samples as many as at the first of them. */
export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  held: bigint;
}

/** Addresses a day, net of releases. */
export interface Rate {
  perDay: number;
  /** Four of five rates seen over stretches of at least a quarter of the time looked at are from low to high. */
  low: number;
  high: number;
}

export interface Exhaustion {
  /** Days until nothing is free at the rate of the trend; null with a reason. */
  days: number | null;
  /** The same at the highest and at the lowest of the usual rates; null: not at that rate. */
  soonest: number | null;
  latest: number | null;
  reason?: 'history-too-short' | 'not-growing';
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** What is older says little about tomorrow. */
export const TREND_DAYS = 30;
const SHORTEST_MS = DAY_MS;
const POINTS = 60;
/** Shorter stretches show the rhythm of a day rather than growth. */
const STRETCH = POINTS / 4;

/**
 * The rate of a history that ends now, undefined when it is shorter than a day.
 *
 * The median of the slopes between points of an even grid (Theil-Sen: up to a quarter or so of them may lie, such as an import
 * that was undone, without effect), restricted to pairs that are a quarter of the time apart. The interval is not one of
 * statistics, which would need errors that are independent, but of what was seen: its ends are deciles of the same slopes.
 * A history of few big steps has a wide one, as it should.
 */
export function rateOf(history: readonly Sample[], now: number, held: bigint): Rate | undefined {
  const [first] = history;
  if (first === undefined) return undefined;
  const begin = Math.max(first.at, now - TREND_DAYS * DAY_MS);
  if (now - begin < SHORTEST_MS) return undefined;
  const step = (now - begin) / (POINTS - 1);
  const points = onGrid(history, begin, step, held);
  const slopes: number[] = [];
  for (let from = 0; from < POINTS - STRETCH; from++) {
    for (let to = from + STRETCH; to < POINTS; to++) {
      const change = (points[to] ?? 0) - (points[from] ?? 0);
      slopes.push((change / ((to - from) * step)) * DAY_MS);
    }
  }
  slopes.sort((a, b) => a - b);
  return { perDay: quantile(slopes, 0.5), low: quantile(slopes, 0.1), high: quantile(slopes, 0.9) };
}

/** Held addresses beyond those of the first sample, at each point; differences, so that big numbers keep their last digits. */
function onGrid(history: readonly Sample[], begin: number, step: number, held: bigint): number[] {
  const base = history[0]?.held ?? 0n;
  let next = 0;
  let current = 0;
  return Array.from({ length: POINTS }, (_, point) => {
    if (point === POINTS - 1) return Number(held - base);
    for (
      let sample = history[next];
      sample !== undefined && sample.at <= begin + point * step;
      sample = history[++next]
    ) {
      current = Number(sample.held - base);
    }
    return current;
  });
}

/** Of sorted values; the ones between two are mixed. */
function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

/** When nothing will be free any more. */
export function exhaustion(free: bigint, rate: Rate | undefined): Exhaustion {
  if (free === 0n) return { days: 0, soonest: 0, latest: 0 };
  if (rate === undefined) return { days: null, soonest: null, latest: null, reason: 'history-too-short' };
  const daysAt = (perDay: number): number | null => (perDay > 0 ? short(Number(free) / perDay) : null);
  const times = { days: daysAt(rate.perDay), soonest: daysAt(rate.high), latest: daysAt(rate.low) };
  return times.days === null ? { ...times, latest: null, reason: 'not-growing' } : times;
}

/** More digits than four would only look exact. */
export const short = (value: number): number => Number(value.toPrecision(4));
