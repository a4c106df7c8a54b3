import { describe, expect, it } from '@jest/globals';
import { Problem } from '../../platform/problem/problem.js';
import { chosenId, isId, newId, pathId } from './id.js';

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return error instanceof Problem ? error.code : String(error);
  }
  return undefined;
};

describe('ids', () => {
  it('of ours are UUIDs of version 7, all different, and sort in the order in which they were made', () => {
    const ids = Array.from({ length: 20_000 }, () => newId());
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
      true,
    );
    expect(new Set(ids).size).toBe(20_000);
    expect([...ids].sort()).toEqual(ids);
    expect(newId(0) > (ids.at(-1) ?? '')).toBe(true); // also when the clock goes back
    const soon = newId(Date.now() + 60_000);
    expect(Math.abs(parseInt(soon.slice(0, 13).replace('-', ''), 16) - Date.now() - 60_000)).toBeLessThan(5_000);
  });

  it('of clients are 24 hex digits or a UUID, kept in lower case', () => {
    expect(chosenId('6B024480686C824EA09E15B6')).toBe('6b024480686c824ea09e15b6');
    expect(chosenId('0192F0C1-7A3E-7C11-9D0A-3B5F6C7D8E9F')).toBe('0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f');
    expect(isId(chosenId(''))).toBe(true);
    expect(isId(chosenId(undefined))).toBe(true);
  });

  it.each(['x', '6b024480686c824ea09e15b', '6b024480686c824ea09e15b6\n', '6b024480-686c824ea09e15b6', '\u0000'])(
    '%j is none',
    (text) => {
      expect(codeOf(() => chosenId(text))).toBe('invalid-field');
      expect(codeOf(() => pathId('pool', text))).toBe('not-found');
    },
  );
});
