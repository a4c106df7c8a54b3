import { describe, expect, it } from '@jest/globals';
import { ifMatchNames, ifNoneMatchNames } from './entity-tags.js';

describe('entity tags', () => {
  it.each([
    ['"3"', true, true],
    ['*', true, true],
    [' * ', true, true],
    ['"1", "3"', true, true],
    ['"1","3"', true, true],
    ['"a,b", "3"', true, true],
    ['W/"3"', false, true],
    ['W/"1", W/"3"', false, true],
    ['"33"', false, false],
    ['"a,*,b"', false, false],
    ['"2", *', false, false],
    ['"x 3"', false, false],
    ['3', false, false],
    ['', false, false],
  ])('%s: strongly the version %s, weakly %s', (header, strong, weak) => {
    expect([ifMatchNames(header, 3), ifNoneMatchNames(header, 3)]).toEqual([strong, weak]);
  });
});
