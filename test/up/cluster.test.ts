import { chownSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Home } from '../../src/up/home.js';
import { Cluster, startCluster } from '../../src/up/postgres/cluster.js';
import { Lab } from './lab.js';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

describe('the PostgreSQL of berth up', () => {
  let lab: Lab;
  const running: Cluster[] = [];
  beforeEach(async () => {
    lab = await Lab.create();
  });
  afterEach(async () => {
    for (const cluster of running.splice(0)) await cluster.stop();
    await lab.remove();
  });

  async function start(folder = lab.home, say?: (line: string) => void): Promise<Cluster> {
    const cluster = await startCluster(Home.open(folder), { ...(say ? { say } : {}) });
    running.push(cluster);
    return cluster;
  }
  async function ask(url: string, sql: string): Promise<unknown[][]> {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  }

  it('is durable, listens on loopback only, and its API role is no superuser but may install what Berth needs', async () => {
    const { url, adminUrl } = await start();
    expect(await ask(`${adminUrl}/postgres`, 'SHOW unix_socket_directories')).toEqual([['']]);
    expect(
      await ask(
        url,
        `SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('listen_addresses'),
                current_setting('server_encoding'), rolsuper
         FROM pg_roles WHERE rolname = current_user`,
      ),
    ).toEqual([['on', 'on', '127.0.0.1', 'UTF8', false]]);
    await ask(url, 'CREATE EXTENSION btree_gist');
    await expect(ask(url.replace(/:[^:@/]+@/, ':wrong@'), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect((await stat(join(lab.home, 'postgres.json'))).mode & 0o777).toBe(0o600);
  });

  it('keeps data, port and password over a stop', async () => {
    const first = await start();
    await ask(first.url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)');
    await first.stop();
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, 'SELECT n FROM kept')).toEqual([[7]]);
  });

  it('stops the server that was left on its data, and no other process that has its old pid', async () => {
    const first = await start();
    const said: string[] = [];
    const second = await start(lab.home, (line) => said.push(line));
    expect(await first.ended).toBe('exit status 0');
    expect(said).toEqual(['stopped the PostgreSQL that an earlier berth up had left']);
    await second.stop();
    await writeFile(join(lab.home, 'postgres/postmaster.pid'), `${process.pid}\n${lab.home}/postgres\n`);
    const third = await start();
    expect(await ask(third.url, 'SELECT 1')).toEqual([[1]]);
  });

  it('starts after a kill -9 of the server, with all that was committed', async () => {
    const first = await start();
    await ask(first.url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)');
    process.kill(first.pid, 'SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    await expectEventually(async () => expect(await ask((await start()).url, 'SELECT n FROM kept')).toEqual([[7]]));
  });

  it('does not take a half-made cluster for one', async () => {
    await mkdir(join(lab.home, 'postgres.new/base'), { recursive: true });
    expect(await ask((await start()).url, 'SELECT 1')).toEqual([[1]]);
  });

  it('says what to do about data of another PostgreSQL, a lost password file, or a directory that is something else', async () => {
    const cluster = await start();
    await cluster.stop();
    const version = join(lab.home, 'postgres/PG_VERSION');
    await writeFile(version, '17\n');
    await expect(start()).rejects.toThrow(/were written by PostgreSQL 17, and this Berth has PostgreSQL 18: .*pg_dump/);
    await rm(version);
    await expect(start()).rejects.toThrow(/is not a PostgreSQL data directory \(ENOENT\): move it away/);
    const state = await readFile(join(lab.home, 'postgres.json'), 'utf8');
    await writeFile(join(lab.home, 'postgres.json'), state.slice(0, 20));
    await expect(start()).rejects.toThrow(/postgres\.json is damaged: restore it/);
    await rm(join(lab.home, 'postgres.json'));
    await expect(start()).rejects.toThrow(/postgres\.json, which has the database's password, is missing: restore it/);
  });

  it('says what initdb had to say, and tries again the next time', async () => {
    const up = lab.up({}, ['prlimit', '--fsize=1000000', '--']); // as on a full disk: no file may grow beyond 1 MB
    expect(await up.exit).toBe(1);
    expect(up.output).toMatch(
      /^berth: PostgreSQL could not make its data in .*\.berth\/postgres \(.+\): .+ \(more in .*postgres\.log\)\n$/,
    );
    expect(await ask((await start()).url, 'SELECT 1')).toEqual([[1]]);
  });

  (isRoot ? describe : describe.skip)('started by root', () => {
    it('runs as another user below a directory that only root may enter', async () => {
      const closed = join(lab.folder, 'closed');
      await mkdir(closed, { mode: 0o700 });
      const cluster = await start(join(closed, '.berth'));
      expect(await ask(cluster.url, 'SELECT 1')).toEqual([[1]]);
      const status = await readFile(`/proc/${cluster.pid}/status`, 'utf8');
      expect(status).not.toMatch(/^Uid:\s+0\s/m);
      expect(status).toMatch(/^CapEff:\s+000000000000000[24]$/m); // the one capability, and no other
    });

    it('runs with no capability where none is needed', async () => {
      const cluster = await start();
      const reachable = !/^CapEff:\s+0{15}[24]$/m.test(await readFile(`/proc/${cluster.pid}/status`, 'utf8'));
      const open = await everybodyMayEnter(join(import.meta.dirname, '../../node_modules'));
      expect(reachable).toBe(open);
    });

    it("runs as the owner of existing data, so that a user's lab stays the user's after one start by root", async () => {
      chownSync(lab.folder, NOBODY, NOBODY);
      // An ordinary user who may read the checkout, wherever it is.
      const asNobody = [
        'setpriv',
        '--securebits',
        '+no_setuid_fixup',
        '--reuid',
        String(NOBODY),
        '--regid',
        String(NOBODY),
      ];
      const reading = ['--clear-groups', '--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search', '--'];
      const wrapper = [...asNobody, ...reading];
      const first = await lab.up({}, wrapper).ready();
      first.interruptGroup();
      expect(await first.exit).toBe(0);
      const cluster = await start();
      expect(await readFile(`/proc/${cluster.pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\s+${NOBODY}\\s`, 'm'));
      await cluster.stop();
      const again = await lab.up({}, wrapper).ready();
      again.interruptGroup();
      expect(await again.exit).toBe(0);
    });
  });
});

async function everybodyMayEnter(path: string): Promise<boolean> {
  for (let at = path; at !== '/'; at = join(at, '..')) if (((await stat(at)).mode & 0o001) === 0) return false;
  return true;
}

/** After kill -9 the server's children need a moment to see that it is gone; until then the data are "in use". */
async function expectEventually(attempt: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
