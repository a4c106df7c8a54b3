import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonText, mergePatch, nestingOf, parseBody, writeJson } from './json-text.js';

/** JSON text of a kind that `JSON.stringify` would never write: spaces, escapes, huge numbers, keys in any order, twice. */
const jsonText = fc.letrec<{ value: string; space: string; key: string }>((tie) => ({
  space: fc.constantFrom('', ' ', '\n', '\t  '),
  key: fc.oneof(
    fc.string().map((text) => JSON.stringify(text)),
    fc.constantFrom('"2"', '"10"', '"1"', '"__proto__"', '"metadata"', '"constructor"', '"\\u0061\\/"'),
  ),
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom('null', 'true', '9007199254740993', '1e400', '-0', '0.10', '1E+2', '"\\ud83d\\ude00"', '"\\u0000"'),
    fc.string().map((text) => JSON.stringify(text)),
    fc
      .tuple(fc.array(fc.tuple(tie('key'), tie('space'), tie('value')), { maxLength: 4 }), tie('space'))
      .map(
        ([members, space]) =>
          `{${members.map(([key, gap, value]) => `${key}${gap}:${value}`).join(`${space},`)}${space}}`,
      ),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 4 }), tie('space'))
      .map(([items, space]) => `[${space}${items.join(`,${space}`)}]`),
  ),
})).value;

describe('parseBody and writeJson', () => {
  it('give metadata back exactly as it was sent, whatever JSON it is', () => {
    fc.assert(
      fc.property(jsonText, (metadata) => {
        const body = parseBody(`{"name":"n","metadata": ${metadata}\n}`) as { metadata: JsonText };
        expect(body.metadata).toBeInstanceOf(JsonText);
        expect(body.metadata.text).toBe(metadata.trim());
        expect(writeJson(body)).toBe(`{"name":"n","metadata":${metadata.trim()}}`);
      }),
      { numRuns: 1000 },
    );
  });

  it('keep everything else as JSON.parse and JSON.stringify do', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const value: unknown = JSON.parse(text);
        if (text.includes('metadata')) return;
        expect(parseBody(text)).toEqual(value);
        expect(JSON.parse(writeJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('recognise the key metadata when it is written with escapes', () => {
    const body = parseBody('{"meta\\u0064ata":{"b":1,"a":12345678901234567890}}') as { metadata: JsonText };
    expect(body.metadata.text).toBe('{"b":1,"a":12345678901234567890}');
  });

  it('keep nested metadata apart from its surroundings', () => {
    const body = parseBody('{"metadata":{"metadata":{"2":1,"1":2}},"ports":[{"metadata":9007199254740993}]}') as {
      metadata: JsonText;
      ports: { metadata: JsonText }[];
    };
    expect(body.metadata.text).toBe('{"metadata":{"2":1,"1":2}}');
    expect(body.ports[0]?.metadata.text).toBe('9007199254740993');
  });

  it('let the last of two metadata members count, as JSON.parse does', () => {
    expect((parseBody('{"metadata":{"a":1},"metadata":[2]}') as { metadata: JsonText }).metadata.text).toBe('[2]');
    expect((parseBody('{"metadata":[2],"metadata":"x"}') as { metadata: JsonText }).metadata.text).toBe('"x"');
  });

  it('make a member of the key __proto__ and leave the prototype alone', () => {
    const body = parseBody('{"__proto__":{"admin":true},"metadata":{"__proto__":1}}') as Record<string, unknown>;
    expect(Object.hasOwn(body, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
    expect((body as { admin?: boolean }).admin).toBeUndefined();
    expect(writeJson(body)).toBe('{"__proto__":{"admin":true},"metadata":{"__proto__":1}}');
  });

  it.each([
    '',
    '{',
    '{"metadata":}',
    '{"a":1,}',
    '{"a":1}//x',
    "{'a':1}",
    '{"a":NaN}',
    '{"a":01}',
    '{"a":"\n"}',
    '{}{}',
  ])('refuse %j, which is not JSON', (text) => {
    expect(() => parseBody(text)).toThrow(SyntaxError);
  });

  it('refuse what is nested too deep before anything recursive sees it', () => {
    for (const depth of [101, 10_000, 500_000]) {
      expect(() => parseBody(`{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`)).toThrow(/nested more than 100 levels/);
    }
    expect(() => parseBody('['.repeat(100) + ']'.repeat(100))).not.toThrow();
  });

  it('write dates, bigints and absent members as documents need them', () => {
    expect(writeJson({ at: new Date(0), big: 2n ** 64n, none: undefined, list: [undefined, null] })).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","big":"18446744073709551616","list":[null,null]}',
    );
  });
});

describe('nestingOf', () => {
  it('counts levels and is not misled by brackets inside strings', () => {
    expect([nestingOf('1'), nestingOf('{}'), nestingOf('[[]]'), nestingOf('{"[[[":"\\"[[["}')]).toEqual([0, 1, 2, 1]);
  });
});

describe('mergePatch', () => {
  const merge = (target: string, patch: string): string => mergePatch(new JsonText(target), new JsonText(patch)).text;

  it('does what every example of RFC 7396 appendix A says', () => {
    const examples: [string, string, string][] = [
      ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
      ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
      ['{"a":"b"}', '{"a":null}', '{}'],
      ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
      ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
      ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
      ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
      ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
      ['["a","b"]', '["c","d"]', '["c","d"]'],
      ['{"a":"b"}', '["c"]', '["c"]'],
      ['{"a":"foo"}', 'null', 'null'],
      ['{"a":"foo"}', '"bar"', '"bar"'],
      ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
      ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
      ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ];
    for (const [target, patch, result] of examples) expect(merge(target, patch)).toBe(result);
  });

  it('keeps the order of keys and large numbers of what it does not touch', () => {
    expect(merge('{"2":9007199254740993,"1":{"z":1,"a":2}}', '{"1":{"a":3},"0":1e400}')).toBe(
      '{"2":9007199254740993,"1":{"z":1,"a":3},"0":1e400}',
    );
  });

  it('gives a key __proto__ no power', () => {
    expect(merge('{}', '{"__proto__":{"x":1}}')).toBe('{"__proto__":{"x":1}}');
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});
