import { describe, expect, it } from '@jest/globals';
import { RecentRate } from './sequencer.js';

describe('the recent rate', () => {
  it('comes near to a steady rate and forgets it in a second', () => {
    const rate = new RecentRate(250);
    let last = 0;
    for (let ms = 0; ms < 2_000; ms += 2) last = rate.after(1, ms);
    expect(last).toBeGreaterThan(480);
    expect(last).toBeLessThan(520);
    expect(rate.after(0, 3_000)).toBeLessThan(20);
  });
});
