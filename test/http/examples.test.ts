import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { Api } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { NatsServer } from './nats-server.js';

const PROJECT = join(import.meta.dirname, '../..');
const EXAMPLES = join(PROJECT, 'docs/examples');

/** What a program wrote so far. */
interface Run {
  child: ChildProcess;
  out: string;
}

describe('the examples of docs/bus.md', () => {
  let nats: NatsServer;
  let api: Api;
  let folder: string;
  const runs: Run[] = [];

  beforeAll(async () => {
    nats = await NatsServer.prepare();
    await nats.start();
    api = await Api.start({ env: { NATS_URL: nats.url, BUS_API: 'on', HOOKS: '*.create,*.update' } });
    // below the project, where the packages are found
    const caches = join(PROJECT, 'node_modules/.cache');
    await mkdir(caches, { recursive: true });
    folder = await mkdtemp(join(caches, 'examples-'));
  });
  afterAll(async () => {
    for (const { child } of runs) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    await api.close();
    await nats.remove();
  });

  /** Runs an example as it stands in the documentation. */
  async function run(name: string, args: string[] = [], env: Record<string, string> = {}): Promise<Run> {
    let file = join(EXAMPLES, name);
    if (name.endsWith('.ts')) {
      const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
      const { outputText } = ts.transpileModule(await readFile(file, 'utf8'), { compilerOptions: options });
      file = join(folder, name.replace(/ts$/, 'mjs'));
      await writeFile(file, outputText);
    }
    const child = spawn(process.execPath, [file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], NATS_URL: nats.url, ...env },
    });
    const started = { child, out: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (started.out += text));
    }
    runs.push(started);
    return started;
  }

  it('refuse-names.mjs lets good names through and refuses others with its reason', async () => {
    const hook = await run('refuse-names.mjs');
    await eventually('the hook', () => hook.out.includes('ready'));
    const refused = await eventually('a refusal', async () => {
      const answer = await api.post('/pools', { name: 'No Good' });
      return answer.status === 422 ? answer : undefined;
    });
    expect(refused.body).toMatchObject({
      code: 'hook-refused',
      detail: expect.stringContaining('"No Good" is no name'),
    });
    const pool = await api.make('/pools', { name: 'good' });
    expect((await api.patch(`/pools/${pool.id}`, { name: 'Bad' })).body.code).toBe('hook-refused');
    expect((await api.patch(`/pools/${pool.id}`, { tags: ['x'] })).status).toBe(200);
    await api.make('/pools', {});
    expect(hook.out).toContain('refused pool.create of root');
  });

  it('requester.ts and consumer.ts: who asks has his addresses, and who listens hears of them', async () => {
    const { id: pool } = await api.make('/pools', { name: 'bus' });
    await api.make(`/pools/${pool}/subnets`, { start: '10.1.0.1', end: '10.1.0.9' });
    await eventually('the stream', async () => (await nats.count()) > 0);
    const consumer = await run('consumer.ts');
    const ask = async (input: object, token = api.admin): Promise<[number | null, string]> => {
      const args = ['reservation.create', JSON.stringify(input)];
      const requester = await run('requester.ts', args, { BERTH_TOKEN: token });
      const [code] = (await once(requester.child, 'close')) as [number | null];
      return [code, requester.out];
    };
    const [code, out] = await ask({ pool, name: 'web' });
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ name: 'web', pool })]);
    await eventually('the event', () => consumer.out.includes('ipam.lease.created.v1 10.1.0.1 by root'));
    expect(await ask({ pool, name: 'NO' })).toEqual([1, expect.stringContaining('422 hook-refused: "NO" is no name')]);
    expect(await ask({ pool }, 'none')).toEqual([1, expect.stringContaining('401 unauthenticated')]);
  });

  it.each(['consumer.ts', 'requester.ts', 'refuse-names.mjs', 'consumer.py', 'requester.py'])(
    '%s has 20 lines at most',
    async (name) => {
      const text = await readFile(join(EXAMPLES, name), 'utf8');
      expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
    },
  );
});
