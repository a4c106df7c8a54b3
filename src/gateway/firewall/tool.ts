import { spawn } from 'node:child_process';
import { FirewallError } from './firewall.js';

export interface ToolResult {
  stdout: string;
  stderr: string;
  /** Exit code; never null: a tool that was ended by a signal is a `FirewallError`. */
  code: number;
}

const NOT_PERMITTED = /permission denied|operation not permitted|you must be root/i;

/** How a tool is run; tests put another one in its place to look into a network namespace of their own. */
export type RunTool = (
  command: string,
  args: readonly string[],
  options: { deadlineMs: number; input?: string },
) => Promise<ToolResult>;

/**
 * Runs one of the system's firewall tools to its end: arguments as an array, never a shell; `input` goes to its standard
 * input. Ends it at the deadline, which is safe at any moment: the kernel takes a transaction whole or not at all.
 * Throws `FirewallError` when the tool is missing, not permitted, or late. Other failures are the caller's to judge.
 * The child keeps this process's network namespace, whichever it is.
 */
export const runTool: RunTool = (command, args, options) =>
  new Promise((resolve, reject) => {
    const started = Date.now();
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), options.deadlineMs);
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A tool that gives up before it has read everything closes the pipe; its exit code and words tell the story.
    child.stdin.on('error', () => undefined);
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(
        error.code === 'ENOENT'
          ? new FirewallError('missing', `${command} is not installed on this machine`)
          : new FirewallError(error.code === 'EACCES' ? 'not-permitted' : 'refused', `${command}: ${error.message}`),
      );
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const said = Buffer.concat(stderr).toString('utf8').trim();
      if (code === null) {
        const late = Date.now() - started >= options.deadlineMs;
        const what = late ? `did not finish within ${options.deadlineMs} ms` : `was ended by ${signal ?? 'a signal'}`;
        reject(new FirewallError('deadline', `${command} ${what}${said === '' ? '' : `: ${said}`}`));
      } else if (code !== 0 && NOT_PERMITTED.test(said)) {
        reject(
          new FirewallError('not-permitted', `${command} is not permitted (it needs root or CAP_NET_ADMIN): ${said}`),
        );
      } else {
        resolve({ stdout: Buffer.concat(stdout).toString('utf8'), stderr: said, code });
      }
    });
    child.stdin.end(options.input ?? '');
  });
