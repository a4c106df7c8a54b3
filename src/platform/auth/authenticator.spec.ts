import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose';
import { Problem } from '../problem/problem.js';
import { Authenticator } from './authenticator.js';
import { owns, type Principal } from './principal.js';

const SECRET = 'a secret of more than thirty-two bytes, for tests only';
const secretKey = new TextEncoder().encode(SECRET);
const later = (): number => Math.floor(Date.now() / 1000) + 60;
const claims = () => ({ sub: 'kim', role: 'member', exp: later() });

const sign = (payload: Record<string, unknown>, alg = 'HS256', key: CryptoKey | Uint8Array = secretKey, kid?: string) =>
  new SignJWT(payload).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);

const authenticate = async (authenticator: Authenticator, header: string | undefined): Promise<Principal> =>
  await authenticator.authenticate(header);

const codeOf = async (authenticator: Authenticator, header: string | undefined): Promise<string> =>
  authenticate(authenticator, header).then(
    () => 'accepted',
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );

describe('a shared secret', () => {
  const authenticator = new Authenticator({ mode: 'jwt', secret: SECRET, issuer: 'us', audience: 'berth' });
  const good = () => ({ ...claims(), iss: 'us', aud: ['berth', 'other'] });

  it('lets in who it signed for, with the claims of the token', async () => {
    const token = await sign({ ...good(), project: 'p1', gateway: 'g1' });
    await expect(authenticate(authenticator, `Bearer ${token}`)).resolves.toEqual({
      name: 'kim',
      role: 'member',
      project: 'p1',
      gateway: 'g1',
    });
    await expect(authenticate(authenticator, `bearer  ${token}`)).resolves.toMatchObject({ name: 'kim' });
  });

  it('believes a token that it has checked, but not beyond its end', async () => {
    const now = Date.now();
    const token = await sign({ ...good(), exp: Math.floor(now / 1000) + 20 });
    const fresh = new Authenticator({ mode: 'jwt', secret: SECRET });
    expect(fresh.authenticate(`Bearer ${token}`)).toBeInstanceOf(Promise);
    await authenticate(fresh, `Bearer ${token}`);
    expect(fresh.authenticate(`Bearer ${token}`)).toMatchObject({ name: 'kim' });
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 26_000);
    try {
      expect(fresh.authenticate(`Bearer ${token}`)).toBeInstanceOf(Promise);
    } finally {
      clock.mockRestore();
    }
    await authenticate(fresh, `Bearer ${token}`);
    expect(await codeOf(fresh, `Bearer ${token.slice(0, -2)}`)).toBe('unauthenticated');
  });

  it('refuses tokens that are expired, early, forged, for others, unsigned or incomplete', async () => {
    const [head, body, signature] = (await sign(good())).split('.') as [string, string, string];
    const forged = Buffer.from(JSON.stringify({ ...good(), role: 'admin' })).toString('base64url');
    const bad: Record<string, string | undefined> = {
      none: undefined,
      empty: '',
      basic: 'Basic a2ltOmtpbQ==',
      'not a token': 'Bearer x.y',
      garbage: 'Bearer a.b.c',
      'two tokens': `Bearer ${head}.${body}.${signature} ${head}.${body}.${signature}`,
      expired: `Bearer ${await sign({ ...good(), exp: later() - 120 })}`,
      'not yet good': `Bearer ${await sign({ ...good(), nbf: later() })}`,
      'without end': `Bearer ${await sign({ ...good(), exp: undefined })}`,
      'end is text': `Bearer ${await sign({ ...good(), exp: 'never' })}`,
      'without sub': `Bearer ${await sign({ ...good(), sub: undefined })}`,
      'empty sub': `Bearer ${await sign({ ...good(), sub: '' })}`,
      'unknown role': `Bearer ${await sign({ ...good(), role: 'root' })}`,
      'role is a list': `Bearer ${await sign({ ...good(), role: ['admin'] })}`,
      'other issuer': `Bearer ${await sign({ ...good(), iss: 'them' })}`,
      'other audience': `Bearer ${await sign({ ...good(), aud: 'them' })}`,
      'other key': `Bearer ${await sign(good(), 'HS256', new TextEncoder().encode('x'.repeat(40)))}`,
      'changed claims': `Bearer ${head}.${forged}.${signature}`,
      'cut signature': `Bearer ${head}.${body}.${signature.slice(0, -4)}`,
      'no signature': `Bearer ${head}.${body}.`,
      'alg none': `Bearer ${new UnsecuredJWT(good()).encode()}`,
    };
    for (const [name, header] of Object.entries(bad)) {
      expect([name, await codeOf(authenticator, header)]).toEqual([name, 'unauthenticated']);
    }
  });

  it('allows five seconds of clock difference and no more', async () => {
    expect(await codeOf(authenticator, `Bearer ${await sign({ ...good(), exp: later() - 62 })}`)).toBe('accepted');
    expect(await codeOf(authenticator, `Bearer ${await sign({ ...good(), exp: later() - 70 })}`)).toBe(
      'unauthenticated',
    );
  });
});

