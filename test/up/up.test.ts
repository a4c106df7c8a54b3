import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Lab } from './lab.js';
import { eventually } from '../support/eventually.js';

/** The real `berth up` from dist: PostgreSQL, API and gateway as processes, in a directory and on ports of their own. */
describe('berth up', () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.create();
  });
  afterEach(() => lab.remove());

  async function makePool(name: string): Promise<void> {
    const answer = await lab.api('/pools', { method: 'POST', body: JSON.stringify({ name }) });
    expect([answer.status, name]).toEqual([201, name]);
  }
  async function poolNames(): Promise<unknown[]> {
    const answer = await lab.api('/pools');
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { pools: { name: string }[] }).pools.map(({ name }) => name);
  }

  it('is ready with an API, a token, a gateway resource and one screen; Ctrl-C leaves no process, the next start has the data', async () => {
    const up = await lab.up().ready();
    const screen = up.output;
    expect(screen).toContain(lab.url);
    expect(screen).toContain(`${lab.url}/docs`);
    expect(screen).toContain('.berth/admin.token');
    expect(screen).toContain('Ctrl-C');
    expect(screen.split('\n').length).toBeLessThan(30);

    expect((await fetch(`${lab.url}/pools`)).status).toBe(401);
    const gateways = (await (await lab.api('/gateways?name=local')).json()) as { gateways: unknown[] };
    expect(gateways.gateways).toEqual([expect.objectContaining({ name: 'local', externalAddress: '127.0.0.1' })]);
    for (const file of ['admin.token', 'gateway.token', 'auth-secret', 'postgres.json']) {
      expect([file, (await stat(join(lab.home, file))).mode & 0o777]).toEqual([file, 0o600]);
    }

    await makePool('kept');
    up.interruptGroup();
    expect(await up.exit).toBe(0);
    expect(lab.processes()).toEqual([]);
    // in order: had the database gone first, it would have cut sessions
    expect(await readFile(join(lab.home, 'postgres.log'), 'utf8')).not.toMatch(/FATAL: {2}terminating connection/);

    const first = await lab.up().ready();
    expect(await poolNames()).toContain('kept');
    expect(((await (await lab.api('/gateways')).json()) as { gateways: unknown[] }).gateways).toHaveLength(1);
    // and it is the only one: a second in the same directory is refused, and the first goes on
    const second = lab.up({ PORT: '0' });
    expect(await second.exit).toBe(1);
    expect(second.output).toBe(
      `berth: berth up already runs in ${lab.home} (process ${first.child.pid ?? 0}): use that one, stop it with ` +
        `kill ${first.child.pid ?? 0}, or set BERTH_HOME and PORT to run another.\n`,
    );
    expect((await lab.api('/pools')).status).toBe(200);
  });

  it('says who has the port, and starts nothing', async () => {
    const squatter = createServer().listen(lab.port, '127.0.0.1');
    await once(squatter, 'listening');
    const up = lab.up();
    expect(await up.exit).toBe(1);
    expect(up.output).toMatch(
      new RegExp(
        `^berth: Port ${lab.port} on 127.0.0.1 is taken by process ${process.pid} \\(.*\\): stop that, or choose another`,
      ),
    );
    expect(up.output.trim().split('\n')).toHaveLength(1);
    expect(lab.processes()).toEqual([]);
    squatter.close();
  });

  it('leaves no API and no gateway when it is killed with -9, and the next start works on the same data', async () => {
    const first = await lab.up().ready();
    await makePool('survivor');
    first.signal('SIGKILL');
    await first.exit;
    await eventually('the end of API and gateway', () =>
      lab.processes().every(({ command }) => !command.includes('main.js')),
    );
    const orphan = lab.part('postgres');

    const second = await lab.up().ready();
    expect(second.output).toContain('stopped the PostgreSQL that an earlier berth up had left');
    expect(lab.part('postgres')).not.toBe(orphan);
    expect(await poolNames()).toContain('survivor');
    second.interruptGroup();
    expect(await second.exit).toBe(0);
    expect(lab.processes()).toEqual([]);
  });

  it('starts each part again when it is killed, and says so; the second signal ends all at once', async () => {
    const up = await lab.up().ready();
    await makePool('before');
    for (const part of ['serve', 'gateway', 'postgres'] as const) {
      const before = lab.part(part);
      const said = up.output.length;
      const says = (pattern: RegExp): Promise<unknown> =>
        eventually(`"${pattern.source}" of ${part}`, () => pattern.test(up.output.slice(said)), 60_000);
      process.kill(before, 'SIGKILL');
      await says(/ended by itself \(SIGKILL\); it starts again in 0\.5 s/);
      await says(/runs again/);
      expect(lab.part(part)).not.toBe(before);
      await eventually('an answer with the data', async () => (await poolNames()).includes('before'));
    }

    process.kill(lab.part('gateway'), 'SIGSTOP'); // it will not stop when asked
    up.signal('SIGINT');
    up.signal('SIGTERM');
    expect([0, 130, 143]).toContain(await up.exit);
    await eventually('the end of all', () => lab.processes().length === 0);
  }, 120_000);

  it('can be stopped while it starts', async () => {
    const up = lab.up();
    await eventually('the beginning of the start', () => lab.postgres());
    up.interruptGroup();
    expect(await up.exit).toBe(0);
    expect(up.output).not.toContain('is ready');
    expect(lab.processes()).toEqual([]);
  });

  it('refuses data of a newer Berth with one sentence', async () => {
    const first = await lab.up().ready();
    const { port, password } = lab.postgres();
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'berth', password, database: 'berth' });
    await client.connect();
    await client.query(`INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')`);
    await client.end();
    first.signal('SIGINT');
    expect(await first.exit).toBe(0);

    const second = lab.up();
    expect(await second.exit).toBe(1);
    expect(
      second.output
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('berth: ')),
    ).toEqual([expect.stringMatching(/newer/)]);
    expect(lab.processes()).toEqual([]);
  });

  it('says what to do when its home is not a directory', async () => {
    await writeFile(lab.home, '');
    const up = lab.up();
    expect(await up.exit).toBe(1);
    expect(up.output).toMatch(/^berth: .*\.berth cannot be written \(\w+\): .*BERTH_HOME to another directory\.\n$/);
  });
});
