import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { Lab } from '../cli/lab.js';
import { eventually } from '../support/eventually.js';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The receiver of docs/webhooks.md as it stands there, and `vlab webhook` against it. */
describe('the receiver of docs/webhooks.md, and vlab webhook', () => {
  let lab: Lab;
  let folder: string;
  let port: number;
  let child: ChildProcess | undefined;
  let said = '';

  beforeAll(async () => {
    lab = await Lab.create({ env: { WEBHOOKS_ALLOW: 'http,loopback', WEBHOOKS_RETRY: '100ms' } });
    folder = await mkdtemp(join(tmpdir(), 'berth-receiver-'));
    port = await freePort();
    const text = await readFile(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8');
    const code = /```ts\n([^]*?)```/.exec(text)?.[1] ?? '';
    expect(code.trim().split('\n').length).toBeLessThan(25);
    const { ESNext } = ts.ModuleKind;
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { module: ESNext, target: ts.ScriptTarget.ES2022 },
    });
    await writeFile(join(folder, 'receiver.mjs'), outputText);
  });
  afterAll(async () => {
    child?.kill();
    await rm(folder, { recursive: true });
    await lab.stop();
  });

  async function receive(secret: string): Promise<void> {
    if (child !== undefined) {
      const exit = once(child, 'exit');
      child.kill();
      await exit;
    }
    const env = { PATH: process.env['PATH'], WEBHOOK_SECRET: secret, PORT: String(port) };
    const started = spawn(process.execPath, [join(folder, 'receiver.mjs')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    said = '';
    started.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await eventually('ready', () => said.includes('ready'));
  }

  it('takes what is signed, refuses what is not; dead letters are shown, replayed and forgotten', async () => {
    const url = `http://127.0.0.1:${port}/`;
    const made = await lab.json<{ secret: string }>(
      ...['webhook', 'create', '--name', 'w', '--to', url, '--type', 'ipam.pool.*'],
    );
    expect((await lab.vlab(['webhook', 'test', 'w'])).code).toBe(1); // nobody listens
    await receive('whsec_d3Jvbmc=');
    expect(await lab.vlab(['webhook', 'test', 'w'])).toMatchObject({ code: 1, stderr: expect.stringContaining('401') });
    await lab.ok('pool', 'create', '--name', 'one');
    const listed = await eventually('a dead letter', async () => {
      const text = await lab.ok('webhook', 'dead-letters', 'w');
      return text.includes('ipam.pool.created') && text;
    });
    expect(listed).toMatch(/^EVENT +TYPE +SUBJECT +ATTEMPTS +DEAD +ERROR\n.* 2 .*the receiver answered 401\n$/);
    await receive(made.secret);
    expect(await lab.ok('webhook', 'test', 'w')).toMatch(/^The receiver answered 204 after \d+ ms\.\n$/);
    expect(await lab.ok('webhook', 'replay', 'w')).toBe('1 dead letter is sent again.\n');
    await eventually('the event', () => /\d{16} ipam\.pool\.created\.v1 pools\//.test(said));
    expect(await lab.ok('webhook', 'forget', 'w')).toBe('Deleted 0 dead letters.\n');
    // the old secret is good for a while, then not at all
    await lab.ok('webhook', 'rotate', 'w');
    await lab.ok('webhook', 'test', 'w');
    await lab.ok('webhook', 'rotate', 'w', '--no-overlap');
    expect((await lab.vlab(['webhook', 'test', 'w'])).code).toBe(1);
    await lab.ok('webhook', 'update', 'w', '--disable', '--type', 'ipam.lease.*');
    expect(await lab.ok('webhook', 'list')).toMatch(/\nw +http:.* ipam\.lease\.\* +disabled /);
    expect((await lab.vlab(['webhook', 'update', 'w', '--enable', '--disable'])).code).toBe(2);
    expect(await lab.ok('webhook', 'delete', 'w')).toBe('Deleted webhook "w".\n');
    expect((await lab.vlab(['webhook', 'replay', 'w'])).code).toBe(3);
  });
});
