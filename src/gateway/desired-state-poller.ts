import { ContractError } from '../contract/desired-state.schema.js';
import type { DesiredState } from '../contract/desired-state.js';
import { ControlPlaneError, type ControlPlaneClient } from './control-plane-client.js';
import type { Log } from './settings.js';
import { Backoff, Wakeable } from '../platform/loop/wakeable.js';

const WAIT_SECONDS = 25;
const PACE_MS = 1_000;

/**
 * Asks for the desired state, again and again, and hands on each newer one. The control plane being away, refusing or
 * sending nonsense changes nothing here: what was handed on last stays valid.
 */
export class DesiredStatePoller {
  private readonly closing = new AbortController();
  private readonly pause = new Wakeable();
  private waiting: AbortController | undefined;
  private askAtOnce = false;
  private generation: number | undefined;
  private readonly running: Promise<void>;

  constructor(
    private readonly client: ControlPlaneClient,
    private readonly deliver: (desired: DesiredState) => void,
    private readonly log: Log,
  ) {
    this.running = this.run();
  }

  /**
   * Something may have changed: ends the wait of the current long poll and asks again without waiting. Only a wait is
   * ever cut, never the question that follows a wake, so a stream of wakes cannot keep an answer from arriving.
   */
  wake(): void {
    this.askAtOnce = true;
    this.waiting?.abort();
    this.pause.wake();
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.pause.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    const backoff = new Backoff();
    let said = '';
    while (!this.closed()) {
      const asked = Date.now();
      try {
        const desired = await this.ask();
        backoff.reset();
        if (said !== '') this.log('info', 'the control plane answers again');
        said = '';
        if (desired !== undefined && desired.generation !== this.generation) {
          this.generation = desired.generation;
          this.deliver(desired);
        } else if (!this.askAtOnce && Date.now() - asked < PACE_MS) {
          // Nothing new, and no wait either: whoever answers so (a proxy, say) must not be asked in a tight loop.
          await this.pause.sleep(PACE_MS);
        }
      } catch (error) {
        if (this.closed()) return;
        const message = describe(error);
        if (message !== said) this.log(error instanceof ControlPlaneError ? 'warn' : 'error', message);
        said = message;
        await this.pause.sleep(backoff.next(true));
      }
    }
  }

  private closed(): boolean {
    return this.closing.signal.aborted;
  }

  private async ask(): Promise<DesiredState | undefined> {
    if (this.askAtOnce) {
      this.askAtOnce = false;
      return this.client.desiredState(this.generation, 0, this.closing.signal);
    }
    const waiting = new AbortController();
    this.waiting = waiting;
    try {
      return await this.client.desiredState(
        this.generation,
        WAIT_SECONDS,
        AbortSignal.any([waiting.signal, this.closing.signal]),
      );
    } catch (error) {
      if (waiting.signal.aborted) return undefined;
      throw error;
    } finally {
      this.waiting = undefined;
    }
  }
}

function describe(error: unknown): string {
  if (error instanceof ContractError) {
    return `the control plane sent a desired state that is not one, nothing is changed: ${error.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
