import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exhaustion, rateOf, TREND_DAYS, type Sample } from './trend.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 0, 31);

/** Hourly samples of what a function of the days says. */
const history = (days: number, held: (day: number) => number): Sample[] =>
  Array.from({ length: days * 24 + 1 }, (_, hour) => ({
    at: NOW - days * DAY + hour * HOUR,
    held: BigInt(Math.round(held(hour / 24))),
  }));
const rateFor = (samples: readonly Sample[]) => rateOf(samples, NOW, samples.at(-1)?.held ?? 0n);

/** Hourly changes of what is held, at least a day of them. */
const steps = fc.array(fc.integer({ min: -50, max: 100 }), { minLength: 25, maxLength: 24 * 40 });
const walk = (changes: readonly number[], start = 10_000n): Sample[] => {
  let held = start;
  return changes.map((change, hour) => ({
    at: NOW - (changes.length - hour) * HOUR,
    held: (held += BigInt(change)),
  }));
};

describe('rateOf', () => {
  it('finds a steady growth, and says that it is steady', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 24, max: 100_000 }), (days, perDay) => {
        const rate = rateFor(history(days, (day) => 1_000_000 + day * perDay));
        // A grid point sees the sample of up to an hour before it: of stretches of half a day or more, a twelfth.
        const slack = perDay / 6 + 2;
        expect(Math.abs((rate?.perDay ?? 0) - perDay)).toBeLessThanOrEqual(slack);
        expect(Math.abs((rate?.low ?? 0) - perDay)).toBeLessThanOrEqual(slack);
        expect(Math.abs((rate?.high ?? 0) - perDay)).toBeLessThanOrEqual(slack);
      }),
    );
  });

  it('keeps low, rate and high in order, whatever happened', () => {
    fc.assert(
      fc.property(steps, (changes) => {
        const { low, perDay, high } = rateFor(walk(changes)) ?? { low: 0, perDay: 0, high: 0 };
        expect(low).toBeLessThanOrEqual(perDay);
        expect(perDay).toBeLessThanOrEqual(high);
        expect([low, perDay, high].every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it('does not depend on how many were held at first, even beyond 2^53', () => {
    fc.assert(
      fc.property(steps, fc.bigInt({ min: 0n, max: 2n ** 120n }), (changes, start) => {
        expect(rateFor(walk(changes, 10_000n + start))).toEqual(rateFor(walk(changes)));
      }),
    );
  });

  it('turns round with the sign of every change', () => {
    fc.assert(
      fc.property(steps, (changes) => {
        const there = rateFor(walk(changes));
        const back = rateFor(walk(changes.map((change) => -change)));
        expect(back?.perDay).toBeCloseTo(-(there?.perDay ?? 0), 3);
        expect(back?.low).toBeCloseTo(-(there?.high ?? 0), 3);
      }),
    );
  });

  it('is not led astray by an import that was undone, nor by one step long ago', () => {
    const growth = (day: number): number => 1_000 + 10 * day;
    const undone = rateFor(history(20, (day) => growth(day) + (day > 8 && day < 10 ? 100_000 : 0)));
    expect(undone?.perDay).toBeGreaterThan(8);
    expect(undone?.perDay).toBeLessThan(12);
    const step = rateFor(history(20, (day) => growth(day) + (day > 2 ? 5_000 : 0)));
    expect(step?.perDay).toBeLessThan(20);
    expect(step?.high).toBeGreaterThan(200); // but it did happen
  });

  it('takes an hour without a sample for one without a change', () => {
    const every = history(10, (day) => Math.floor(day));
    const changes = every.filter((sample, n) => n === 0 || sample.held !== every[n - 1]?.held);
    expect(changes.length).toBeLessThan(12);
    expect(rateFor(changes)).toEqual(rateFor(every));
  });

  it('forgets what is older than its days, but not what was held then', () => {
    const old: Sample[] = [
      { at: NOW - 300 * DAY, held: 0n },
      { at: NOW - 200 * DAY, held: 5_000n },
    ];
    expect(rateOf(old, NOW, 5_000n)).toEqual({ perDay: 0, low: 0, high: 0 });
    const fresh = history(TREND_DAYS, (day) => 5_000 + 10 * day);
    expect(rateFor([...old, ...fresh])?.perDay).toBeCloseTo(10, 0);
  });

  it('says nothing of less than a day', () => {
    expect(rateOf([], NOW, 0n)).toBeUndefined();
    expect(rateOf([{ at: NOW - DAY + 1, held: 1n }], NOW, 9n)).toBeUndefined();
    expect(rateOf([{ at: NOW - DAY, held: 1n }], NOW, 1n)).toEqual({ perDay: 0, low: 0, high: 0 });
  });
});

describe('exhaustion', () => {
  it('divides what is free by the rates; the soonest is at the highest', () => {
    expect(exhaustion(100n, { perDay: 10, low: 5, high: 20 })).toEqual({ days: 10, soonest: 5, latest: 20 });
  });

  it('has no end where a rate does not grow', () => {
    expect(exhaustion(100n, { perDay: 10, low: -1, high: 20 })).toEqual({ days: 10, soonest: 5, latest: null });
    expect(exhaustion(100n, { perDay: 0, low: -1, high: 20 })).toEqual({
      ...{ days: null, soonest: 5, latest: null },
      reason: 'not-growing',
    });
    expect(exhaustion(100n, undefined)).toMatchObject({ days: null, reason: 'history-too-short' });
  });

  it('is now when nothing is free, whatever is known', () => {
    expect(exhaustion(0n, undefined)).toEqual({ days: 0, soonest: 0, latest: 0 });
  });

  it('keeps soonest, days and latest in order', () => {
    fc.assert(
      fc.property(steps, fc.bigInt({ min: 1n, max: 2n ** 64n }), (changes, free) => {
        const { days, soonest, latest } = exhaustion(free, rateFor(walk(changes)));
        if (days !== null) expect(soonest).toBeLessThanOrEqual(days);
        if (days !== null && latest !== null) expect(days).toBeLessThanOrEqual(latest);
        if (days === null) expect(latest).toBeNull();
      }),
    );
  });
});
