import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigError, Environment, isLoopback, parseConfig, requireAuthKey } from './config.js';

const SECRET = 'correct horse battery staple, twice over';
const PEM = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();

function problemsOf(environment: Environment): readonly string[] {
  try {
    parseConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('parseConfig', () => {
  it('gives every default from an empty environment', () => {
    expect(parseConfig({})).toEqual({
      database: { url: 'postgres://berth:berth@127.0.0.1:5432/berth', poolSize: 10 },
      nats: {
        ...{ url: undefined, stream: 'BERTH', subjectPrefix: 'ipam' },
        ...{ streamReplicas: undefined, streamMaxAgeDays: undefined, streamMaxBytes: undefined },
      },
      outbox: { days: 7 },
      hooks: { rules: undefined, timeoutMs: 500, onSilence: 'refuse' },
      bus: { api: 'off' },
      http: {
        ...{ host: '127.0.0.1', port: 8000, publicUrl: 'http://127.0.0.1:8000' },
        ...{ bodyLimit: 1024 * 1024, importLimit: 1024 ** 3 },
      },
      auth: {
        mode: 'jwt',
        secret: undefined,
        publicKey: undefined,
        jwksUrl: undefined,
        issuer: undefined,
        audience: undefined,
      },
      components: { kinds: undefined },
      vlab: {
        port: undefined,
        host: '127.0.0.1',
        certFile: undefined,
        keyFile: undefined,
        url: undefined,
        trustedProxies: undefined,
        keyUrl: undefined,
        jwksUrl: undefined,
        publicKey: undefined,
        secret: undefined,
        production: 'true',
        verifyToken: false,
        verifyTokenAway: 'refuse',
        applySeconds: 5,
      },
      rackhd: { port: undefined, host: '127.0.0.1', role: 'admin' },
      gateway: {
        controlPlaneUrl: 'http://127.0.0.1:8000',
        name: 'local',
        token: undefined,
        firewall: 'plan',
        recheckSeconds: 30,
        stateFile: undefined,
        metricsPort: undefined,
      },
      limits: { addressesPerRequest: 4096, requestRate: 0, requestBurst: undefined, eventSubscribers: 5000 },
      reservations: { expiryNoticeSeconds: 3600 },
      dnsUpdate: {
        ...{ key: undefined, keyName: 'DDNS_UPDATE', algorithm: 'hmac-sha512', zone: undefined, name: undefined },
        ...{ server: undefined, records: 'A', reverseZones: [], ttl: 300, device: undefined },
        ...{ lookSeconds: 5, repeatSeconds: 120 },
      },
      dns: { keys: undefined, checkSeconds: 600 },
      probe: {
        ...{ scope: 'maps', rate: 500, intervalSeconds: 300, sweepSeconds: 3600, timeoutMs: 2000, attempts: 3 },
      },
      flowLog: {
        ...{ source: 'off', target: 'nats', shape: 'berth', key: undefined, stream: 'BERTH_FLOWS', clients: 'yes' },
        ...{ spool: '/var/lib/berth/flow-log', spoolBytes: 512 * 1024 * 1024 },
      },
      usage: { days: 400 },
      history: { days: 1095 },
      capacity: { intervalSeconds: 5, sampleDays: 90 },
      webhooks: {
        allow: ['private'],
        timeoutSeconds: 10,
        retrySchedule: [5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000],
        disableDays: 5,
        deadLetterDays: 30,
        secretKey: undefined,
      },
      metrics: { access: 'reader' },
      log: { level: 'info', format: 'json' },
      up: { home: '.berth' },
    });
  });

  it('counts an empty variable as absent', () => {
    expect(parseConfig({ PORT: '', AUTH_SECRET: '', AUTH_SECRET_FILE: '' })).toEqual(parseConfig({}));
  });

  it('writes for people on a terminal', () => {
    expect(parseConfig({}, { terminal: true }).log.format).toBe('text');
    expect(parseConfig({ LOG_FORMAT: 'json' }, { terminal: true }).log.format).toBe('json');
  });

  it('is frozen, groups too', () => {
    const config = parseConfig({});
    expect(Object.isFrozen(config) && Object.values(config).every((group) => Object.isFrozen(group))).toBe(true);
  });

  it.each([
    ['PORT', ['-1', '65536', '80.5', '0x50', ' 80', '1e3', 'http']],
    ['DATABASE_POOL_SIZE', ['1', '1001', 'ten']],
    ['DATABASE_URL', ['mysql://127.0.0.1/berth', 'localhost:5432', 'postgres://']],
    ['NATS_URL', ['127.0.0.1:4222', 'nats://a:4222,http://b', 'nats://a:4222,']],
    ['NATS_STREAM', ['a.b', 'a b', '*', 'x'.repeat(33)]],
    ['HOST', ['127.0.0.1:8000', 'http://127.0.0.1', 'a b']],
    ['BODY_LIMIT', ['0', '1KB', '65MiB', '1 GiB', '-1']],
    ['AUTH', ['off', 'JWT']],
    ['AUTH_SECRET', ['short', 'x'.repeat(31)]],
    ['AUTH_PUBLIC_KEY', ['-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----']],
    ['AUTH_JWKS_URL', ['idp.example/keys', 'file:///etc/keys']],
    ['BERTH_CONTROL_PLANE_URL', ['127.0.0.1:8000', 'ftp://127.0.0.1']],
    ['BERTH_GATEWAY', ['a\nb', 'x'.repeat(201)]],
    ['BERTH_GATEWAY_TOKEN', ['not a token']],
    ['FIREWALL', ['apply', 'ufw']],
    ['FIREWALL_RECHECK_SECONDS', ['0', '3601']],
    ['WEBHOOKS_ALLOW', ['everything', 'private,', 'none,http']],
    ['WEBHOOKS_RETRY', ['5', '5s,', '0s', '8d', Array(21).fill('1s').join()]],
    ['LOG_LEVEL', ['trace', 'INFO']],
    ['LOG_FORMAT', ['xml']],
  ])('refuses a bad %s by its name', (name, values) => {
    for (const value of values) {
      expect([value, problemsOf({ [name]: value })]).toEqual([value, [expect.stringMatching(`^${name} must be `)]]);
    }
  });

  it('names every bad variable at once', () => {
    const problems = problemsOf({ PORT: 'x', LOG_LEVEL: 'y', AUTH_SECRET: 'short' });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['PORT', 'AUTH_SECRET', 'LOG_LEVEL']);
    expect(problems[0]).toBe('PORT must be a whole number from 0 to 65535, not "x".');
  });

  it('repeats neither a secret nor a password that was mistyped', () => {
    const problems = problemsOf({ AUTH_SECRET: 'hunter2', DATABASE_URL: 'postgre://berth:hunter2@db/berth' });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('reads sizes', () => {
    expect(['2048', '512KiB', '2 MiB'].map((text) => parseConfig({ BODY_LIMIT: text }).http.bodyLimit)).toEqual([
      2048, 524288, 2097152,
    ]);
  });

  it('takes several NATS servers', () => {
    expect(parseConfig({ NATS_URL: 'nats://u:p@a:4222, tls://b:4222' }).nats.url).toBe(
      'nats://u:p@a:4222,tls://b:4222',
    );
  });

  it.each(['0.0.0.0', '192.0.2.1', '::', '2001:db8::1', 'berth.example', '127.0.0.1.example'])(
    'refuses AUTH=none on %s',
    (HOST) => {
      expect(problemsOf({ AUTH: 'none', HOST })).toEqual([expect.stringContaining(`not ${HOST}`)]);
      expect(problemsOf({ AUTH: 'jwt', HOST })).toEqual([]);
    },
  );

  it.each(['127.0.0.1', '127.255.0.1', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])(
    'allows AUTH=none on %s',
    (HOST) => {
      expect(isLoopback(HOST)).toBe(true);
      expect(problemsOf({ AUTH: 'none', HOST })).toEqual([]);
    },
  );
});

describe('what asks, or is asked, over NATS', () => {
  const NATS_URL = 'nats://127.0.0.1:4222,nats://[::1]:4222';
  const afar = 'nats://127.0.0.1:4222,nats://nats.example:4222';

  it.each<[Environment, RegExp | undefined]>([
    [{ BUS_API: 'on' }, /BUS_API=on .*NATS_URL/],
    [{ HOOKS: 'pool.create' }, /HOOKS .*NATS_URL/],
    [{ BUS_API: 'on', HOOKS: '*.*', NATS_URL: afar }, undefined],
    [{ BUS_API: 'on', AUTH: 'none', NATS_URL }, undefined],
    [{ BUS_API: 'on', AUTH: 'none', NATS_URL: afar }, /AUTH=none .*loopback/],
    [{ AUTH: 'none', NATS_URL: afar }, undefined],
    [{ HOOKS: 'pool', NATS_URL }, /HOOKS must be entries such as .*not "pool"/],
  ])('%j', (environment, problem) => {
    expect(problemsOf(environment)).toEqual(problem === undefined ? [] : [expect.stringMatching(problem)]);
  });

  it('reads the entries of HOOKS', () => {
    expect(parseConfig({ NATS_URL, HOOKS: 'pool.create, port-map.*:allow' }).hooks.rules).toEqual([
      { noun: 'pool', verb: 'create' },
      { noun: 'port-map', verb: '*', onSilence: 'allow' },
    ]);
  });
});

describe('requireAuthKey', () => {
  const check = (environment: Environment) => () => requireAuthKey(parseConfig(environment));

  it('wants exactly one key for jwt, none for none', () => {
    expect(check({})).toThrow(/AUTH_JWKS_URL.*AUTH_PUBLIC_KEY.*AUTH_SECRET/);
    expect(check({ AUTH: 'none' })).not.toThrow();
    expect(check({ AUTH_SECRET: SECRET })).not.toThrow();
    expect(check({ AUTH_PUBLIC_KEY: PEM })).not.toThrow();
    expect(check({ AUTH_JWKS_URL: 'https://idp.example/keys' })).not.toThrow();
    expect(check({ AUTH_SECRET: SECRET, AUTH_PUBLIC_KEY: PEM })).toThrow(
      'Only one key may sign the tokens, but AUTH_SECRET and AUTH_PUBLIC_KEY are set; unset all but one.',
    );
  });
});

describe('*_FILE', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-config-'));
    file = join(folder, 'secret');
    await writeFile(file, `\n  ${SECRET}\n`, { mode: 0o600 });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('gives the content without surrounding white space', () => {
    expect(parseConfig({ AUTH_SECRET_FILE: file }).auth.secret).toBe(SECRET);
  });

  it('refuses both at once, a missing file, an empty one, a short one and a folder', async () => {
    expect(problemsOf({ AUTH_SECRET: SECRET, AUTH_SECRET_FILE: file })).toEqual([
      'AUTH_SECRET and AUTH_SECRET_FILE are both set; unset one.',
    ]);
    expect(problemsOf({ AUTH_SECRET_FILE: `${file}.not` })).toEqual([`AUTH_SECRET_FILE: ${file}.not does not exist.`]);
    expect(problemsOf({ AUTH_SECRET_FILE: folder })[0]).toContain(`${folder} cannot be read (EISDIR)`);
    await writeFile(file, 'hunter2');
    expect(problemsOf({ AUTH_SECRET_FILE: file })).toEqual(['AUTH_SECRET_FILE must be at least 32 bytes.']);
    await writeFile(file, '\n');
    expect(problemsOf({ AUTH_SECRET_FILE: file })).toEqual([`AUTH_SECRET_FILE: ${file} is empty.`]);
  });

  it.each([0o620, 0o602, 0o666])('refuses a file of mode %o, which others may write', async (mode) => {
    await chmod(file, mode);
    expect(problemsOf({ AUTH_SECRET_FILE: file })).toEqual([expect.stringContaining('chmod go-w')]);
  });
});
