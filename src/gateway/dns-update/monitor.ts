import { startTool, type StartTool } from '../firewall/tool.js';
import type { Log } from '../settings.js';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';

/** Ended by the kernel with us, however we end; setpriv is of util-linux. */
const TIED = ['--pdeathsig', 'KILL', 'ip', 'monitor', 'address', 'route'];

/** A change of address is several notices: of the address, of its routes, of the next address. */
const TOGETHER_MS = 100;

/**
 * Calls `onChange` whenever addresses or routes of this machine change, and whenever that may have been missed. It only says
 * that one should look: where `ip monitor` cannot run, changes are found by the regular looks.
 */
export class AddressMonitor {
  private readonly pause = new Wakeable();
  private readonly running: Promise<void>;
  private readonly closing = new AbortController();
  private heard: NodeJS.Timeout | undefined;

  constructor(
    private readonly onChange: () => void,
    private readonly log: Log,
    private readonly start: StartTool = startTool,
  ) {
    this.running = this.run();
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearTimeout(this.heard);
    this.pause.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    const backoff = new Backoff();
    while (!this.closing.signal.aborted) {
      const started = Date.now();
      const words = await this.listen();
      if (this.closed()) return;
      if (Date.now() - started > 60_000) backoff.reset();
      if (!backoff.failing) this.log('warn', `ip monitor ended, addresses are found by regular looks: ${words}`);
      await this.pause.sleep(backoff.next(true));
      this.onChange();
    }
  }

  // a method, since the compiler takes the value at the head of the loop for the value ever after
  private closed(): boolean {
    return this.closing.signal.aborted;
  }

  private hear(): void {
    if (this.closed()) return;
    this.heard ??= setTimeout(() => {
      this.heard = undefined;
      this.onChange();
    }, TOGETHER_MS);
  }

  private listen(): Promise<string> {
    return new Promise((resolve) => {
      const child = this.start('setpriv', TIED);
      const { signal } = this.closing;
      const stop = (): unknown => child.kill();
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      let said = '';
      child.stdin.end();
      child.stdout.on('data', () => this.hear());
      child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-500)));
      child.on('error', (error) => (said ||= error.message));
      child.on('close', (code) => {
        signal.removeEventListener('abort', stop);
        resolve(said.trim() === '' ? `exit code ${code ?? 'none'}` : said.trim());
      });
    });
  }
}
