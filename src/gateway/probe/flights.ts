import { randomFillSync } from 'node:crypto';
import { NONCE_BYTES } from './echo.js';

/** Sequence numbers are of 16 bits. */
const SLOTS = 65_536;
/** Nonces are made so many at once, when the first of them is needed. */
const SEGMENT = 1_024;

interface Flight<T> {
  readonly item: T;
  readonly address: string;
  readonly sentAt: number;
}

/**
 * Requests under way, each in the slot of its sequence number. All wait equally long, so they end in the order in which they
 * were sent: the ring is a timer wheel of which only the oldest slot need be looked at. Times in milliseconds.
 */
export class Flights<T> {
  readonly nonces = Buffer.alloc(SLOTS * NONCE_BYTES);
  private readonly slots = new Array<Flight<T> | undefined>(SLOTS);
  /** Numbers of the oldest that may be under way and of the next, counted on without end. */
  private oldest = 0;
  private next = 0;

  /** So that a segment's nonces are made anew only when none of its requests is under way. */
  get full(): boolean {
    return this.next - this.oldest >= SLOTS - SEGMENT;
  }

  get idle(): boolean {
    return this.next === this.oldest;
  }

  /** The sequence number of the next request; its nonce lies in `nonces` at NONCE_BYTES times it. */
  sequence(): number {
    const sequence = this.next % SLOTS;
    if (sequence % SEGMENT === 0) randomFillSync(this.nonces, sequence * NONCE_BYTES, SEGMENT * NONCE_BYTES);
    return sequence;
  }

  /** The request with that sequence number was sent. */
  sent(item: T, address: string, sentAt: number): void {
    this.slots[this.next % SLOTS] = { item, address, sentAt };
    this.next++;
  }

  /** What a reply answers, unless it is late, told twice, forged, or of another machine than was asked. */
  answered(sequence: number, nonce: Buffer, source: string): Flight<T> | undefined {
    const flight = this.slots[sequence];
    if (flight?.address !== source) return undefined;
    const at = sequence * NONCE_BYTES;
    if (nonce.compare(this.nonces, at, at + NONCE_BYTES) !== 0) return undefined;
    this.slots[sequence] = undefined;
    return flight;
  }

  /** Takes out what was sent before `time` and got no answer, one a call. */
  expired(time: number): Flight<T> | undefined {
    while (this.oldest < this.next) {
      const slot = this.oldest % SLOTS;
      const flight = this.slots[slot];
      if (flight !== undefined && flight.sentAt >= time) return undefined;
      this.oldest++;
      if (flight !== undefined) {
        this.slots[slot] = undefined;
        return flight;
      }
    }
    return undefined;
  }
}
