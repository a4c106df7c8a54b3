import fc from 'fast-check';

const deep = (depth: number, innermost: unknown): unknown => {
  let value = innermost;
  for (let n = 0; n < depth; n++) value = n % 2 === 0 ? [value] : { a: value };
  return value;
};

/** Texts that break what does not expect them: control characters, other scripts, other people's syntax, odd addresses and times. */
const TEXTS = [
  ...[
    '',
    ' ',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\u202egnp',
    '😀'.repeat(80),
    'e\u0301',
    '\ufeff',
    '\n',
    '\r\nX: y',
    '\t',
    '\u007f',
  ],
  ...[
    'x'.repeat(256),
    'x'.repeat(20_000),
    "'; DROP TABLE pool; --",
    '%',
    '_',
    '\\',
    '"',
    '$1',
    '{}',
    '[]',
    'null',
    'NaN',
    '-0',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    '%00',
    '*',
    '.',
    '..',
    ':',
    'a:',
    ':a',
    'a.b:1',
    'a..b:1',
  ],
  ...[
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.20.0.1',
    'fe80::1%eth0',
    '010.0.0.1',
    '1',
    '10.0.0.0/33',
    '0.0.0.0/0',
    '::/0',
  ],
  ...[
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '10.0.0.9-10.0.0.1',
    '10.0.0.1-::1',
    '10.20.0.1/24',
    '224.0.0.1',
    '127.0.0.1',
  ],
  ...[
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '+275760-09-13T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-11-24',
    '12:00',
  ],
  ...['0', '1', '-1', '1.5', '1e3', '0x10', '9007199254740993', '2147483648', '9223372036854775808', '1'.repeat(400)],
  ...['00000000-0000-0000-0000-000000000000', 'ffffffffffffffffffffffff', 'true', 'TRUE', 'id', '-id', '-'],
];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  1.5,
  4,
  6,
  33,
  129,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 63),
  1e21,
  1e308,
  5e-324,
];
const OTHERS = [
  null,
  true,
  false,
  [],
  {},
  [null],
  [[]],
  [{}],
  deep(60, null),
  deep(3000, 1),
  JSON.parse('{"__proto__":{},"constructor":{}}'),
];
const MANY = [Array.from({ length: 300 }, () => 'x'), Array.from({ length: 5000 }, (_, n) => n)];

export const nastyText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

export const nasty: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: nastyText },
  { weight: 3, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 3, arbitrary: fc.constantFrom<unknown>(...OTHERS) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(...MANY) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

/** Bodies that are no JSON object, or one that no program writes. */
export const nastyBody: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .constantFrom(
      ...[
        '',
        ' ',
        '{',
        '}',
        '[]',
        '""',
        'null',
        '1',
        '{}',
        '{"":""}',
        '{"a":1,"a":2}',
        '{"name":"\\ud800"}',
        '{"name":"a\u0000"}',
      ],
      ...[
        '{"__proto__":{"admin":true}}',
        '{"metadata":1e400}',
        '{"metadata":123456789012345678901234567890}',
        '{"metadata":-0.0}',
      ],
      ...[
        '{"name":"x"} ',
        '\ufeff{}',
        '{"name":\'x\'}',
        '{"count":1e0}',
        '{"count":1.0}',
        '{"version":"1"}',
        '{"id":"","id":null}',
      ],
      ...[
        `{"metadata":${'['.repeat(5000)}${']'.repeat(5000)}}`,
        '['.repeat(50_000),
        `{"name":"${'x'.repeat(1_100_000)}"}`,
      ],
      ...['{"done":1}\n{"done":2}', 'kind,id\npool,1\n', 'kind;id', '"', '{"kind":"pool"}\n'],
    )
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
);
