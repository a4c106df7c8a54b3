import { describe, expect, it } from '@jest/globals';
import { csvCell, csvLine, csvText } from './csv.js';

describe('a cell of CSV', () => {
  it.each([
    ['web', 'web'],
    ['', ''],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['one\ntwo', '"one\ntwo"'],
    [' padded ', '" padded "'],
    ['=1+1', "'=1+1"],
    ['-5', "'-5"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+1,2', '"\'+1,2"'],
    ["'=1+1", "''=1+1"],
    ["it's", "it's"],
  ])('of %j is %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it.each(['=', "'", "''", "'=", "''-1", '\t=1', "'x", 'x', '-', '@'])('of %j is no formula and comes back', (text) => {
    const bare = csvCell(text)
      .replace(/^"(.*)"$/s, '$1')
      .replaceAll('""', '"');
    expect(bare).not.toMatch(/^[=+\-@\t\r]/);
    expect(csvText(bare)).toBe(text);
  });

  it('ends a line as RFC 4180 does', () => {
    expect(csvLine(['a', '', 'c'])).toBe('a,,c\r\n');
  });
});
