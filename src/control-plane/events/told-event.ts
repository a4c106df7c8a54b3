import { cloudEvent, type StoredEvent } from './event.js';

/**
 * An event on its way to those who follow. What many of them need of it is made once, when the first asks: its text, and the
 * tags in its data.
 */
export class ToldEvent {
  private written: Buffer | undefined;
  private found: ReadonlySet<string> | undefined;

  constructor(
    readonly event: StoredEvent,
    private readonly publicUrl: string,
  ) {}

  /** As a server-sent event (WHATWG HTML section 9.2). */
  get frame(): Buffer {
    const { event } = this;
    this.written ??= Buffer.from(`id: ${event.position}\nevent: ${event.type}\ndata: ${this.text}\n\n`);
    return this.written;
  }

  /** As CloudEvents JSON. */
  get text(): string {
    return cloudEvent(this.event, this.publicUrl);
  }

  /** The resource's tags; none where the data are about something else. */
  get tags(): ReadonlySet<string> {
    if (this.found === undefined) {
      const { tags } = JSON.parse(this.event.data) as { tags?: unknown };
      this.found = new Set(Array.isArray(tags) ? (tags as string[]) : []);
    }
    return this.found;
  }
}