describe('a public key', () => {
  it.each(['RS256', 'ES256', 'EdDSA'])('checks %s signatures, and is never taken for a shared secret', async (alg) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const pem = await exportSPKI(publicKey);
    const authenticator = new Authenticator({ mode: 'jwt', publicKey: pem });
    await authenticator.ready();
    expect(await codeOf(authenticator, `Bearer ${await sign(claims(), alg, privateKey)}`)).toBe('accepted');
    const confused = await sign(claims(), 'HS256', new TextEncoder().encode(pem));
    expect(await codeOf(authenticator, `Bearer ${confused}`)).toBe('unauthenticated');
    const other = await generateKeyPair(alg);
    expect(await codeOf(authenticator, `Bearer ${await sign(claims(), alg, other.privateKey)}`)).toBe(
      'unauthenticated',
    );
  });

  it('that is none is told at start', async () => {
    await expect(new Authenticator({ mode: 'jwt', publicKey: 'x' }).ready()).rejects.toThrow(/AUTH_PUBLIC_KEY/);
    await expect(new Authenticator({ mode: 'jwt' }).ready()).rejects.toThrow(/no key to check tokens with/);
  });
});

describe('keys by URL', () => {
  let server: Server;
  let url: string;
  let privateKey: CryptoKey;
  let answering: 'well' | 'badly' | 'not at all' = 'well';

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true });
    privateKey = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' };
    server = createServer((_request, response) => {
      if (answering === 'well')
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
      else if (answering === 'badly') response.writeHead(500).end('oops');
      else response.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  });
  afterAll(() => new Promise<unknown>((resolve) => server.close(resolve)));

  it('are fetched when a token needs them', async () => {
    const authenticator = new Authenticator({ mode: 'jwt', jwksUrl: url });
    expect(await codeOf(authenticator, `Bearer ${await sign(claims(), 'ES256', privateKey, 'k1')}`)).toBe('accepted');
    expect(await codeOf(authenticator, `Bearer ${await sign(claims(), 'ES256', privateKey, 'k2')}`)).toBe(
      'unauthenticated',
    );
    expect(await codeOf(authenticator, `Bearer ${await sign(claims())}`)).toBe('unauthenticated');
  });

  it('that cannot be had are 503, not the fault of the token', async () => {
    const header = `Bearer ${await sign(claims(), 'ES256', privateKey, 'k1')}`;
    for (answering of ['not at all', 'badly'] as const) {
      expect(await codeOf(new Authenticator({ mode: 'jwt', jwksUrl: url }), header)).toBe('unavailable');
    }
    const authenticator = new Authenticator({ mode: 'jwt', jwksUrl: url });
    expect(await codeOf(authenticator, header)).toBe('unavailable');
    answering = 'well';
    expect(await codeOf(authenticator, header)).toBe('accepted');
  });
});

it('without authentication everybody is admin', async () => {
  await expect(authenticate(new Authenticator({ mode: 'none' }), undefined)).resolves.toMatchObject({ role: 'admin' });
});

describe('owns', () => {
  it('is for admins everything, for members their own name and project, for others nothing', () => {
    expect(owns({ name: 'a', role: 'admin' }, 'b')).toBe(true);
    expect(owns({ name: 'a', role: 'member' }, 'a')).toBe(true);
    expect(owns({ name: 'a', role: 'member', project: 'p' }, 'p')).toBe(true);
    expect(owns({ name: 'a', role: 'member' }, 'b')).toBe(false);
    expect(owns({ name: 'a', role: 'reader' }, 'a')).toBe(false);
    expect(owns({ name: 'a', role: 'gateway', project: 'p' }, 'p')).toBe(false);
  });
});
