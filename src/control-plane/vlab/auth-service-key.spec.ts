import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SignJWT } from 'jose';
import { AuthServiceKey } from './auth-service-key.js';
import { checkToken } from './vlab-token.js';

const ISSUER = 'https://vlab.example';
const pair = (): { publicKey: KeyObject; privateKey: KeyObject } => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

describe('AuthServiceKey', () => {
  const [first, second] = [pair(), pair()];
  let answer: { key: string; algorithm: string } | undefined;
  let asked = 0;
  let keys: AuthServiceKey;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_800_000_000_000, doNotFake: ['nextTick', 'queueMicrotask'] });
    [answer, asked] = [{ key: pem(first.publicKey), algorithm: 'ES256' }, 0];
    keys = new AuthServiceKey({
      key: () => {
        asked++;
        return answer === undefined ? Promise.reject(new Error('away')) : Promise.resolve(answer);
      },
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const check = async ({ privateKey }: { privateKey: KeyObject }, alg = 'ES256'): Promise<string> => {
    const now = Date.now() / 1000;
    const claims = { exp: now + 60, iat: now, iss: ISSUER, username: 'alice', version: 2, client_ip: '10.0.0.1' };
    const token = await new SignJWT(claims).setProtectedHeader({ alg }).sign(privateKey);
    return checkToken(token, keys, ISSUER).then(
      ({ username }) => username,
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
  };

  it('is fetched once for all who wait, and kept while the service is away', async () => {
    expect(await Promise.all([check(first), check(first), check(first)])).toEqual(['alice', 'alice', 'alice']);
    answer = undefined;
    jest.advanceTimersByTime(4_000_000);
    expect(await check(first)).toBe('alice');
    expect(asked).toBe(2);
  });

  it('is fetched again for a token that it does not fit, at most every 30 s', async () => {
    await check(first);
    answer = { key: pem(second.publicKey), algorithm: 'ES256' };
    expect(await check(second)).toBe('Invalid auth token supplied');
    expect(asked).toBe(1);
    jest.advanceTimersByTime(31_000);
    expect(await check(second)).toBe('alice');
    expect(await check(first)).toBe('Invalid auth token supplied');
    expect(asked).toBe(2);
  });

  it('is not asked for again within a second of a failure', async () => {
    answer = undefined;
    const away = 'The vLab auth service does not give its key now. Try again.';
    expect([await check(first), await check(first)]).toEqual([away, away]);
    expect(asked).toBe(1);
    answer = { key: pem(first.publicKey), algorithm: 'ES256' };
    jest.advanceTimersByTime(1_001);
    expect(await check(first)).toBe('alice');
  });

  it('is refused as a shared secret when it is a public key, and for an algorithm that is not its own', async () => {
    for (const algorithm of ['HS256', 'RS256', 'none']) {
      answer = { key: pem(first.publicKey), algorithm };
      expect([algorithm, await check(first)]).toEqual([algorithm, expect.stringMatching(/does not give its key/)]);
      jest.advanceTimersByTime(1_001);
    }
  });
});
