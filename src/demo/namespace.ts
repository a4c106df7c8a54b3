import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { environment } from '../platform/config/environment.js';

export interface Output {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; `input` goes to its standard input. */
export function run(
  command: string,
  args: readonly string[],
  input = '',
  env: NodeJS.ProcessEnv = environment(),
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe', env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(input);
  });
}

async function must(command: string, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, input);
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} failed with ${code}: ${stderr}`);
  return stdout;
}

/**
 * The reason why network namespaces cannot be made here, or undefined. Tests that need them fail with it; only
 * BERTH_TEST_NO_ROOT=1 lets them be left out.
 */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root: run the tests as root (sudo make test)';
  return undefined;
}

/** A Linux network namespace of its own, with its own interfaces, rules and connection table. */
export class Namespace {
  private readonly processes: ChildProcess[] = [];

  private constructor(readonly name: string) {}

  /** `role` is for people who look; the rest of the name is random. */
  static async create(role: string): Promise<Namespace> {
    const reason = whyNoNamespaces();
    if (reason !== undefined) throw new Error(reason);
    const name = `berth-${role}-${randomBytes(4).toString('hex')}`;
    await must('ip', ['netns', 'add', name]);
    const namespace = new Namespace(name);
    await namespace.exec(['ip', 'link', 'set', 'lo', 'up']);
    return namespace;
  }

  /** Runs a program inside; throws when it fails. */
  exec(command: readonly string[], input?: string): Promise<string> {
    return must('ip', ['netns', 'exec', this.name, ...command], input);
  }

  /** Runs a program inside, whatever comes of it. */
  run(command: readonly string[], input?: string): Promise<Output> {
    return run('ip', ['netns', 'exec', this.name, ...command], input);
  }

  /** Starts a program inside that lives until it ends, is ended, or the namespace is removed. */
  start(command: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name, ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...environment(), ...env },
    });
    this.processes.push(child);
    return child;
  }

  /** A pair of interfaces between this namespace and another, each with its address (with prefix length). */
  async link(other: Namespace, here: { name: string; addresses: string[] }, there: typeof here): Promise<void> {
    await this.exec(['ip', 'link', 'add', here.name, 'type', 'veth', 'peer', 'name', there.name, 'netns', other.name]);
    for (const [namespace, end] of [
      [this, here],
      [other, there],
    ] as const) {
      for (const address of end.addresses) {
        // nodad: an IPv6 address is of use at once.
        const extra = address.includes(':') ? ['nodad'] : [];
        await namespace.exec(['ip', 'addr', 'add', address, 'dev', end.name, ...extra]);
      }
      await namespace.exec(['ip', 'link', 'set', end.name, 'up']);
    }
  }

  /** Ends what was started inside, and removes the namespace with all its interfaces, rules and connections. */
  async remove(): Promise<void> {
    await Promise.all(
      this.processes.map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) {
              resolve();
            } else {
              child.once('close', () => resolve());
              child.kill('SIGKILL');
            }
          }),
      ),
    );
    await must('ip', ['netns', 'del', this.name]);
  }
}
