import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { FirewallError } from '../firewall.js';
import { couldNotStart, notPermitted, type StartTool } from '../tool.js';

/**
 * A long-lived `iptables-restore --noflush --verbose` of one family. A process for each change costs more than the change:
 * 4-10 ms to start, and 8-20 ms to end after a deletion, while the kernel waits for readers of the old rules.
 *
 * Each transaction is written whole, and after it a comment, `# ack <n>`, which the tool prints back (with `--verbose`,
 * line-buffered, in both variants) once it has read past the `COMMIT`. At the first bad line it exits, with nothing of that
 * table applied and the line's number since its start. Between transactions the legacy variant holds no lock.
 *
 * The child reads end of file when this process ends, however it ends, and follows; a table that was written in part is
 * then not applied. It keeps neither this process alive nor its rules from staying.
 */

/** After a text of so many characters the child has the whole table in memory, and is let go: a new one takes 4 ms. */
const LET_GO = 1_000_000;
/** Word of what a child did may reach a watcher later than its end. */
const REMEMBER_PID_MS = 5_000;
const CLOSE_MS = 1_000;

interface Job {
  table: string;
  text: string;
  ack: string;
  /** Lines the child had been given before this text. */
  linesBefore: number;
  timer: NodeJS.Timeout;
  resolve: () => void;
  reject: (error: FirewallError) => void;
}

interface Child {
  process: ChildProcessWithoutNullStreams;
  /** Lines it has been given: it counts from its start. */
  lines: number;
  said: string;
  unread: string;
  job: Job | undefined;
  ended: Promise<void>;
}

export class RestoreSession {
  /** Those that run, and those that ended a moment ago. */
  readonly pids = new Set<number>();
  private child: Child | undefined;
  private acks = 0;
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly start: StartTool,
    private readonly command: string,
    private readonly args: readonly string[],
  ) {}

  /** Applies one table's text, after those given before. Throws `FirewallError`: `refused`, `deadline`, `missing`, ... */
  apply(table: string, text: string, deadlineMs: number): Promise<void> {
    const turn = this.queue.then(() => this.write(table, text, deadlineMs));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  /** Lets the child end, after what is under way. The next transaction starts another. */
  async close(): Promise<void> {
    await this.queue;
    const { child } = this;
    if (child === undefined) return;
    this.child = undefined;
    child.process.stdin.end();
    const timer = setTimeout(() => child.process.kill('SIGKILL'), CLOSE_MS);
    await child.ended;
    clearTimeout(timer);
  }

  private write(table: string, text: string, deadlineMs: number): Promise<void> {
    // The tool would wait for the rest of it, with the lock held when it is the legacy variant.
    if (!text.startsWith(`*${table}\n`) || !text.endsWith('\nCOMMIT\n')) {
      const why = 'the text is cut short (it must start with the table and end with COMMIT)';
      return Promise.reject(new FirewallError('refused', `nothing of the ${table} table is applied: ${why}`));
    }
    // It may have ended, with the word of it still on its way.
    const { exitCode, signalCode } = this.child?.process ?? {};
    if (typeof exitCode === 'number' || typeof signalCode === 'string') this.child = undefined;
    const child = (this.child ??= this.spawn());
    return new Promise((resolve, reject) => {
      const ack = `# ack ${++this.acks}`;
      const timer = setTimeout(() => this.giveUp(child, deadlineMs), deadlineMs);
      child.job = { table, text, ack, linesBefore: child.lines, timer, resolve, reject };
      child.said = '';
      child.lines += text.split('\n').length;
      child.process.stdin.write(`${text}${ack}\n`);
    });
  }

  private spawn(): Child {
    const process = this.start(this.command, this.args);
    let onEnd: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (onEnd = resolve));
    const child: Child = { process, lines: 0, said: '', unread: '', job: undefined, ended };
    const { pid } = process;
    if (pid !== undefined) this.pids.add(pid);
    // The deadline's timer keeps this process alive while something is under way; an idle child does not.
    process.unref();
    for (const pipe of [process.stdin, process.stdout, process.stderr]) (pipe as { unref?: () => void }).unref?.();

    process.stdout.on('data', (chunk: Buffer) => this.hear(child, chunk.toString('utf8')));
    process.stderr.on('data', (chunk: Buffer) => (child.said += chunk.toString('utf8')));
    // It closes the pipe when it gives up before it has read everything; its words and its exit tell the story.
    process.stdin.on('error', () => undefined);
    process.on('error', (error) => {
      this.settle(child, couldNotStart(this.command, error));
      this.forget(child);
      onEnd();
    });
    process.on('close', (code, signal) => {
      if (child.job !== undefined) this.settle(child, this.verdict(child, child.job, code, signal));
      this.forget(child);
      if (pid !== undefined) setTimeout(() => this.pids.delete(pid), REMEMBER_PID_MS).unref();
      onEnd();
    });
    return child;
  }

  private hear(child: Child, chunk: string): void {
    const lines = (child.unread + chunk).split('\n');
    child.unread = lines.pop() ?? '';
    const { job } = child;
    if (job === undefined || !lines.includes(job.ack)) return;
    if (job.text.length > LET_GO) {
      this.forget(child);
      child.process.stdin.end();
    }
    this.settle(child);
  }

  private settle(child: Child, error?: FirewallError): void {
    const { job } = child;
    if (job === undefined) return;
    child.job = undefined;
    clearTimeout(job.timer);
    if (error === undefined) job.resolve();
    else job.reject(error);
  }

  private forget(child: Child): void {
    if (this.child === child) this.child = undefined;
  }

  /** Ends a child that does not answer, which is safe at any moment: the kernel takes a table whole or not at all. */
  private giveUp(child: Child, deadlineMs: number): void {
    const late = `did not acknowledge within ${deadlineMs} ms; the table is applied whole or not at all`;
    this.settle(child, new FirewallError('deadline', `${this.command} ${late}`));
    this.forget(child);
    child.process.kill('SIGKILL');
  }

  private verdict(child: Child, job: Job, code: number | null, signal: NodeJS.Signals | null): FirewallError {
    const words = child.said.trim().replaceAll('\n', ' ');
    const refusal = notPermitted(this.command, words);
    if (refusal !== undefined) return refusal;
    if (code === null) {
      return new FirewallError('deadline', `${this.command} was ended by ${signal ?? 'a signal'}: ${words}`);
    }
    const number = /line:? (\d+)/.exec(words)?.[1];
    const line = number === undefined ? undefined : job.text.split('\n')[Number(number) - job.linesBefore - 1];
    const about = line === undefined ? '' : ` (${line === '' ? 'end of input' : line})`;
    return new FirewallError(
      'refused',
      `${this.command} refused the ${job.table} table, nothing of it is applied: ${words}${about}`,
    );
  }
}
