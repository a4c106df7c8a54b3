import { describe, expect, it } from '@jest/globals';
import { jwtVerify } from 'jose';
import { parseDuration, signToken } from './token.js';

const SECRET = 'correct horse battery staple, twice over';
const KEY = new TextEncoder().encode(SECRET);

describe('signToken', () => {
  it('says who, what, where and how long', async () => {
    const token = await signToken({ secret: SECRET }, { sub: 'gw', role: 'gateway', gateway: 'local' }, 60);
    const { payload, protectedHeader } = await jwtVerify(token, KEY, { algorithms: ['HS256'] });
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(payload).toEqual({
      sub: 'gw',
      role: 'gateway',
      gateway: 'local',
      iat: expect.any(Number),
      exp: payload.iat! + 60,
    });
  });

  it('names issuer and audience when they are configured', async () => {
    const token = await signToken(
      { secret: SECRET, issuer: 'lab', audience: 'berth' },
      { sub: 'a', role: 'admin' },
      60,
    );
    await jwtVerify(token, KEY, { issuer: 'lab', audience: 'berth' });
    await expect(jwtVerify(token, KEY, { issuer: 'other' })).rejects.toThrow();
  });
});

describe('parseDuration', () => {
  it.each([
    ['90s', 90],
    ['30m', 1800],
    ['12h', 43_200],
    ['7d', 604_800],
    ['3650d', 315_360_000],
  ])('reads %s', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  it.each(['', '12', 'h', '0h', '-1h', '1.5h', '1w', '12 h', '3651d', '9999999999s'])('refuses "%s"', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
});
