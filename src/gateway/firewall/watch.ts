import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import type { Log } from '../settings.js';
import type { Scope } from './firewall.js';
import { Generations, suspicionOf, touchesIptables, touchesNft, type Part } from './generations.js';
import { couldNotStart, startTool, type StartTool } from './tool.js';

/**
 * A monitor hears of its parent's end only when it next writes, which in a quiet kernel is never: the kernel is asked to end
 * it with us. setpriv is of util-linux; without it the monitor runs all the same.
 */
const TIED = ['--pdeathsig', 'KILL', 'nft', 'monitor'];
/** How setpriv says that there is no nft. */
const NOT_THERE = 127;

/** Several commits of one program, as a tool of many small ones makes them, are one look. */
const TOGETHER_MS = 50;

export interface WatchOptions {
  backend: 'iptables' | 'nft';
  /** Process ids whose commits are our own. */
  pids: () => ReadonlySet<number>;
  /** Somebody else changed what may be ours. */
  onForeign: (change: { suspicion: Scope | 'anything'; program: string | undefined; pid: number | undefined }) => void;
  log: Log;
  start?: StartTool;
}

/**
 * Listens to the kernel through `nft monitor`, unfiltered, since a filtered one hides whose a commit is. It only says
 * where to look, and earlier than the regular looks do; with the tool away, or for iptables-legacy, whose changes the
 * kernel does not tell, drift is found by those.
 *
 * A monitor that ends is started again, and then anything may have happened meanwhile.
 */
export class Watch {
  private readonly pause = new Wakeable();
  private readonly running: Promise<void>;
  private child: ChildProcessWithoutNullStreams | undefined;
  private readonly closing = new AbortController();
  private heard: { parts: Part[]; program: string; pid: number } | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: WatchOptions) {
    this.running = this.run();
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearTimeout(this.timer);
    this.child?.kill();
    this.pause.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    const { log, onForeign } = this.options;
    const backoff = new Backoff();
    while (!this.closed()) {
      const started = Date.now();
      const { missing, words } = await this.listen();
      if (this.closed()) return;
      const later = 'changes by other programs are found by the regular looks alone';
      if (missing) {
        log('warn', `${words}: ${later} (install the package nftables)`);
        return;
      }
      if (Date.now() - started > 60_000) backoff.reset();
      if (!backoff.failing) log('warn', `nft monitor ended, until it runs again ${later}: ${words}`);
      await this.pause.sleep(backoff.next(true));
      onForeign({ suspicion: 'anything', program: undefined, pid: undefined });
    }
  }

  private closed(): boolean {
    return this.closing.signal.aborted;
  }

  private listen(command = 'setpriv', args = TIED): Promise<{ missing: boolean; words: string }> {
    const { backend, pids, start = startTool } = this.options;
    const generations = new Generations(backend === 'nft' ? touchesNft : touchesIptables);
    return new Promise((resolve) => {
      const child = start(command, args);
      this.child = child;
      let said = '';
      child.stdin.end();
      child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-500)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const generation = generations.read(line);
        if (generation === undefined || generation.parts.length === 0 || pids().has(generation.pid)) return;
        this.hear(generation);
      });
      child.on('error', (error) => {
        const { reason, message } = couldNotStart('nft', error);
        if (reason === 'missing' && command !== 'nft') resolve(this.listen('nft', ['monitor']));
        else resolve({ missing: reason === 'missing', words: message });
      });
      child.on('close', (code, signal) =>
        resolve({
          missing: code === NOT_THERE,
          words: said.trim() === '' ? (signal ?? `exit code ${code ?? 0}`) : said.trim(),
        }),
      );
    });
  }

  private hear({ parts, program, pid }: { parts: Part[]; program: string; pid: number }): void {
    if (this.heard === undefined) {
      this.heard = { parts: [...parts], program, pid };
      this.timer = setTimeout(() => {
        const { heard } = this;
        this.heard = undefined;
        if (heard !== undefined) this.options.onForeign({ ...heard, suspicion: suspicionOf(heard.parts) });
      }, TOGETHER_MS);
    } else {
      this.heard.parts.push(...parts);
      this.heard = { ...this.heard, program, pid };
    }
  }
}
