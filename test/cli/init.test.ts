import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Lab } from './lab.js';

let lab: Lab;
let ann: string;
let bin: string;
beforeAll(async () => {
  lab = await Lab.create();
  ann = await lab.token({ sub: 'ann', role: 'member' });
  bin = join(lab.folder, 'my bin');
  await mkdir(bin);
  for (const name of ['ssh', 'scp', 'putty', 'firefox']) {
    await writeFile(join(bin, name), '#!/bin/sh\n');
    await chmod(join(bin, name), 0o755);
  }
  lab.env = { PATH: bin };
});
afterAll(() => lab.stop());

const file = (): string => join(lab.folder, '.vlab/config.ini');
const sections = async (): Promise<string> => readFile(file(), 'utf8');

it('vlab init logs in, finds programs and keeps both for their owner only', async () => {
  const { code, stdout, stderr } = await lab.vlab(['init', '--url', lab.url, '--token', ann]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Logged in to http:\S+ as ann \(member\)/);
  expect(stdout).toMatch(/^SSH +ssh +found +\S+my bin\/ssh$/m);
  expect(stdout).toMatch(/^RDP +- +not found +-$/m);
  expect(await sections()).toContain(`[BROWSER]\nagent = firefox\nlocation = ${bin}/firefox\n`);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect((await stat(join(file(), '..'))).mode & 0o777).toBe(0o700);
});

it('takes what is asked for, keeps what is there, and stays logged in', async () => {
  const { code, stdout } = await lab.vlab(['init', '--yes', '--ssh', 'putty', '--console', `vmrc=${bin}/putty`]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/as ann[^]*SSH +putty +asked for[^]*BROWSER +firefox +kept[^]*CONSOLE +vmrc +asked for/);
  expect(await lab.vlab(['init', '--ssh', 'securecrt'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^vlab: No program for SSH is installed\.\nLooked for SecureCRT[^]*vandyke/),
  });
  expect(await lab.vlab(['init', '--ssh', 'telnet'])).toMatchObject({ code: 2 });
});

it('repairs a damaged file, and keeps what could be read of it', async () => {
  await writeFile(file(), `[SSH]\nagent = putty\nlocation = ${bin}/putty\n[RDP\nagent`);
  const { code, stderr } = await lab.vlab(['init']);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /config\.ini was damaged \(line 4: .*\): it is written anew, and the old one is .*config\.ini\.old\./,
  );
  expect(await sections()).toContain(`[SSH]\nagent = putty\n`);
  expect(await readFile(`${file()}.old`, 'utf8')).toContain('[RDP\n');
});

it('asks for a token where there is nobody to ask: says how to give one', async () => {
  await lab.vlab(['logout']);
  expect(await lab.vlab(['init', '--url', lab.url])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('asks for a token.\nGive one: '),
  });
});

it('the words of the vlab before this one are understood in front of a command', async () => {
  const host = lab.url.replace('http://', '');
  const words = ['-o', '-s', '--vlab-url', lab.url, '--vlab-username', 'ANN', '--token', ann, 'show', 'portmap'];
  expect(await lab.vlab(words)).toEqual({ code: 0, stdout: '', stderr: 'There are no port maps to show.\n' });
  expect(await lab.vlab(['--vlab-username', 'bob', '--url', lab.url, '--token', ann, 'show'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^vlab: The token is that of "ann", not of "bob"\.\n/),
  });
  // https:// is put in front, and a plain port does not speak it.
  expect(await lab.vlab(['--vlab-url', host, '--token', ann, 'show'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`https://${host} cannot be reached`),
  });
});

it('uses the token that the vlab before this one kept for the URL, and for no other', async () => {
  await writeFile(
    join(lab.folder, '.vlab/token.json'),
    JSON.stringify({ version: 1, vlabs: { [lab.url]: { token: ann, key: 'k', algorithm: 'HS256' } } }),
  );
  expect(await lab.vlab(['--vlab-url', lab.url, 'pool', 'list'])).toMatchObject({ code: 0 });
  const other = lab.url.replace('127.0.0.1', 'localhost');
  expect(await lab.vlab(['--vlab-url', other, 'pool', 'list'])).toMatchObject({ code: 1 });
});
