import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { FirewallError } from '../firewall.js';
import { couldNotStart, notPermitted, type StartTool } from '../tool.js';
import { wordsOf } from './words.js';

/**
 * A long-lived `nft -i`: a process for each change costs ten times the change, and 8-20 ms more to end after a deletion.
 *
 * One line is one transaction, its commands joined by `;`. After it comes a word that is no command, `berth-ack-<n>`, which
 * the tool refuses by repeating it. Errors and acknowledgement come through the same pipe, so in their order: what was said
 * before the acknowledgement is about the transaction, and nothing said means that the kernel has taken it.
 *
 * The child reads end of file when this process ends, however it ends, and follows.
 */

/** Word of what a child did may reach a watcher later than its end. */
export const REMEMBER_PID_MS = 5_000;
const CLOSE_MS = 1_000;

interface Job {
  ack: string;
  timer: NodeJS.Timeout;
  resolve: () => void;
  reject: (error: FirewallError) => void;
}

interface Child {
  process: ChildProcessWithoutNullStreams;
  said: string;
  job: Job | undefined;
  hasSpoken: boolean;
  ended: Promise<void>;
}

export class NftSession {
  /** The tool ends by itself instead of listening: a build without an interactive mode. */
  isMute = false;
  private child: Child | undefined;
  private acks = 0;
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly start: StartTool,
    private readonly pids: Set<number>,
  ) {}

  /** Applies one transaction, after those given before. Throws `FirewallError`: `refused`, `deadline`, `missing`, ... */
  apply(text: string, deadlineMs: number): Promise<void> {
    const turn = this.queue.then(() => this.write(text, deadlineMs));
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

  private write(text: string, deadlineMs: number): Promise<void> {
    const child = (this.child ??= this.spawn());
    return new Promise((resolve, reject) => {
      const ack = `berth-ack-${++this.acks}`;
      const timer = setTimeout(() => {
        const late = `nft did not acknowledge within ${deadlineMs} ms; the change is applied whole or not at all`;
        this.dismiss(child, new FirewallError('deadline', late));
      }, deadlineMs);
      child.job = { ack, timer, resolve, reject };
      child.process.stdin.write(`${text.trimEnd().replaceAll('\n', '; ')}\n${ack}\n`);
    });
  }

  private spawn(): Child {
    const process = this.start('nft', ['-i']);
    let onEnd: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (onEnd = resolve));
    const child: Child = { process, said: '', job: undefined, hasSpoken: false, ended };
    const { pid } = process;
    if (pid !== undefined) this.pids.add(pid);
    // The deadline's timer keeps this process alive while something is under way; an idle child does not.
    process.unref();
    for (const pipe of [process.stdin, process.stdout, process.stderr]) (pipe as { unref?: () => void }).unref?.();

    process.stdout.resume(); // prompts, in some builds
    process.stderr.on('data', (chunk: Buffer) => this.hear(child, chunk.toString('utf8')));
    // It closes the pipe when it gives up; its words and its exit tell the story.
    process.stdin.on('error', () => undefined);
    process.on('error', (error) => {
      this.settle(child, couldNotStart('nft', error));
      this.forget(child);
      onEnd();
    });
    process.on('close', (code, signal) => {
      this.isMute ||= !child.hasSpoken && code !== null;
      const words = wordsOf(child.said);
      const how = code === null ? (signal ?? 'a signal') : `exit code ${code}`;
      const lost = new FirewallError('deadline', `nft was ended by ${how} in the middle of a change: ${words}`);
      this.settle(child, notPermitted('nft', child.said.trim()) ?? lost);
      this.forget(child);
      if (pid !== undefined) setTimeout(() => this.pids.delete(pid), REMEMBER_PID_MS).unref();
      onEnd();
    });
    return child;
  }

  private hear(child: Child, chunk: string): void {
    child.said += chunk;
    const { job } = child;
    if (job === undefined) {
      // Nothing was asked: it is not in the state that we think it is in.
      if (child.said.trim() !== '') this.dismiss(child);
      return;
    }
    const at = child.said.indexOf(`\n${job.ack}\n`);
    // Carets under the word are the end of its refusal.
    if (at < 0 || !/\^\n$/.test(child.said)) return;
    const said = child.said.slice(0, child.said.lastIndexOf('Error: ', at));
    child.said = '';
    child.hasSpoken = true;
    if (said.trim() === '') this.settle(child);
    else {
      const words = `nft refused the change, nothing of it is applied: ${wordsOf(said)}`;
      this.settle(child, notPermitted('nft', said.trim()) ?? new FirewallError('refused', words));
    }
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

  /** Ends a child that does not answer as it should; safe at any moment, since the kernel takes a change whole or not at all. */
  private dismiss(child: Child, error?: FirewallError): void {
    this.settle(child, error);
    this.forget(child);
    child.process.kill('SIGKILL');
  }
}
