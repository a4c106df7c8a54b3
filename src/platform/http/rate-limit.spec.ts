import { describe, expect, it } from '@jest/globals';
import { addressKey, policyHeader, rateHeader, TokenBuckets } from './rate-limit.js';

describe('token buckets', () => {
  const limit = { rate: 10, burst: 3 };

  it('give as many at once as the burst, then one each time one has come', () => {
    const buckets = new TokenBuckets(limit);
    expect([1, 2, 3].map(() => buckets.take('a', 1000))).toEqual([2, 1, 0]);
    expect(buckets.take('a', 1000)).toBeCloseTo(-0.1);
    // refused again and again, it still comes when it was told
    for (let now = 1000; now < 1099; now++) expect(buckets.take('a', now)).toBeLessThan(0);
    expect(buckets.take('a', 1101)).toBeGreaterThanOrEqual(0);
    expect(buckets.take('a', 1101)).toBeLessThan(0);
  });

  it('fill up to the burst and no further', () => {
    const buckets = new TokenBuckets(limit);
    buckets.take('a', 0);
    expect([1, 2, 3, 4].map(() => buckets.take('a', 1_000_000) >= 0)).toEqual([true, true, true, false]);
  });

  it('let no more through in the long run than the rate', () => {
    const buckets = new TokenBuckets({ rate: 7, burst: 5 });
    let through = 0;
    for (let now = 0; now <= 100_000; now += 3) if (buckets.take('a', now) >= 0) through++;
    expect(through).toBeGreaterThanOrEqual(700);
    expect(through).toBeLessThanOrEqual(705);
  });

  it('know each name by itself', () => {
    const buckets = new TokenBuckets({ rate: 1, burst: 1 });
    expect([buckets.take('a', 0), buckets.take('b', 0)]).toEqual([0, 0]);
    expect([buckets.take('a', 0), buckets.take('b', 0)]).toEqual([-1, -1]);
  });

  it('are bounded, and who goes on asking is not forgotten', () => {
    const buckets = new TokenBuckets({ rate: 0.001, burst: 1 }, 100);
    expect(buckets.take('persistent', 0)).toBe(0);
    for (let n = 0; n < 5000; n++) {
      buckets.take(`other ${n}`, 0);
      expect(buckets.size).toBeLessThanOrEqual(100);
      if (n % 40 === 0) expect(buckets.take('persistent', 0)).toBeLessThan(0);
    }
  });
});

describe('the bucket of an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

it('the headers are those of the draft', () => {
  const limit = { rate: 10, burst: 25 };
  expect(policyHeader(limit)).toBe('"default";q=25;w=3');
  expect([rateHeader(limit, 12.5), rateHeader(limit, -0.05)]).toEqual(['"default";r=12;t=2', '"default";r=0;t=3']);
});
