import type { Protocol } from '../../../contract/desired-state.js';
import type { Family } from '../../../ip/address.js';
import type { Flow } from '../content.js';
import type { Bucket, Desired } from '../desired.js';
import { FirewallError, type Firewall, type LiveView, type PlanOptions, type Scope } from '../firewall.js';
import { flushFlows } from '../flows.js';
import type { Plan, Transaction } from '../plan.js';
import { runTool, startTool, type RunTool, type StartTool } from '../tool.js';
import { changedParts, mergeLive, viewOf, type NftLive } from './live.js';
import { plan, planRemoval } from './plan.js';
import { NftReading } from './reading.js';
import { bucketOf } from './ruleset.js';
import { NftSession, REMEMBER_PID_MS } from './session.js';
import { wordsOf } from './words.js';

const DEADLINE_MS = 5_000;
/** A listing of the whole table may never finish while others commit (the tool starts anew each time): then part by part. */
const LIST_DEADLINE_MS = 2_000;
const FRAME_DEADLINE_MS = 1_000;
/** The interactive tool reads its input letter by letter: from here on a process of its own is as fast. */
const LONG = 3_000;
/** A first load of 50,000 maps takes half a second: a second more for each 10,000 characters is plenty. */
const CHARACTERS_PER_SECOND = 200_000;

/** The kernel through `nft`: a table of our own, written by a long-lived child. */
export class NftFirewall implements Firewall<NftLive> {
  readonly name = 'nft';
  private readonly own = new Set<number>();
  private readonly session: NftSession;
  private readonly reading: NftReading;

  constructor(
    private readonly run: RunTool = runTool,
    start: StartTool = startTool,
    private readonly deadlines = { listMs: LIST_DEADLINE_MS, frameMs: FRAME_DEADLINE_MS, toolMs: DEADLINE_MS },
  ) {
    this.session = new NftSession(start, this.own);
    this.reading = new NftReading(run, deadlines);
  }

  async variant(): Promise<string> {
    const { code, stdout, stderr } = await this.run('nft', ['--version'], { deadlineMs: this.deadlines.toolMs });
    if (code !== 0) throw new FirewallError('missing', `nft --version failed: ${stderr}`);
    return stdout.trim();
  }

  bucketOf(protocol: Protocol, connectionPort: number): Bucket {
    return bucketOf(protocol, connectionPort);
  }

  read(family: Family, scope?: Scope): Promise<NftLive> {
    return scope === undefined ? this.reading.whole(family) : this.reading.scope(family, scope);
  }

  merge(live: NftLive, part: NftLive, scope: Scope): NftLive {
    return mergeLive(live, part, scope);
  }

  changed(before: NftLive, after: NftLive): Scope {
    return changedParts(before, after);
  }

  view(live: NftLive): LiveView {
    return viewOf(live);
  }

  plan(desired: Desired, live: NftLive, options?: PlanOptions): Plan {
    return plan(desired, live, options);
  }

  planRemoval(live: NftLive): Transaction[] {
    return planRemoval(live);
  }

  async apply(_family: Family, transactions: readonly Transaction[]): Promise<void> {
    for (const { text } of transactions) {
      if (!text.endsWith('\n')) {
        throw new FirewallError('refused', 'the text of a change is cut short, nothing of it is applied');
      }
      const deadlineMs = this.deadlines.toolMs + (text.length / CHARACTERS_PER_SECOND) * 1_000;
      if (text.length > LONG || this.session.isMute) await this.load(text, deadlineMs);
      else await this.speak(text, deadlineMs);
    }
  }

  flush(family: Family, flows: readonly Flow[]): Promise<{ warning: string | null }> {
    return flushFlows(this.run, family, flows);
  }

  pids(): ReadonlySet<number> {
    return this.own;
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private async speak(text: string, deadlineMs: number): Promise<void> {
    try {
      await this.session.apply(text, deadlineMs);
    } catch (error) {
      // It ended before it read anything.
      if (!this.session.isMute || !(error instanceof FirewallError) || error.reason !== 'deadline') throw error;
      await this.load(text, deadlineMs);
    }
  }

  private async load(text: string, deadlineMs: number): Promise<void> {
    let child: number | undefined;
    const onStart = (pid: number): void => {
      this.own.add(pid);
      child = pid;
    };
    try {
      const { code, stderr } = await this.run('nft', ['-f', '-'], { deadlineMs, input: text, onStart });
      if (code === 0) return;
      throw new FirewallError('refused', `nft refused the change, nothing of it is applied: ${wordsOf(stderr)}`);
    } finally {
      setTimeout(() => child !== undefined && this.own.delete(child), REMEMBER_PID_MS).unref();
    }
  }
}
