import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { Lab } from './lab.js';

let lab: Lab;
let ann: string;
beforeAll(async () => {
  lab = await Lab.create();
  ann = await lab.token({ sub: 'ann', role: 'member' });
});
afterAll(() => lab.stop());
beforeEach(async () => {
  lab.env = {};
  await lab.vlab(['logout']);
});

const kept = (): string => join(lab.folder, '.config/berth/cli.json');

describe('vlab login', () => {
  it('checks a token, says whose it is, and keeps it for its owner only', async () => {
    const { code, stdout, stderr } = await lab.vlab(['login', '--url', lab.url, '--token', ann]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Logged in to http:\/\/127\.0\.0\.1:[0-9]+ as ann \(member\), until 20/);
    expect(stdout).not.toContain(ann);
    expect((await stat(kept())).mode & 0o777).toBe(0o600);
    expect((await stat(join(kept(), '..'))).mode & 0o777).toBe(0o700);
    expect(await lab.vlab(['pool', 'list'])).toMatchObject({ code: 0, stderr: 'There are no pools to show.\n' });
    expect((await lab.vlab(['status'])).stdout).toContain('ann (member, until ');
  });

  it('takes the token from a file', async () => {
    const file = join(lab.folder, 'token');
    await writeFile(file, `${ann}\n`, { mode: 0o600 });
    expect(await lab.vlab(['login', '--url', lab.url, '--token-file', file])).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(kept(), 'utf8'))).toEqual({ url: lab.url, token: ann });
  });

  it('takes the token from standard input, and the URL from the environment', async () => {
    expect(await lab.vlab(['login'], { input: `${ann}\n`, env: { BERTH_URL: lab.url } })).toMatchObject({ code: 0 });
    expect(await lab.vlab(['pool', 'list'])).toMatchObject({ code: 0 });
  });

  it('keeps to XDG_CONFIG_HOME', async () => {
    const env = { XDG_CONFIG_HOME: join(lab.folder, 'xdg') };
    expect(await lab.vlab(['login', '--url', lab.url, '--token', ann], { env })).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(join(lab.folder, 'xdg/berth/cli.json'), 'utf8'))).toHaveProperty('token', ann);
    await expect(stat(kept())).rejects.toThrow('ENOENT');
  });

  it('keeps nothing of a token that is expired, forged, or none', async () => {
    const expired = await lab.token({ sub: 'ann', role: 'member', exp: Math.floor(Date.now() / 1000) - 60 });
    const [head = '', payload = ''] = ann.split('.');
    for (const token of [expired, `${head}.${payload}.AAAA`]) {
      const { code, stderr } = await lab.vlab(['login', '--url', lab.url, '--token', token]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/does not accept this token.*\n"berth token"/);
    }
    expect(await lab.vlab(['login', '--url', lab.url])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^vlab: http\S+ asks for a token\.\nGive one: vlab login --token-file/),
    });
    expect(await lab.vlab(['login', '--url', lab.url, '--token', 'secret'])).toMatchObject({ code: 2 });
    await expect(stat(kept())).rejects.toThrow('ENOENT');
  });

  it('is undone by logout', async () => {
    await lab.vlab(['login', '--url', lab.url, '--token', ann]);
    expect(await lab.vlab(['logout'])).toMatchObject({ code: 0, stdout: 'Logged out.\n' });
    expect(await lab.vlab(['logout'])).toMatchObject({ code: 0, stdout: 'Nobody was logged in.\n' });
    expect(await lab.vlab(['pool', 'list', '--url', lab.url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Log in: vlab login'),
    });
  });

  it('never gives a kept token to another URL', async () => {
    await lab.vlab(['login', '--url', lab.url, '--token', ann]);
    const other = lab.url.replace('127.0.0.1', 'localhost');
    expect(await lab.vlab(['pool', 'list', '--url', other])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Log in'),
    });
    expect(await lab.vlab(['pool', 'list', '--url', other, '--token', ann])).toMatchObject({ code: 0 });
  });

  it('says that its file is damaged, unless nothing of it is needed', async () => {
    await mkdir(join(kept(), '..'), { recursive: true });
    await writeFile(kept(), '{');
    expect(await lab.vlab(['pool', 'list'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is damaged: run vlab login'),
    });
    expect(await lab.vlab(['pool', 'list', '--url', lab.url, '--token', ann])).toMatchObject({ code: 0 });
  });
});

