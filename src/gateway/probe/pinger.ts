import { randomInt } from 'node:crypto';
import type { Family } from '../../ip/address.js';
import { NONCE_BYTES } from './echo.js';
import { EchoSocket } from './echo-socket.js';
import { Flights } from './flights.js';
import { type Pace, TICK_MS } from './pace.js';

/** Round-trip time in milliseconds; or no answer; or the request could not be sent, which says nothing of the target. */
export type Ping = number | 'silent' | 'unsent';

export interface PingSettings {
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** Requests to a silent address. */
  readonly attempts: number;
}

interface Wanted {
  readonly address: string;
  readonly sweep: Sweep;
  attempt: number;
}

interface Sweep {
  readonly addresses: Iterator<string>;
  readonly again: Wanted[];
  readonly onResult: (address: string, ping: Ping) => void;
  readonly done: () => void;
  exhausted: boolean;
  pending: number;
}

/**
 * Pings any number of addresses from one socket a family. Sweeps that run together are served in turn, so a large one does
 * not keep a small one waiting. A round-trip time includes what this process did between the reply's arrival and its
 * reading.
 */
export class Pinger {
  private readonly id = randomInt(65_536);
  private readonly flights = new Flights<Wanted>();
  private readonly sockets = new Map<Family, EchoSocket>();
  private sweeps: Sweep[] = [];
  private ticking: NodeJS.Timeout | undefined;

  constructor(
    private readonly settings: PingSettings,
    private readonly pace: Pace,
  ) {}

  /** Asks each address, in canonical text, and tells of each once; the addresses are drawn as they can be sent. */
  sweep(addresses: Iterable<string>, onResult: (address: string, ping: Ping) => void): Promise<void> {
    return new Promise((done) => {
      const iterator = addresses[Symbol.iterator]();
      this.sweeps.push({ addresses: iterator, again: [], onResult, done, exhausted: false, pending: 0 });
      this.ticking ??= setInterval(() => this.tick(), TICK_MS);
    });
  }

  /** Ends every sweep where it is. */
  close(): void {
    clearInterval(this.ticking);
    for (const socket of this.sockets.values()) socket.close();
    for (const sweep of this.sweeps.splice(0)) sweep.done();
  }

  private tick(): void {
    const now = performance.now();
    const late = now - this.settings.timeoutMs;
    for (let flight = this.flights.expired(late); flight; flight = this.flights.expired(late)) {
      this.unanswered(flight.item, 'silent');
    }
    this.send(this.pace.allowance());
    for (const { done } of this.sweeps.filter(ended)) done();
    this.sweeps = this.sweeps.filter((sweep) => !ended(sweep));
    if (this.sweeps.length > 0 || !this.flights.idle) return;
    clearInterval(this.ticking);
    this.ticking = undefined;
  }

  private send(allowance: number): void {
    let sent = 0;
    while (sent < allowance && !this.flights.full) {
      const wanted = this.next();
      if (wanted === undefined) break;
      const sending = this.request(wanted);
      if (sending === 'busy') {
        wanted.sweep.again.unshift(wanted);
        break;
      }
      sent++;
      if (sending === 'refused') this.unanswered(wanted, 'unsent');
    }
    this.pace.spend(sent);
  }

  private next(): Wanted | undefined {
    for (let tries = this.sweeps.length; tries > 0; tries--) {
      const sweep = this.sweeps.shift();
      if (sweep === undefined) return undefined;
      this.sweeps.push(sweep);
      const again = sweep.again.shift();
      if (again !== undefined) return again;
      if (sweep.exhausted) continue;
      const drawn = sweep.addresses.next();
      if (drawn.done !== true) {
        sweep.pending++;
        return { address: drawn.value, sweep, attempt: 0 };
      }
      sweep.exhausted = true;
    }
    return undefined;
  }

  private request(wanted: Wanted): 'sent' | 'busy' | 'refused' {
    const socket = this.socketFor(wanted.address.includes(':') ? 6 : 4);
    if (socket === undefined) return 'refused';
    const sequence = this.flights.sequence();
    const sentAt = performance.now();
    const sending = socket.send(wanted.address, sequence, this.flights.nonces, sequence * NONCE_BYTES);
    if (sending === 'sent') this.flights.sent(wanted, wanted.address, sentAt);
    return sending;
  }

  private socketFor(family: Family): EchoSocket | undefined {
    const open = this.sockets.get(family);
    if (open?.usable === true) return open;
    try {
      const socket = new EchoSocket(family, this.id, ({ sequence, nonce }, source) => {
        const flight = this.flights.answered(sequence, nonce, source);
        if (flight !== undefined) this.settle(flight.item, performance.now() - flight.sentAt);
      });
      this.sockets.set(family, socket);
      return socket;
    } catch {
      // No such family in this kernel, or no leave: whoever needs to know has asked `whyNoProbes` before.
      return undefined;
    }
  }

  private unanswered(wanted: Wanted, how: 'silent' | 'unsent'): void {
    wanted.attempt++;
    if (how === 'silent' && wanted.attempt < this.settings.attempts) wanted.sweep.again.push(wanted);
    else this.settle(wanted, how);
  }

  private settle({ sweep, address }: Wanted, ping: Ping): void {
    sweep.pending--;
    sweep.onResult(address, ping);
  }
}

const ended = ({ exhausted, pending }: Sweep): boolean => exhausted && pending === 0;

/** Why this process cannot ping, in words for people; undefined when it can. */
export function whyNoPings(): string | undefined {
  try {
    new EchoSocket(4, 0, () => undefined).close();
    return undefined;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return `raw sockets cannot be opened (${words}): run the gateway as root, or with CAP_NET_RAW`;
  }
}
