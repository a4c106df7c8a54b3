import { describe, expect, it } from '@jest/globals';
import { Problem } from '../../platform/problem/problem.js';
import { parseTime } from '../resource/time.js';
import { askedExpiry, MAX_TTL, NEVER, requireLasting } from './expiry.js';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const at = (text: string): Date => new Date(text);
const refusal = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error instanceof Problem ? [error.code, error.extra.errors?.[0]?.field] : error;
  }
};

describe('the end that is asked for', () => {
  it('is a number of seconds from now, or a time; told in time, but not before half of it', () => {
    expect(askedExpiry({ ttl: 7200 }, NOW, 600)).toEqual({
      expiresAt: at('2026-03-01T14:00:00Z'),
      ttl: 7200,
      noticeAt: at('2026-03-01T13:50:00Z'),
    });
    expect(askedExpiry({ expiresAt: '2026-03-01T13:00:10+01:00' }, NOW, 600)).toEqual({
      expiresAt: at('2026-03-01T12:00:10Z'),
      ttl: null,
      noticeAt: at('2026-03-01T12:00:05Z'),
    });
    expect(askedExpiry({ ttl: 60 }, NOW, 0)?.noticeAt).toBeNull();
  });

  it('is none when nothing is said, and is taken away by null', () => {
    expect(askedExpiry({}, NOW, 600)).toBeUndefined();
    expect(askedExpiry({ ttl: null }, NOW, 600)).toEqual(NEVER);
    expect(askedExpiry({ expiresAt: null }, NOW, 600)).toEqual(NEVER);
    expect(askedExpiry({ ttl: null, expiresAt: '2026-03-02T00:00:00Z' }, NOW, 600)?.ttl).toBeNull();
  });

  it('is refused by name when it is given twice, has passed, or is too far', () => {
    const both = { ttl: 1, expiresAt: '2026-03-02T00:00:00Z' };
    expect(refusal(() => askedExpiry(both, NOW, 600))).toEqual(['invalid-field', 'ttl']);
    const too = (expiresAt: Date): unknown =>
      refusal(() => askedExpiry({ expiresAt: expiresAt.toISOString() }, NOW, 600));
    expect(too(NOW)).toEqual(['invalid-field', 'expiresAt']);
    expect(too(new Date(NOW.getTime() + MAX_TTL * 1000 + 1))).toEqual(['invalid-field', 'expiresAt']);
    expect(too(new Date(NOW.getTime() + MAX_TTL * 1000))).toMatchObject({ ttl: null });
  });

  it('has come at its very millisecond', () => {
    expect(refusal(() => requireLasting('x', NOW, NOW))).toEqual(['not-found', undefined]);
    expect(refusal(() => requireLasting('x', new Date(NOW.getTime() + 1), NOW))).toBeUndefined();
    expect(refusal(() => requireLasting('x', null, NOW))).toBeUndefined();
  });
});

describe('times', () => {
  it.each([
    ['2026-02-28T23:59:59Z', '2026-02-28T23:59:59.000Z'],
    ['2028-02-29t00:00:00.5z', '2028-02-29T00:00:00.500Z'],
    ['2026-01-01T00:30:00-01:30', '2026-01-01T02:00:00.000Z'],
    ['2026-01-01T00:00:00.123456789+00:00', '2026-01-01T00:00:00.123Z'],
  ])('%s', (text, time) => expect(parseTime(text)?.toISOString()).toBe(time));

  it.each([
    ...['', 'now', '2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-10T00:00:00Z', '2026-01-00T00:00:00Z'],
    ...['2026-01-01T24:00:00Z', '2026-01-01T23:60:00Z', '2026-01-01T23:59:60Z', '2026-01-01T00:00:00'],
    ...['2026-01-01 00:00:00Z', '2026-01-01T00:00:00+24:00', '2026-01-01T00:00:00+0100', '+026-01-01T00:00:00Z'],
    ...['2026-01-01T00:00:00.Z', '2026-01-01T00:00:00.1234567890Z', '2026-01-01T00:00:00Z\n', '1767225600'],
  ])('%j is none', (text) => expect(parseTime(text)).toBeUndefined());
});
