import { describe, expect, it } from '@jest/globals';
import { JsonText } from '../../platform/json/json-text.js';
import { questionText, readVerdict } from './question.js';

describe('a question', () => {
  it('is a CloudEvent that tells operation, actor and input as it came', () => {
    const text = questionText(
      {
        operation: 'pool.create',
        actor: { name: 'kim', role: 'member', project: 'blue' },
        input: { name: 'P', metadata: new JsonText('{"b":1.0,"a":12345678901234567890}') },
      },
      new Date(0),
    );
    expect(text).toContain('"metadata":{"b":1.0,"a":12345678901234567890}');
    expect(JSON.parse(text)).toMatchObject({
      specversion: '1.0',
      source: 'berth',
      type: 'ipam.hooks.pool.create.v1',
      time: '1970-01-01T00:00:00.000Z',
      data: { operation: 'pool.create', actor: { name: 'kim', role: 'member', project: 'blue' }, input: { name: 'P' } },
    });
  });
});

describe('an answer', () => {
  it.each([
    ['{"allow":true}', { allow: true }],
    ['{"allow":true,"reason":7,"more":[]}', { allow: true }],
    ['{"allow":false,"reason":"not this name"}', { allow: false, reason: 'not this name' }],
    ['{"allow":false,"reason":" two\\nlines\\u0000\\u202e "}', { allow: false, reason: 'two lines' }],
    [`{"allow":false,"reason":"${'ü'.repeat(501)}"}`, { allow: false, reason: `${'ü'.repeat(497)}...` }],
    [`{"allow":false,"reason":"${'😀'.repeat(500)}"}`, { allow: false, reason: '😀'.repeat(500) }],
  ])('%s', (text, verdict) => expect(readVerdict(text)).toEqual(verdict));

  it.each(['{"allow":false}', '{"allow":false,"reason":null}', '{"allow":false,"reason":" "}'])(
    '%s has a reason of ours',
    (text) => expect(readVerdict(text)).toEqual({ allow: false, reason: expect.stringContaining('no reason') }),
  );

  it.each([
    '',
    'yes',
    'true',
    'null',
    '[]',
    '{}',
    '{"allow":"true"}',
    '{"allow":1}',
    '{"allow":false,"reason":[]}',
    '{"stream":"BERTH","seq":1}',
  ])('none is: %s', (text) => expect(readVerdict(text)).toBeUndefined());
});
