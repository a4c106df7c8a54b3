import { describe, expect, it } from '@jest/globals';
import { ChainBroken, PublishWindow, Refused } from './publish-window.js';

const WRONG_LAST_SEQUENCE = { code: 10071, reason: 'wrong last sequence' };
const event = (position: number, bytes = 100) => ({ id: `e${position}`, position, bytes });

function windowAt(sequence: number, position: number, certain = true) {
  const stored: boolean[] = [];
  return { stored, window: new PublishWindow(sequence, position, certain, (duplicate) => stored.push(duplicate)) };
}

describe('the window of messages on their way', () => {
  it('makes a chain: each names the sequence of the one before', async () => {
    const { window, stored } = windowAt(40, 7);
    const sent = [8, 9, 10].map((position) => window.add(event(position)));
    expect(sent).toEqual([40, 41, 42].map((after, n) => ({ n, after })));
    window.answer(1, { seq: 42 });
    expect(window.acknowledged).toBe(7); // the one before is not acknowledged yet
    window.answer(0, { seq: 41 });
    expect(window.acknowledged).toBe(9);
    window.answer(2, { seq: 43, duplicate: true }); // sent by another just before: the very same event
    await window.drained();
    expect([window.acknowledged, stored]).toEqual([10, [false, false, true]]);
  });

  it('is full by number and by bytes, and has room again after an answer', async () => {
    const { window } = windowAt(0, 0);
    for (let n = 1; !window.full; n++) window.add(event(n));
    const waiting = window.room();
    window.answer(0, { seq: 1 });
    await waiting;
    expect([window.full, window.acknowledged]).toEqual([false, 1]);
    const { window: large } = windowAt(0, 0);
    large.add(event(1, 8 * 1024 * 1024));
    expect(large.full).toBe(true);
  });

  it('keeps what was acknowledged when the chain breaks, and takes no answer after that', async () => {
    const { window } = windowAt(0, 0);
    for (const position of [1, 2, 3]) window.add(event(position));
    window.answer(0, { seq: 1 });
    window.answer(1, WRONG_LAST_SEQUENCE);
    window.answer(2, { seq: 3 });
    await expect(window.drained()).rejects.toThrow(ChainBroken);
    await expect(window.room()).rejects.toThrow(ChainBroken);
    expect(window.acknowledged).toBe(1);
  });

  it('goes one by one through what the stream may have already, then faster', () => {
    const { window } = windowAt(90, 0, false);
    expect(window.add(event(1)).after).toBe(90);
    expect(window.full).toBe(true);
    window.answer(0, { seq: 12, duplicate: true });
    expect(window.add(event(2)).after).toBe(90); // nothing was added to the stream
    window.answer(1, { seq: 91 });
    expect([window.add(event(3)).after, window.add(event(4)).after, window.full]).toEqual([91, 92, true]);
  });

  it('names the event that the server does not take', async () => {
    const { window } = windowAt(0, 0);
    window.add(event(1));
    window.answer(0, { code: 10054, reason: 'message size exceeds maximum allowed' });
    await expect(window.drained()).rejects.toThrow(new Refused(1, 'message size exceeds maximum allowed'));
  });
});
