import { describe, expect, it } from '@jest/globals';
import { paintStatus } from './output.js';
import { safeText, widthOf } from './safe-text.js';
import { record, table } from './table.js';
import { ago, cited, hostPort, shellWord } from './words.js';

interface Row {
  name: string;
  status: string;
}
const COLUMNS = [
  { title: 'NAME', of: (row: Row) => row.name },
  { title: 'STATUS', of: (row: Row) => row.status, paint: paintStatus },
];

describe('table', () => {
  it('aligns columns, with a dash for nothing and no blanks at the end', () => {
    const rows = [
      { name: 'a', status: 'active' },
      { name: 'longer', status: '' },
    ];
    expect(table(COLUMNS, rows)).toEqual(['NAME    STATUS', 'a       active', 'longer  -']);
  });

  it('aligns wide and combining characters by their width in a terminal', () => {
    const rows = ['日本', 'e\u0301', 'abcd'].map((name) => ({ name, status: 'active' }));
    expect(table(COLUMNS, rows)).toEqual(['NAME  STATUS', '日本  active', 'e\u0301     active', 'abcd  active']);
  });

  it('is nothing for no rows', () => expect(table(COLUMNS, [])).toEqual([]));

  it('colours only for a terminal, after aligning', () => {
    const rows = [{ name: 'a', status: 'failed' }];
    expect(table(COLUMNS, rows).join()).not.toContain('\u001b');
    expect(table(COLUMNS, rows, true)[1]).toBe('a     \u001b[31mfailed\u001b[39m');
  });

  it('lets no name move the cursor or turn the text', () => {
    const rows = [{ name: 'a\u001b[2Jb\nc\u202ed\u009b1m', status: 'active' }];
    expect(table(COLUMNS, rows)[1]).toBe('a\\x1b[2Jb\\x0ac\\u202ed\\x9b1m  active');
  });
});

it('record() aligns values', () => {
  expect(
    record([
      ['id', '1'],
      ['longer', ''],
    ]),
  ).toEqual(['id      1', 'longer  -']);
});

it('safeText() leaves ordinary text alone', () => {
  for (const text of ['plain', 'Grüße', '日本', 'a_b%c', '🙂']) expect(safeText(text)).toBe(text);
  expect([widthOf('Grüße'), widthOf('日本'), widthOf('🙂')]).toEqual([5, 4, 2]);
});

it('hostPort() puts IPv6 into brackets', () => {
  expect([hostPort('192.0.2.1', 1), hostPort('2001:db8::1', 1)]).toEqual(['192.0.2.1:1', '[2001:db8::1]:1']);
});

it('ago() counts in the largest unit that fits', () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  const before = (seconds: number): string => ago(new Date(now - seconds * 1000).toISOString(), now);
  expect([ago(null), before(-5), before(59), before(60), before(7200), before(86_400 * 3)]).toEqual([
    ...['never', '0 s ago', '59 s ago', '1 min ago', '2 h ago', '3 d ago'],
  ]);
});

it('quotes words for a shell only where that is needed', () => {
  expect(['a-b_1.c', 'a b', "it's", '$x', ''].map(shellWord)).toEqual(['a-b_1.c', "'a b'", `'it'\\''s'`, "'$x'", "''"]);
  expect([cited('vlab show'), cited("vlab show 'a b'")]).toEqual(["'vlab show'", "`vlab show 'a b'`"]);
});
