import { writeFile } from 'node:fs/promises';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { Log } from '../settings.js';
import { couldNotStart, startTool, type StartTool } from './tool.js';

/** Room in the kernel for some 100,000 events that were not read yet: ten seconds of a busy gateway. */
const BUFFER_BYTES = 32 * 1024 * 1024;
const ARGUMENTS = ['-E', '-e', 'NEW,DESTROY', '-o', 'timestamp', '-b', String(BUFFER_BYTES), '--dst-nat'];
/** The kernel ends it with us, however we end (see `Watch`). */
const TIED = ['--pdeathsig', 'KILL', 'conntrack', ...ARGUMENTS];
const OVERRUN = /ENOBUFS/g;
/** Has the kernel count packets and bytes of connections from now on. */
const ACCOUNTING = '/proc/sys/net/netfilter/nf_conntrack_acct';

export interface ConnectionWatchOptions {
  /** Whole lines as `conntrack -E` writes them, many at once. */
  onLines: (lines: string[]) => void;
  log: Log;
  start?: StartTool;
}

/**
 * Hears from the kernel, through `conntrack -E`, of each translated connection that begins or ends. Its pipe is the
 * back-pressure: while paused, events wait in the kernel's buffer; when that is full the kernel drops some and says so,
 * and that is counted. A monitor that ends is started again; what happened in between is not known, which is told.
 */
export class ConnectionWatch {
  /** How often the kernel said that it dropped events. */
  overruns = 0;
  private readonly pause = new Wakeable();
  private readonly running: Promise<void>;
  private child: ChildProcessWithoutNullStreams | undefined;
  private readonly closing = new AbortController();
  private paused = false;

  constructor(private readonly options: ConnectionWatchOptions) {
    this.running = this.run();
  }

  hold(held: boolean): void {
    this.paused = held;
    if (held) this.child?.stdout.pause();
    else this.child?.stdout.resume();
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.child?.kill();
    this.pause.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    const { log } = this.options;
    const backoff = new Backoff();
    await writeFile(ACCOUNTING, '1').catch((error: unknown) =>
      log('warn', `the kernel does not count bytes of connections, usage tells 0: ${String(error)}`),
    );
    while (!this.closed()) {
      const started = Date.now();
      const words = await this.listen();
      if (this.closed()) return;
      if (Date.now() - started > 60_000) backoff.reset();
      if (!backoff.failing) log('warn', `connections are not seen until conntrack runs again: ${words}`);
      await this.pause.sleep(backoff.next(true));
    }
  }

  private closed(): boolean {
    return this.closing.signal.aborted;
  }

  private listen(command = 'setpriv', args = TIED): Promise<string> {
    const { start = startTool, onLines, log } = this.options;
    return new Promise((resolve) => {
      const child = start(command, args);
      this.child = child;
      let said = '';
      let rest = '';
      child.stdin.end();
      child.stdout.setEncoding('latin1');
      child.stdout.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        if (lines.length > 0) onLines(lines);
      });
      if (this.paused) child.stdout.pause();
      child.stderr.on('data', (chunk: Buffer) => {
        const words = chunk.toString('utf8');
        said = (said + words).slice(-500);
        const overruns = words.match(OVERRUN)?.length ?? 0;
        if (overruns === 0) return;
        this.overruns += overruns;
        log('warn', 'the kernel dropped connection events, since they came faster than they were read', {
          times: this.overruns,
        });
      });
      child.on('error', (error) => {
        const { reason, message } = couldNotStart('conntrack', error);
        if (reason === 'missing' && command !== 'conntrack') resolve(this.listen('conntrack', ARGUMENTS));
        else resolve(`${message} (install the package conntrack)`);
      });
      child.on('close', (code, signal) => resolve(said.trim() || (signal ?? `exit code ${code ?? 0}`)));
    });
  }
}
