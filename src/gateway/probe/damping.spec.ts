import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inDoubt, judge, needed, UNKNOWN, type Verdict } from './damping.js';

const looks = fc.array(fc.boolean(), { minLength: 1, maxLength: 400 });
const after = (results: readonly boolean[], from: Verdict = UNKNOWN): Verdict => results.reduce(judge, from);
const states = (results: readonly boolean[], from: Verdict = UNKNOWN): string[] => {
  let verdict = from;
  return results.map((result) => (verdict = judge(verdict, result)).state);
};
const changes = (said: readonly string[]): number =>
  said.filter((state, at) => at > 0 && state !== said[at - 1]).length;

describe('what is held true of an address', () => {
  it('is what the first look found', () => {
    expect(after([true]).state).toBe('reachable');
    expect(after([false]).state).toBe('unreachable');
  });

  it('is not changed by one contrary look, and is by two', () => {
    expect(states([true, false, true, false, false])).toEqual([
      ...['reachable', 'reachable', 'reachable'],
      ...['unreachable', 'unreachable'],
    ]);
    expect(inDoubt(after([true, false]))).toBe(true);
    expect(inDoubt(after([true, true]))).toBe(false);
  });

  it('follows what stays, whatever was before, within sixteen looks', () => {
    fc.assert(
      fc.property(looks, fc.boolean(), (before, stays) => {
        const said = states(new Array<boolean>(40).fill(stays), after(before));
        const wanted = stays ? 'reachable' : 'unreachable';
        expect(said.slice(16)).toEqual(said.slice(16).map(() => wanted));
        expect(changes(said)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('never takes longer than what it needs now, once nothing speaks for the old state', () => {
    fc.assert(
      fc.property(looks, (before) => {
        const verdict = after(before);
        const contrary = verdict.state !== 'reachable';
        const said = states(new Array<boolean>(needed(verdict)).fill(contrary), verdict);
        expect(said.at(-1)).toBe(contrary ? 'reachable' : 'unreachable');
      }),
    );
  });

  it('changes ever more seldom when the machine comes and goes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), (up, down) => {
        const flapping = Array.from({ length: 600 }, (_, n) => n % (up + down) < up);
        // two, four and eight in a row at first; then sixteen of twenty-four, which no seven in a row come to on both sides
        expect(changes(states(flapping))).toBeLessThanOrEqual(4);
      }),
    );
  });

  it('forgets that it changed after calm: two contrary looks suffice again', () => {
    const flapped = after([true, false, false, true, true, true, true]);
    expect(needed(flapped)).toBeGreaterThan(2);
    const calm = after(new Array<boolean>(24).fill(true), flapped);
    expect(needed(calm)).toBe(2);
  });
});
