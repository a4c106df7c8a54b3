import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DesiredState, GatewayMode, ObservedMap } from '../../src/contract/desired-state.js';
import { Api, type ApiOptions } from '../support/api.js';

const MAIN = join(import.meta.dirname, '../../dist/src/cli/main.js');

export interface Output {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  env?: NodeJS.ProcessEnv;
}

/** A real API on a real database, and a home folder for the command line. */
export class Lab {
  private readonly children: ChildProcess[] = [];
  private readonly undo: (() => Promise<void>)[] = [];
  /** What every command gets; tests that log in for themselves take it away. */
  env: NodeJS.ProcessEnv = {};

  private constructor(
    readonly folder: string,
    private api: Api,
  ) {}

  static async create(options: ApiOptions = {}): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-cli-'));
    const lab = new Lab(folder, await Api.start(options));
    lab.env = { BERTH_URL: lab.url, BERTH_TOKEN: lab.api.admin };
    return lab;
  }

  get url(): string {
    return this.api.url;
  }

  async stopApi(): Promise<void> {
    await this.api.end('SIGTERM');
  }

  /** Starts the API again, at the same port, on the same database. */
  async startApi(): Promise<void> {
    const { database, secret, url } = this.api;
    const again = await Api.start({ database, secret, env: { PORT: new URL(url).port } });
    // The first one knows how to drop the database.
    const first = this.api;
    this.api = again;
    this.undo.push(() => first.close());
  }

  token(claims: { sub: string; role: string; gateway?: string; exp?: number }): Promise<string> {
    return this.api.token(claims);
  }

  /** Starts `vlab`. Its environment holds nothing of the machine's but the PATH. */
  start(args: readonly string[], { env = this.env }: RunOptions = {}): ChildProcess {
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: 'pipe',
      env: { PATH: process.env['PATH'], HOME: this.folder, ...env },
    });
    this.children.push(child);
    return child;
  }

  /** Runs `vlab` to its end. */
  async vlab(args: readonly string[], options: RunOptions = {}): Promise<Output> {
    const child = this.start(args, options);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  /** The same for a command that must do: its standard output. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.vlab(args);
    if (code !== 0) throw new Error(`vlab ${args.join(' ')} failed with ${code}: ${stderr}`);
    return stdout;
  }

  /** What `--json` of a command gives. */
  async json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '--json')) as T;
  }

  /** A pool with a subnet, and a gateway that takes from it. */
  async furnish(): Promise<void> {
    await this.ok('pool', 'create', '--name', 'lab');
    await this.ok('subnet', 'create', '--pool', 'lab', '10.20.0.0/24', '--name', 'machines');
    await this.ok(
      ...['gateway', 'create', '--name', 'gw1', '--external-address', '192.0.2.10'],
      ...['--pool', 'lab', '--network', '10.20.0.0/16'],
    );
  }

  async stop(): Promise<void> {
    for (const child of this.children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await this.api.close();
    for (const undo of this.undo) await undo();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Plays a gateway through its contract: takes the desired state and reports on it. */
export class PlayedGateway {
  private readonly stopped = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly lab: Lab,
    private readonly name = 'gw1',
  ) {}

  /** One look and one report. */
  async report(mode: GatewayMode = 'apply', standing?: Partial<ObservedMap>): Promise<void> {
    await this.look(mode, standing, '');
  }

  /** Looks and reports for as long as it runs, as an agent does. */
  run(): this {
    this.running = this.loop().catch((error: unknown) => {
      if (!this.stopped.signal.aborted) throw error;
    });
    return this;
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  private async loop(): Promise<void> {
    let after: number | undefined;
    while (!this.stopped.signal.aborted) {
      const query = after === undefined ? '' : `?after=${after}&wait=20`;
      after = (await this.look('apply', undefined, query)) ?? after;
    }
  }

  private async look(
    mode: GatewayMode,
    standing: Partial<ObservedMap> | undefined,
    query: string,
  ): Promise<number | undefined> {
    const base = `${this.lab.url}/gateways/${this.name}`;
    const token = await this.lab.token({ sub: this.name, role: 'gateway', gateway: this.name });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const { signal } = this.stopped;
    const answer = await fetch(`${base}/desired-state${query}`, { headers, signal });
    if (answer.status === 204) return undefined;
    const { generation, maps, removing } = (await answer.json()) as DesiredState;
    const seen = mode === 'plan' ? { status: 'pending', reason: 'it only plans' } : { status: 'active', reason: null };
    const body = JSON.stringify({
      generation,
      mode,
      maps: maps.map(({ id, ruleId }) => ({ id, ruleId, ...seen, ...standing })),
      gone: removing.map(({ id }) => id),
    });
    const told = await fetch(`${base}/status`, { method: 'PUT', headers, body, signal });
    if (told.status !== 204) throw new Error(`the report was refused: ${await told.text()}`);
    return generation;
  }
}