describe('a Berth that asks for no token', () => {
  let open: Api;
  beforeAll(async () => {
    open = await Api.start({ auth: 'none' });
  });
  afterAll(() => open.close());

  it('needs no login, and login says so', async () => {
    expect(await lab.vlab(['pool', 'list', '--url', open.url])).toMatchObject({ code: 0 });
    expect(await lab.vlab(['login', '--url', open.url])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('asks for no token'),
    });
    expect(JSON.parse(await readFile(kept(), 'utf8'))).toEqual({ url: open.url });
  });
});

describe('what goes wrong', () => {
  it('is told in one sentence with what to do, and its exit code', async () => {
    lab.env = { BERTH_URL: lab.url, BERTH_TOKEN: ann };
    const cases: [string[], number, RegExp][] = [
      [['craete'], 2, /unknown command 'craete'\n\(Did you mean create\?\)/],
      [['pool', 'lst'], 2, /Did you mean list\?/],
      [['create', 'windows'], 2, /required option '-n, --name <name>' not specified/],
      [['create', 'windows', '--name', 'a', '--port', '65536'], 2, /from 1 to 65535/],
      [['create', 'windows', '--name', 'a', '--metadata', '{'], 2, /It must be JSON/],
      [['create', 'windows', '--name', ''], 1, /^vlab: name: must not be empty\n$/],
      [['create', 'windows', '--name', 'x'.repeat(10_000)], 1, /^vlab: .*at most 255 characters/],
      [['pool', 'create', '--name', 'a'], 1, /^vlab: The role member may not do this\.\n$/],
      [['pool', 'show', 'nothing'], 3, /^vlab: There is no pool "nothing"\.\n$/],
      [['pool', 'show', '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f'], 3, /^vlab: There is no pool/],
      [['delete', 'windows', '--name', '..'], 3, /^vlab: There is no component "\.\."\.\n$/],
      [['show', 'cats'], 2, /"cats" is nothing that can be shown: choose components, /],
      [['show', 'pools', '--owner', 'ann'], 2, /--owner does not go with pools/],
      [['subnet', 'create', '--pool', 'a'], 2, /Give either a network, or --start and --end/],
      [['pool', 'list', '--url', 'ftp://x'], 2, /must be like http/],
      [['pool', 'list', '--url', 'http://u:p@x'], 2, /must not hold a user/],
      [['pool', 'list', '--token-file', '/nowhere'], 1, /--token-file: \/nowhere does not exist/],
    ];
    for (const [args, code, message] of cases) {
      const output = await lab.vlab(args);
      expect([args, output]).toEqual([args, { code, stdout: '', stderr: expect.stringMatching(message) }]);
    }
  });

  it('never shows the token, not even with --verbose', async () => {
    lab.env = { BERTH_URL: lab.url, BERTH_TOKEN: ann };
    const { code, stderr } = await lab.vlab(['pool', 'list', '--verbose']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^GET \/pools: 200 \([0-9]+ ms\)\n/);
    expect(stderr).not.toContain(ann.split('.')[1] ?? '');
  });

  it('is told of every bad field', async () => {
    lab.env = { BERTH_URL: lab.url, BERTH_TOKEN: await lab.token({ sub: 'root', role: 'admin' }) };
    const { code, stderr } = await lab.vlab([
      'gateway',
      'create',
      '--name',
      'g',
      '--external-address',
      'x',
      '--network',
      'y',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ {2}externalAddress: must be an IPv4 or IPv6 address/m);
    expect(stderr).toMatch(/^ {2}networks: /m);
  });
});
