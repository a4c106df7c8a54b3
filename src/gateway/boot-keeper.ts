import type { DesiredState, StatusReport } from '../contract/desired-state.js';
import { loadBootFile, noteGone, writeBootFile } from './boot-file.js';
import type { Log } from './settings.js';

/** Writing is dear at 50,000 maps, and what the next boot misses is applied as soon as the control plane is reached. */
const EVERY_MS = 10_000;

/**
 * Keeps the boot file (see boot-file.ts) as what was applied last, at most ten seconds old, and never with a map that was
 * reported gone: from that report on its port and its address are somebody else's. It only ever follows what the kernel
 * holds; with the disk away the gateway works on, and says so.
 */
export class BootKeeper {
  private desired: DesiredState | undefined;
  /** Applied, and not on the disk yet. */
  private applied: DesiredState | undefined;
  private writtenAt = -Infinity;
  private generation: number | undefined;
  /** The maps that the file may name. */
  private kept = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private said = '';

  constructor(
    private readonly path: string,
    private readonly log: Log,
    private readonly everyMs = EVERY_MS,
  ) {
    try {
      const state = loadBootFile(path);
      this.generation = state?.generation;
      this.kept = new Set(state?.maps.map(({ id }) => id));
    } catch (error) {
      // It is refused at boot too, and written anew once something is applied.
      this.complain('is not usable, and will be replaced', error);
    }
  }

  /** What is wanted from now on; kept once a report says that it is applied. */
  submit(state: DesiredState): void {
    this.desired = state;
  }

  /** A report about to be sent; answers with it, less the removed maps of which the file could not be rid. */
  observe(report: StatusReport): StatusReport {
    if (report.mode !== 'apply') return report;
    const withheld = this.forget(report.gone);
    const isApplied = report.maps.every(({ status }) => status === 'active');
    if (isApplied && report.generation === this.desired?.generation && report.generation !== this.generation) {
      this.applied = this.desired;
      this.writeInTime();
    }
    if (withheld.size === 0) return report;
    return { ...report, gone: report.gone.filter((id) => !withheld.has(id)) };
  }

  /** Writes what is not written yet. */
  close(): void {
    clearTimeout(this.timer);
    this.write();
  }

  private forget(gone: readonly string[]): Set<string> {
    const named = new Set(gone.filter((id) => this.kept.has(id)));
    if (gone.length > 0 && this.applied !== undefined) {
      const ids = new Set(gone);
      this.applied = { ...this.applied, maps: this.applied.maps.filter(({ id }) => !ids.has(id)) };
    }
    if (named.size === 0) return named;
    try {
      noteGone(this.path, [...named]);
      for (const id of named) this.kept.delete(id);
      return new Set();
    } catch (error) {
      this.complain('cannot be rid of removed maps, which are not reported gone until it can', error);
      return named;
    }
  }

  private writeInTime(): void {
    const wait = this.writtenAt + this.everyMs - Date.now();
    clearTimeout(this.timer);
    if (wait <= 0) this.write();
    else this.timer = setTimeout(() => this.write(), wait).unref();
  }

  private write(): void {
    const { applied } = this;
    if (applied === undefined) return;
    this.applied = undefined;
    this.writtenAt = Date.now();
    try {
      writeBootFile(this.path, applied);
      this.generation = applied.generation;
      this.kept = new Set(applied.maps.map(({ id }) => id));
      this.said = '';
    } catch (error) {
      this.complain('cannot be written: a boot before that is mended brings back older rules, or none', error);
    }
  }

  private complain(what: string, error: unknown): void {
    const message = `the boot file ${this.path} ${what}: ${error instanceof Error ? error.message : String(error)}`;
    if (message !== this.said) this.log('error', message);
    this.said = message;
  }
}
