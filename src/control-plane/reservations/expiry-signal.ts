import type { Expiry } from './expiry.js';

/** What the writers of ends and the sweeper share inside one process. */
export class ExpirySignal {
  private readonly listeners = new Set<(due: Date) => void>();

  constructor(
    /** How long before the end it is told, in seconds; 0: not at all. */
    readonly noticeSeconds: number,
  ) {}

  /** An end was committed: there is something to do at this time. */
  set({ noticeAt, expiresAt }: Expiry): void {
    const due = noticeAt ?? expiresAt;
    if (due !== null) for (const listener of this.listeners) listener(due);
  }

  onSet(listener: (due: Date) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
