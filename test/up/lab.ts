import { eventually } from '../support/eventually.js';
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../dist/src/main.js');

/** What the environment of the tests must not bring in; an empty variable counts as absent. */
const CLEAN = {
  NODE_OPTIONS: '',
  DATABASE_URL: '',
  NATS_URL: '',
  HOST: '',
  AUTH: '',
  AUTH_SECRET: '',
  AUTH_SECRET_FILE: '',
  LOG_LEVEL: '',
};

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A directory and a port of their own for `berth up`. */
export class Lab {
  private constructor(
    readonly folder: string,
    readonly port: number,
  ) {}

  static async create(mode = 0o755): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-up-'));
    await chmod(folder, mode);
    return new Lab(folder, await freePort());
  }

  get home(): string {
    return join(this.folder, '.berth');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts `berth up` as the leader of a process group, as a shell in a terminal does; `wrapper` goes before it. */
  up(environment: NodeJS.ProcessEnv = {}, wrapper: readonly string[] = []): UpProcess {
    const words = [...wrapper, process.execPath, MAIN, 'up'];
    const child = spawn(words[0] ?? '', words.slice(1), {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...CLEAN, BERTH_HOME: this.home, PORT: String(this.port), ...environment },
    });
    return new UpProcess(child);
  }

  async api(path: string, init: RequestInit = {}): Promise<Response> {
    const token = (await readFile(join(this.home, 'admin.token'), 'utf8')).trim();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return fetch(`${this.url}${path}`, { ...init, headers, signal: AbortSignal.timeout(5000) });
  }

  postgres(): { port: number; adminPassword: string; password: string } {
    return JSON.parse(readFileSync(join(this.home, 'postgres.json'), 'utf8')) as ReturnType<Lab['postgres']>;
  }

  /** Live processes that belong to this lab: they have its directory in their command line or environment. */
  processes(): { pid: number; command: string }[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({
        pid: Number(name),
        command: read(`/proc/${name}/cmdline`),
        environment: read(`/proc/${name}/environ`),
      }))
      .filter(
        ({ command, environment }) => command.includes(this.folder) || environment.includes(`BERTH_HOME=${this.home}`),
      )
      .map(({ pid, command }) => ({ pid, command: command.replaceAll('\0', ' ').trim() }));
  }

  part(name: 'serve' | 'gateway' | 'postgres'): number {
    const pattern = name === 'postgres' ? /postgres -D / : new RegExp(`main\\.js ${name}`);
    const found = this.processes().find(({ command }) => pattern.test(command));
    if (!found) throw new Error(`${name} is not running`);
    return found.pid;
  }

  async remove(): Promise<void> {
    for (const { pid, command } of this.processes()) {
      try {
        process.kill(pid, command.includes('postgres -D') ? 'SIGQUIT' : 'SIGKILL');
      } catch {
        // it has ended by itself
      }
    }
    await eventually('the end of all processes', () => this.processes().length === 0);
    if (existsSync(this.folder)) await rm(this.folder, { recursive: true });
  }
}

export class UpProcess {
  output = '';
  readonly exit: Promise<number | string>;

  constructor(readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.exit = once(child, 'close').then(([status, signal]) => (status ?? signal) as number | string);
  }

  async ready(): Promise<this> {
    await this.says(/is ready\./);
    return this;
  }

  async says(pattern: RegExp): Promise<void> {
    let ended = false;
    void this.exit.then(() => (ended = true));
    await eventually(`"${pattern.source}" in the output`, () => pattern.test(this.output) || ended, 60_000);
    if (!pattern.test(this.output)) throw new Error(`berth up ended without saying ${pattern.source}:\n${this.output}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** What Ctrl-C does: every process of the terminal's foreground group gets the signal. */
  interruptGroup(): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, 'SIGINT');
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
