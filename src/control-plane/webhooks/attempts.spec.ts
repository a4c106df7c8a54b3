import { describe, expect, it } from '@jest/globals';
import { attemptAll, type Pending } from './attempts.js';
import type { Outcome } from './receiver.js';
import { AWAY_AFTER, nextDelay, restAfter, retryAfter } from './schedule.js';
import { SealedSecret, SecretBox } from './secret-box.js';
import { isWanted } from './wanted.js';

const GOOD: Outcome = { delivered: true, status: 204, error: null };
const BAD: Outcome = { delivered: false, status: 500, error: 'the receiver answered 500' };
const event = (position: number, subject: string): Pending => ({
  ...{ position, subject, id: String(position), type: 't', body: '{}', attempts: 0 },
});

describe('attemptAll', () => {
  const events = [event(1, 'a'), event(2, 'b'), event(3, 'a'), event(4, 'b'), event(5, 'c')];

  it('keeps the order of a resource, and holds back only what is behind a failure', async () => {
    const order: number[] = [];
    const { tried, failures } = await attemptAll(events, new Set(['c']), 0, 8, async ({ position, subject }) => {
      await Promise.resolve();
      order.push(position);
      return subject === 'a' ? BAD : GOOD;
    });
    const of = (position: number) => tried.find((one) => one.event.position === position)?.outcome;
    expect([1, 2, 3, 4, 5].map(of)).toEqual([BAD, GOOD, undefined, GOOD, undefined]);
    expect(order.indexOf(2)).toBeLessThan(order.indexOf(4));
    expect(failures).toBe(0);
  });

  it('has no more than so many in progress', async () => {
    let [now, most] = [0, 0];
    const many = Array.from({ length: 20 }, (_, n) => event(n, String(n)));
    await attemptAll(many, new Set(), 0, 3, async () => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
      return GOOD;
    });
    expect(most).toBe(3);
  });

  it('stops trying when the receiver is away, but asks who is away for one thing', async () => {
    const many = Array.from({ length: 20 }, (_, n) => event(n, String(n)));
    const first = await attemptAll(many, new Set(), 0, 1, () => Promise.resolve(BAD));
    expect(first.tried.filter(({ outcome }) => outcome !== undefined)).toHaveLength(AWAY_AFTER);
    const next = await attemptAll(many, new Set(), first.failures, 1, () => Promise.resolve(BAD));
    expect(next.tried.filter(({ outcome }) => outcome !== undefined)).toHaveLength(1);
    expect(next.tried).toHaveLength(20);
  });
});

describe('the schedule', () => {
  it('gives each failure its pause, then none; Retry-After lengthens it', () => {
    const schedule = [5_000, 30_000];
    expect([1, 2, 3].map((attempt) => nextDelay(schedule, attempt, undefined, 0))).toEqual([5_000, 30_000, null]);
    expect(nextDelay(schedule, 1, undefined, 1)).toBe(6_000);
    expect(nextDelay(schedule, 1, 90_000, 0)).toBe(90_000);
    expect(nextDelay(schedule, 2, 1_000, 0)).toBe(30_000);
  });

  it('reads Retry-After as seconds or date, within a day', () => {
    const now = Date.parse('2030-01-01T00:00:00Z');
    const ask = (text?: string) => retryAfter(text, now);
    expect(['120', 'Tue, 01 Jan 2030 00:01:00 GMT', '999999999'].map(ask)).toEqual([120_000, 60_000, 86_400_000]);
    expect([undefined, '0', '-5', 'soon', 'Mon, 31 Dec 2029 00:00:00 GMT'].map(ask)).toEqual(Array(5).fill(undefined));
  });

  it('rests longer and longer when the receiver is away, a minute at most', () => {
    expect([1, AWAY_AFTER - 1, AWAY_AFTER, AWAY_AFTER + 3, 1_000].map(restAfter)).toEqual([0, 0, 1_000, 8_000, 60_000]);
  });
});

describe('isWanted', () => {
  const told = { type: 'ipam.lease.created', subject: 'leases/1', owner: 'ann' };
  const all = { types: [], subjects: [], owners: [] };
  it.each([
    [true, all],
    [true, { ...all, types: ['ipam.pool.*', 'ipam.lease.*'] }],
    [true, { ...all, types: ['ipam.lease.'] }],
    [false, { ...all, types: ['ipam.lease'] }],
    [true, { ...all, types: ['*'], subjects: ['leases/'], owners: ['ann', 'bob'] }],
    [false, { ...all, subjects: ['leases/2'] }],
    [false, { ...all, owners: ['bob'] }],
  ])('%s for %j', (wanted, filter) => expect(isWanted(filter, told)).toBe(wanted));

  it('what has no owner is not wanted of some owner', () => {
    expect(isWanted({ ...all, owners: ['ann'] }, { ...told, owner: null })).toBe(false);
  });
});

describe('SecretBox', () => {
  const key = 'k'.repeat(32);
  it('opens what it sealed, for that webhook only', () => {
    const box = new SecretBox(key);
    const sealed = box.seal('one', 'whsec_x');
    expect(sealed).not.toContain('whsec_x');
    expect(box.open('one', sealed)).toBe('whsec_x');
    expect(() => box.open('two', sealed)).toThrow(SealedSecret);
    expect(() => new SecretBox('another'.repeat(8)).open('one', sealed)).toThrow(SealedSecret);
    expect(() => new SecretBox(undefined).open('one', sealed)).toThrow('WEBHOOKS_SECRET_KEY');
    expect(box.open('one', new SecretBox(undefined).seal('one', 'whsec_y'))).toBe('whsec_y');
  });
});
