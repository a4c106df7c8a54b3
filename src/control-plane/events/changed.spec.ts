import { describe, expect, it } from '@jest/globals';
import { JsonText } from '../../platform/json/json-text.js';
import { withChanges } from './changed.js';

const TIME = new Date('2026-01-02T03:04:05.000Z');

describe('withChanges', () => {
  const before = {
    name: 'a',
    tags: ['x'],
    metadata: new JsonText('{"n":1}'),
    expiresAt: TIME as Date | null,
    version: 1,
  };

  it('tells the resource as it is, and of each field that changed what it was', () => {
    const after: typeof before = { ...before, tags: ['x', 'y'], expiresAt: null, version: 2 };
    expect(withChanges(before, after).text).toBe(
      '{"name":"a","tags":["x","y"],"metadata":{"n":1},"expiresAt":null,"version":2,' +
        '"changed":{"tags":{"from":["x"]},"expiresAt":{"from":"2026-01-02T03:04:05.000Z"}}}',
    );
  });

  it('keeps the text of metadata, and counts it as changed by its text', () => {
    const after = { ...before, metadata: new JsonText('{"n":9007199254740993}') };
    expect(withChanges({ metadata: before.metadata }, after).text).toContain('"changed":{"metadata":{"from":{"n":1}}}');
    expect(withChanges(before, { ...before, metadata: new JsonText('{"n":1}') }).text).toContain('"changed":{}}');
  });

  it('is nothing when only the stamps are others', () =>
    expect(withChanges(before, { ...before, version: 7 }).text).toMatch(/"changed":\{\}\}$/));
});
