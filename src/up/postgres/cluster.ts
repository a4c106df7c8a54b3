import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, Home } from '../home.js';
import { freePort } from '../port.js';
import type { Running } from '../supervisor.js';
import { Account, chooseAccount, Launch, launchAs } from './account.js';
import { Binaries, findBinaries } from './binaries.js';
import { stopLeftover } from './leftover.js';
import { isStarting, prepareDatabase } from './prepare.js';

/** What is remembered beside the data, in postgres.json (0600). */
export interface ClusterState {
  readonly port: number;
  /** Of the superuser `postgres`. */
  readonly adminPassword: string;
  /** Of the role `berth`, which owns the database `berth` and nothing else. */
  readonly password: string;
}

export interface Cluster extends Running {
  /** For the API: role `berth`, database `berth`. */
  readonly url: string;
  /** For tests: the superuser, without a database. */
  readonly adminUrl: string;
}

export interface ClusterOptions {
  /** `false` only for data that nobody will miss: tests. Default true: every commit is on the disk. */
  readonly durable?: boolean;
  /** How many sessions it takes. Default 100. */
  readonly connections?: number;
  readonly say?: (line: string) => void;
}

const DATA = 'postgres';
const STATE = 'postgres.json';
const LOG = 'postgres.log';
const START_MS = 120_000; // after a crash it first replays its log
const STOP_MS = 60_000;
const CARELESS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/** Starts a home's PostgreSQL, after making it when it is new, and resolves when it can be used. */
export async function startCluster(
  home: Home,
  { durable = true, connections = 100, say = () => undefined }: ClusterOptions = {},
): Promise<Cluster> {
  const binaries = findBinaries();
  const data = home.file(DATA);
  const account = chooseAccount(data, binaries.directory);
  let state = readState(home);
  if (existsSync(data)) requireUsable(home, binaries, account);
  else await initialise(home, binaries, account, state, durable);
  if (await stopLeftover(data)) say('stopped the PostgreSQL that an earlier berth up had left');
  state = { ...state, port: await freePort(state.port === 0 ? undefined : state.port) };
  home.writePrivate(STATE, `${JSON.stringify(state, undefined, 2)}\n`);

  const settings = [
    `port=${state.port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `max_connections=${connections}`,
    ...(durable ? [] : CARELESS),
  ];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const server = run(home, launchAs(account, binaries.postgres, args));
  try {
    await untilReady(home, server, state);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const at = (user: string, password: string): string => `postgres://${user}:${password}@127.0.0.1:${state.port}`;
  return { ...server, url: `${at('berth', state.password)}/berth`, adminUrl: at('postgres', state.adminPassword) };
}

/** Remembers before anything is made, so that a password is never lost while its data exist. */
function readState(home: Home): ClusterState {
  const text = home.read(STATE);
  if (text !== undefined) {
    try {
      return JSON.parse(text) as ClusterState;
    } catch (error) {
      throw new Error(
        `${home.file(STATE)} is damaged: restore it, or move ${home.file(DATA)} and it away to start empty.`,
        {
          cause: error,
        },
      );
    }
  }
  if (existsSync(home.file(DATA))) {
    throw new Error(
      `${home.file(STATE)}, which has the database's password, is missing: restore it, or move ${home.file(DATA)} away to start empty.`,
    );
  }
  const password = (): string => randomBytes(24).toString('base64url');
  const state = { port: 0, adminPassword: password(), password: password() };
  home.writePrivate(STATE, `${JSON.stringify(state, undefined, 2)}\n`);
  return state;
}

function requireUsable(home: Home, { major }: Binaries, account: Account | undefined): void {
  const data = home.file(DATA);
  const owner = statSync(data).uid;
  if (!account && owner !== process.getuid?.()) {
    throw new Error(
      `The data in ${data} belong to the user with id ${owner}: run berth up as that user or as root, or set BERTH_HOME.`,
    );
  }
  let found: string;
  try {
    found = readFileSync(`${data}/PG_VERSION`, 'utf8').trim();
  } catch (error) {
    throw new Error(`${data} is not a PostgreSQL data directory (${codeOf(error)}): move it away to start empty.`, {
      cause: error,
    });
  }
  if (Number(found) === major) return;
  throw new Error(
    `The data in ${data} were written by PostgreSQL ${found}, and this Berth has PostgreSQL ${major}: move them with pg_dump of ` +
      `version ${found}, or move ${data} and ${home.file(STATE)} away to start empty.`,
  );
}

/** initdb works beside the final place and the result is moved there at the end: half a cluster is never taken for one. */
async function initialise(
  home: Home,
  { initdb }: Binaries,
  account: Account | undefined,
  state: ClusterState,
  durable: boolean,
): Promise<void> {
  const draft = home.file(`${DATA}.new`);
  const passwordFile = home.file(`${DATA}.pw`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, `${state.adminPassword}\n`, { mode: 0o600 });
  if (account) for (const path of [draft, passwordFile]) chownSync(path, account.uid, account.gid);
  const options = ['--auth=scram-sha-256', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-instructions'];
  const args = ['-D', draft, `--pwfile=${passwordFile}`, ...options, ...(durable ? [] : ['--no-sync'])];
  try {
    const how = await run(home, launchAs(account, initdb, args)).ended;
    if (how !== 'exit status 0') {
      throw new Error(`PostgreSQL could not make its data in ${home.file(DATA)} (${how}): ${lastWords(home)}`);
    }
    renameSync(draft, home.file(DATA));
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

/** A session of its own: Ctrl-C in the terminal must not reach the server before `up` has stopped those who use it. */
function run(home: Home, { command, args, uid, gid }: Launch): Running {
  const log = openLog(home);
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    // Nothing of ours: a database's environment is no place for keys.
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(uid === undefined ? {} : { uid, gid }),
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (status, signal) => resolve(signal ?? `exit status ${status ?? '?'}`));
    child.once('error', (error) => resolve(error.message));
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGINT'); // "fast" shutdown: sessions are cut, everything committed is on disk
    const force = setTimeout(() => child.kill('SIGQUIT'), STOP_MS);
    await ended;
    clearTimeout(force);
  };
  // SIGQUIT is PostgreSQL's "immediate": its children end too, which SIGKILL would not see to.
  return { pid: child.pid ?? 0, ended, stop, kill: () => void child.kill('SIGQUIT') };
}

/** The log of this start; one older is kept. */
function openLog(home: Home): number {
  const path = home.file(LOG);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1024 * 1024) renameSync(path, `${path}.old`);
  const log = openSync(path, 'a', 0o600);
  home.give(path);
  return log;
}

async function untilReady(home: Home, server: Running, state: ClusterState): Promise<void> {
  let how: string | undefined;
  void server.ended.then((ended) => (how = ended));
  const deadline = Date.now() + START_MS;
  for (;;) {
    if (how !== undefined) throw new Error(`PostgreSQL did not start (${how}): ${lastWords(home)}`);
    try {
      await prepareDatabase(state);
      return;
    } catch (error) {
      if (!isStarting(error)) throw error;
      if (Date.now() > deadline) throw new Error(`PostgreSQL did not get ready: ${lastWords(home)}`, { cause: error });
    }
    await sleep(30);
  }
}

/** The most telling line at the end of the log, and where the rest is. */
function lastWords(home: Home): string {
  const lines = (home.read(LOG) ?? '').trim().split('\n').slice(-20);
  const telling = lines.findLast((line) => /FATAL|PANIC|ERROR|error:|could not/.test(line)) ?? lines.at(-1) ?? '';
  return `${telling.replace(/^.*?(FATAL|PANIC|ERROR|error): */, '').trim()} (more in ${home.file(LOG)})`;
}
