import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ascending, crossings } from './thresholds.js';

const list = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 6 });

describe('crossings', () => {
  it('tells each threshold once on the way up, and once on the way down, five points below', () => {
    expect(crossings(0.79, [80, 95], [])).toEqual({ crossed: [], up: [], down: [] });
    expect(crossings(0.8, [80, 95], [])).toEqual({ crossed: [80], up: [80], down: [] });
    expect(crossings(0.8, [80, 95], [80])).toEqual({ crossed: [80], up: [], down: [] });
    expect(crossings(1, [80, 95], [])).toEqual({ crossed: [80, 95], up: [80, 95], down: [] });
    expect(crossings(0.76, [80, 95], [80, 95])).toEqual({ crossed: [80], up: [], down: [95] });
    expect(crossings(0.75, [80, 95], [80])).toEqual({ crossed: [], up: [], down: [80] });
  });

  it('clears low thresholds when nothing is taken', () => {
    expect(crossings(0.01, [3], [])).toMatchObject({ up: [] });
    expect(crossings(0.01, [3], [3])).toMatchObject({ crossed: [3] });
    expect(crossings(0, [3], [3])).toMatchObject({ crossed: [], down: [3] });
  });

  it('lets a threshold go silently that the pool has no more', () => {
    expect(crossings(0.9, [95], [80])).toEqual({ crossed: [], up: [], down: [] });
  });

  it('alternates, whatever the utilization does', () => {
    fc.assert(
      fc.property(list, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (thresholds, course) => {
        const over = new Set<number>();
        let crossed: number[] = [];
        for (const utilization of course) {
          const next = crossings(utilization, thresholds, crossed);
          for (const threshold of next.up) {
            expect(over.has(threshold)).toBe(false);
            expect(utilization * 100).toBeGreaterThanOrEqual(threshold - 1e-9);
            over.add(threshold);
          }
          for (const threshold of next.down) {
            expect(over.delete(threshold)).toBe(true);
            expect(utilization * 100).toBeLessThanOrEqual(Math.max(threshold - 5, 0) + 1e-9);
          }
          crossed = next.crossed;
          expect(crossed).toEqual([...over].sort((a, b) => a - b));
        }
      }),
    );
  });

  it('knows every whole percent exactly', () => {
    for (let percent = 1; percent <= 100; percent++) {
      expect(crossings(percent / 100, [percent], []).up).toEqual([percent]);
      expect(crossings((percent - 0.001) / 100, [percent], []).up).toEqual([]);
    }
  });
});

describe('ascending', () => {
  it('sorts and drops repetitions', () => {
    expect(ascending([95, 50, 100, 95])).toEqual([50, 95, 100]);
    expect(ascending([])).toEqual([]);
  });
});
