import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exposition, type Sample } from './exposition.js';
import { Counter, Histogram } from './instruments.js';

/** Reads a sample line as the format's grammar says: the labels' quotes end at the first one that no backslash escapes. */
function readLine(line: string): { name: string; labels: Record<string, string>; value: string } {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$/u.exec(line);
  if (match === null) throw new Error(`no sample: ${line}`);
  const [, name = '', inside = '', value = ''] = match;
  const pairs = [...inside.matchAll(/([a-z_]+)="((?:[^"\\\n]|\\.)*)"/gu)];
  const plain = (text: string): string =>
    text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
  return { name, labels: Object.fromEntries(pairs.map(([, key = '', text = '']) => [key, plain(text)])), value };
}

const one = (samples: Sample[]): string => exposition([{ name: 'a', help: 'help', type: 'gauge', samples }]);

describe('exposition', () => {
  it('writes families one after another, and none without samples', () => {
    expect(
      exposition([
        { name: 'a_total', help: 'two\nlines, one \\', type: 'counter', samples: [{ value: 1 }] },
        { name: 'b', help: '', type: 'gauge', samples: [] },
        { name: 'c', help: 'x', type: 'gauge', samples: [{ labels: { x: 'y', z: '' }, value: 0.5 }] },
      ]),
    ).toBe(
      '# HELP a_total two\\nlines, one \\\\\n# TYPE a_total counter\na_total 1\n' +
        '# HELP c x\n# TYPE c gauge\nc{x="y",z=""} 0.5\n',
    );
  });

  it('gives back any label, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (x, y) => {
        const lines = one([{ labels: { x, y }, value: 1 }]).split('\n');
        expect(lines).toHaveLength(4);
        expect(readLine(lines[2] ?? '').labels).toEqual({ x, y });
      }),
    );
    expect(one([{ labels: { x: 'a"b\\c\nd' }, value: 1 }])).toContain('a{x="a\\"b\\\\c\\nd"} 1\n');
  });

  it('writes numbers as they are read again', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(readLine(one([{ value }]).split('\n')[2] ?? '').value)).toBe(value === 0 ? 0 : value);
      }),
    );
    const texts = [NaN, Infinity, -Infinity, 1e21].map((value) => one([{ value }]).split('\n')[2]);
    expect(texts).toEqual(['a NaN', 'a +Inf', 'a -Inf', 'a 1e+21']);
  });
});

describe('instruments', () => {
  it('count by labels', () => {
    const counter = new Counter<'x'>('a_total', '');
    counter.add({ x: '1' });
    counter.add({ x: '2' }, 5);
    counter.add({ x: '1' });
    expect(counter.family().samples).toEqual([
      { labels: { x: '1' }, value: 2 },
      { labels: { x: '2' }, value: 5 },
    ]);
  });

  it('cumulate buckets, the bound included', () => {
    const histogram = new Histogram<'x'>('a_seconds', '', [0.1, 1]);
    histogram.observe({ x: 'y' }, 0.1);
    histogram.observe({ x: 'y' }, 0.5, 2);
    histogram.observe({ x: 'y' }, 7);
    expect(exposition([histogram.family()]).split('\n').slice(2, -1)).toEqual([
      'a_seconds_bucket{x="y",le="0.1"} 1',
      'a_seconds_bucket{x="y",le="1"} 3',
      'a_seconds_bucket{x="y",le="+Inf"} 4',
      'a_seconds_sum{x="y"} 8.1',
      'a_seconds_count{x="y"} 4',
    ]);
  });
});
