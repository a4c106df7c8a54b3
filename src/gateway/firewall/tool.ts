import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { FirewallError } from './firewall.js';

export interface ToolResult {
  stdout: string;
  stderr: string;
  /** Exit code; never null: a tool that was ended by a signal is a `FirewallError`. */
  code: number;
}

/** Starts a tool that is kept running: its standard input is the way to speak to it, and ends with this process. */
export type StartTool = (command: string, args: readonly string[]) => ChildProcessWithoutNullStreams;

export const startTool: StartTool = (command, args) => spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });

const NOT_PERMITTED = /permission denied|operation not permitted|you must be root/i;

/** What a tool that exited with an error said, when it is that this process lacks the privilege. */
export const notPermitted = (command: string, said: string): FirewallError | undefined =>
  NOT_PERMITTED.test(said)
    ? new FirewallError('not-permitted', `${command} is not permitted (it needs root or CAP_NET_ADMIN): ${said}`)
    : undefined;

export const couldNotStart = (command: string, error: NodeJS.ErrnoException): FirewallError =>
  error.code === 'ENOENT'
    ? new FirewallError('missing', `${command} is not installed on this machine`)
    : new FirewallError(error.code === 'EACCES' ? 'not-permitted' : 'refused', `${command}: ${error.message}`);

/** How a tool is run; tests put another one in its place to look into a network namespace of their own. */
export type RunTool = (
  command: string,
  args: readonly string[],
  options: { deadlineMs: number; input?: string; signal?: AbortSignal; onStart?: (pid: number) => void },
) => Promise<ToolResult>;

/**
 * Runs one of the system's firewall tools to its end: arguments as an array, never a shell; `input` goes to its standard
 * input. Ends it at the deadline, or when told to by `signal`, which is safe at any moment: the kernel takes a transaction whole or not at all.
 * Throws `FirewallError` when the tool is missing, not permitted, or late. Other failures are the caller's to judge.
 * The child keeps this process's network namespace, whichever it is.
 */
export const runTool: RunTool = (command, args, options) =>
  new Promise((resolve, reject) => {
    const started = Date.now();
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    if (child.pid !== undefined) options.onStart?.(child.pid);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), options.deadlineMs);
    const abort = (): unknown => child.kill('SIGKILL');
    options.signal?.addEventListener('abort', abort);
    child.once('close', () => options.signal?.removeEventListener('abort', abort));
    if (options.signal?.aborted === true) abort();
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A tool that gives up before it has read everything closes the pipe; its exit code and words tell the story.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(couldNotStart(command, error));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const said = Buffer.concat(stderr).toString('utf8').trim();
      if (code === null) {
        const late = Date.now() - started >= options.deadlineMs;
        const what = late ? `did not finish within ${options.deadlineMs} ms` : `was ended by ${signal ?? 'a signal'}`;
        reject(new FirewallError('deadline', `${command} ${what}${said === '' ? '' : `: ${said}`}`));
      } else {
        const refusal = code === 0 ? undefined : notPermitted(command, said);
        if (refusal !== undefined) reject(refusal);
        else resolve({ stdout: Buffer.concat(stdout).toString('utf8'), stderr: said, code });
      }
    });
    child.stdin.end(options.input ?? '');
  });
