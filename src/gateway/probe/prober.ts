import type { ReachabilityReport } from '../../contract/reachability.js';
import { Wakeable } from '../../platform/loop/wakeable.js';
import type { Log } from '../settings.js';
import { inDoubt } from './damping.js';
import { learn, news, type Known, type Look } from './known.js';
import { Pace } from './pace.js';
import { Pinger, type Ping, type PingSettings } from './pinger.js';
import { hostsIn, isOwn, type Targets } from './targets.js';
import { tryPort } from './tcp.js';

export interface ProbeSettings extends PingSettings {
  /** Packets a second, of all kinds together. */
  readonly rate: number;
  /** How often an address is looked at. */
  readonly intervalMs: number;
  /** How often the gateway's own networks are swept for machines that no map leads to; undefined: never. */
  readonly sweepMs: number | undefined;
}

/** How soon an address is looked at again after a look that speaks against what is held true of it. */
const DOUBT_MS = 5_000;
/** TCP connections under way at once. */
const WIDTH = 256;
/** How often is looked for addresses whose time has come. */
const LOOK_MS = 250;

interface Watched {
  dueAt: number;
  looking: boolean;
  known?: Known;
}

/**
 * Looks at addresses, new ones at once and all of them at intervals, and tells what changed. No address is looked at twice
 * at a time; one that cannot be looked at delays no other. What it knows is lost with the process and found out anew.
 */
export class Prober {
  private readonly pace;
  private readonly pinger;
  private readonly watched = new Map<string, Watched>();
  private readonly closing = new AbortController();
  private readonly wake = new Wakeable();
  private readonly running: Promise<unknown>;
  private targets: Targets = { ports: new Map(), networks: [] };
  private connecting = 0;
  private sweepAt = 0;

  constructor(
    private readonly settings: ProbeSettings,
    private readonly tell: (news: ReachabilityReport) => void,
    private readonly log: Log,
  ) {
    this.pace = new Pace(settings.rate);
    this.pinger = new Pinger(settings, this.pace);
    this.running = this.run();
  }

  /** What there is to probe from now on. */
  submit(targets: Targets): void {
    this.targets = targets;
    const gone: string[] = [];
    for (const [address, { known }] of this.watched) {
      if (targets.ports.has(address) || (known !== undefined && this.sweeps() && isOwn(targets, address))) continue;
      this.watched.delete(address);
      gone.push(address);
    }
    if (gone.length > 0) this.tell({ results: [], gone });
    for (const [address, ports] of targets.ports) {
      const watched = this.watched.get(address);
      if (watched === undefined) this.watched.set(address, { dueAt: 0, looking: false });
      else if (watched.known !== undefined && differ(watched.known.look.ports, ports)) watched.dueAt = 0;
    }
    this.wake.wake();
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.pinger.close();
    this.wake.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.closing.signal.aborted) {
      const now = Date.now();
      const due: string[] = [];
      for (const [address, watched] of this.watched) {
        if (watched.looking || watched.dueAt > now) continue;
        watched.looking = true;
        due.push(address);
      }
      if (due.length > 0) void this.look(due);
      if (this.sweeps() && now >= this.sweepAt) {
        this.sweepAt = Infinity;
        void this.sweep().then(() => (this.sweepAt = Date.now() + (this.settings.sweepMs ?? 0)));
      }
      await this.wake.sleep(LOOK_MS);
    }
  }

  private sweeps(): boolean {
    return this.settings.sweepMs !== undefined && this.targets.networks.length > 0;
  }

  /** Asks each address by ping and at its ports; each is settled as soon as it has answered or not. */
  private look(addresses: readonly string[]): Promise<void> {
    return this.pinger.sweep(addresses, (address, ping) => void this.tryPorts(address, ping));
  }

  private async tryPorts(address: string, ping: Ping): Promise<void> {
    const ports = this.targets.ports.get(address) ?? [];
    const tried = await Promise.all(ports.map(async (port) => ({ port, answer: await this.tryPort(address, port) })));
    if (!this.closing.signal.aborted) this.settle(address, { ping, ports: tried });
  }

  private async tryPort(address: string, port: number) {
    while (this.connecting >= WIDTH) await this.pace.turn();
    this.connecting++;
    await this.pace.turn();
    try {
      return await tryPort(address, port, this.settings.timeoutMs, this.closing.signal);
    } finally {
      this.connecting--;
    }
  }

  private settle(address: string, look: Look): void {
    const watched = this.watched.get(address);
    if (watched === undefined) return;
    const now = Date.now();
    const known = learn(watched.known, look, now);
    const next = inDoubt(known.verdict) ? Math.min(DOUBT_MS, this.settings.intervalMs) : this.settings.intervalMs;
    // Spread, or all that began together would be looked at together for ever.
    watched.dueAt = now + next * (0.9 + Math.random() * 0.2);
    watched.looking = false;
    watched.known = known;
    const told = news(address, known);
    if (told === undefined) return;
    watched.known = told.known;
    const forgotten = known.verdict.state === 'unreachable' && !this.targets.ports.has(address);
    if (forgotten) this.watched.delete(address);
    this.tell({ results: forgotten ? [] : [told.observed], gone: forgotten ? [address] : [] });
  }

  /** Looks at every address of the gateway's networks once; from then on what answers is watched as mapped addresses are. */
  private async sweep(): Promise<void> {
    const { networks } = this.targets;
    const started = Date.now();
    let found = 0;
    await this.pinger.sweep(this.unwatched(hostsIn(networks)), (address, ping) => {
      if (typeof ping !== 'number' || !isOwn(this.targets, address) || this.watched.has(address)) return;
      found++;
      this.watched.set(address, { dueAt: 0, looking: true });
      this.settle(address, { ping, ports: [] });
    });
    this.log('info', `swept the gateway's networks: ${found} addresses answer that no port map leads to`, {
      seconds: Math.round((Date.now() - started) / 1_000),
    });
  }

  private *unwatched(addresses: Iterable<string>): Generator<string> {
    for (const address of addresses) if (!this.watched.has(address) && isOwn(this.targets, address)) yield address;
  }
}

const differ = (tried: Look['ports'], ports: readonly number[]): boolean =>
  tried.length !== ports.length || tried.some(({ port }, index) => port !== ports[index]);
