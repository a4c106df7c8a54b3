/** What the window holds of an event until the stream has it. */
export interface Outgoing {
  /** Event id, the Nats-Msg-Id. */
  id: string;
  position: number;
  /** Size of the message. */
  bytes: number;
}

/** The server's answer to one message: its acknowledgement (JetStream's PubAck), or why there is none. */
export type Answer = { seq: number; duplicate?: boolean } | { code: number; reason: string };

/** The message cannot follow the one before it: that was not stored, or somebody else wrote to the stream meanwhile. */
export class ChainBroken extends Error {}

/** The server does not take this message for what it is, whenever it comes. */
export class Refused extends Error {
  constructor(
    readonly position: number,
    reason: string,
  ) {
    super(reason);
  }
}

/** Error codes of JetStream: wrong last sequence; and those about one message only: it, or its headers, are too large. */
const WRONG_LAST_SEQUENCE = 10071;
const ABOUT_THE_MESSAGE = [10054, 10097];

const MOST_MESSAGES = 512;
const MOST_BYTES = 8 * 1024 * 1024;
const PATIENCE_MS = 5_000;

interface Sent extends Outgoing {
  /** The last sequence of the stream that it names. */
  after: number;
  acknowledged: boolean;
}

/**
 * Messages on their way to the stream, in order, so many and so large at once at most. Each names the sequence of the one
 * before it (Nats-Expected-Last-Sequence), so they are a chain: when one is lost, or another publisher goes on with the
 * stream, none behind it is stored. That is what makes sending without waiting safe, and what fences a process that was
 * frozen: whatever it sends after it was woken either is the very next event or is refused by the stream.
 */
export class PublishWindow {
  /** Position up to which the stream has every event. */
  acknowledged: number;
  private readonly pending: Sent[] = [];
  private bytes = 0;
  private sent = 0;
  private answered = 0;
  private most: number;
  private fault: Error | undefined;
  private wake: (() => void) | undefined;

  /**
   * @param sequence the last sequence of the stream
   * @param acknowledged position of its last event
   * @param certain whether the stream surely has no event after that; if not, one is sent at a time until it has not
   * @param stored told of every event that the stream has: newly, or again
   */
  constructor(
    private sequence: number,
    acknowledged: number,
    certain: boolean,
    private readonly stored: (duplicate: boolean) => void,
  ) {
    this.acknowledged = acknowledged;
    this.most = certain ? MOST_MESSAGES : 1;
  }

  get full(): boolean {
    return this.pending.length >= this.most || this.bytes >= MOST_BYTES || this.fault !== undefined;
  }

  /** Takes the next event; it goes out as the n-th message, after this sequence of the stream. */
  add({ id, position, bytes }: Outgoing): { n: number; after: number } {
    const after = this.sequence++;
    this.pending.push({ id, position, bytes, after, acknowledged: false });
    this.bytes += bytes;
    return { n: this.sent++, after };
  }

  /** Passes over an event that does not go out. */
  skip(position: number): void {
    if (this.pending.length === 0) this.acknowledged = position;
  }

  /** The server's answer to the n-th message. Answers may come out of order: to repetitions a cluster answers earlier. */
  answer(n: number, answer: Answer): void {
    const sent = this.pending[n - this.answered];
    if (this.fault !== undefined || sent === undefined) return;
    if ('seq' in answer) this.accept(sent, answer.seq, answer.duplicate === true);
    else if (answer.code === WRONG_LAST_SEQUENCE) this.fail(new ChainBroken(answer.reason));
    else if (ABOUT_THE_MESSAGE.includes(answer.code)) this.fail(new Refused(sent.position, answer.reason));
    else this.fail(new Error(`NATS did not store an event: ${answer.reason}`));
  }

  private accept(sent: Sent, sequence: number, duplicate: boolean): void {
    sent.acknowledged = true;
    this.stored(duplicate);
    if (sequence === sent.after + 1) this.most = Math.min(2 * this.most, MOST_MESSAGES);
    // It was there already, further back: the chain goes on from where it was, if nothing else was sent meanwhile.
    else if (this.pending.length === 1) this.sequence = sent.after;
    else this.fail(new ChainBroken('the stream had an event already'));
    while (this.pending[0]?.acknowledged === true) {
      const { bytes, position } = this.pending.shift() as Sent;
      this.answered++;
      this.bytes -= bytes;
      this.acknowledged = position;
    }
    this.wake?.();
  }

  /** Nothing more is stored by this window; who waits, or comes to wait, is told why. */
  fail(fault: Error): void {
    this.fault ??= fault;
    this.wake?.();
  }

  /** Resolves when one more can be sent. */
  async room(): Promise<void> {
    while (this.full) await this.progress();
  }

  /** Resolves when the stream has everything that was sent. */
  async drained(): Promise<void> {
    while (this.pending.length > 0 || this.fault !== undefined) await this.progress();
  }

  /** Resolves at the next answer; rejects after a fault, or when none comes for too long. */
  private async progress(): Promise<void> {
    if (this.fault === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => this.fail(new Error(`NATS did not answer in ${PATIENCE_MS} ms`)), PATIENCE_MS);
        this.wake = () => {
          clearTimeout(timer);
          this.wake = undefined;
          resolve();
        };
      });
    }
    if (this.fault !== undefined) throw this.fault;
  }
}
