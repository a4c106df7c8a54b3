import { DnsClient, type DnsServer } from '../../platform/dns/client.js';
import { recordsOf, TYPE } from '../../platform/dns/message.js';
import type { TsigKey } from '../../platform/dns/tsig.js';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import { formatAddress } from '../../ip/address.js';
import type { Log } from '../settings.js';
import { AddressReader, type Addresses } from './addresses.js';
import { AddressMonitor } from './monitor.js';
import { toldOf, updatesFor, type RecordSettings } from './updates.js';

export interface DnsUpdateSettings extends RecordSettings {
  server: DnsServer;
  key: TsigKey;
  /** Interface; that of the default route without it. */
  device: string | undefined;
  /** How often the address is looked at although the kernel told of no change. */
  lookMs: number;
  /** How often records are sent although nothing has changed. */
  repeatMs: number;
  /** Only say what would be sent. */
  plan: boolean;
}

/** An address that goes is often one that is being renewed: for so long the old one is told. */
const GRACE_MS = 5_000;

/**
 * Keeps this machine's address in DNS. Event-driven by the kernel, with a look every few seconds in case it said nothing; sent
 * when it changed, and every two minutes anyway, so the server may lose its state. With the server away it is tried again
 * with back-off, and at once when the address changes; the records stay as they are when this process ends.
 */
export class DnsUpdater {
  private readonly client: DnsClient;
  private readonly reader: AddressReader;
  private readonly monitor: AddressMonitor;
  private readonly sleep = new Wakeable();
  private readonly running: Promise<void>;
  private readonly backoff: Backoff;
  private stopped = false;
  /** What DNS tells, as far as we know; undefined before the first answer. */
  private told: readonly string[] | undefined;
  /** What was last sent, whatever came of it. */
  private sent: string | undefined;
  private dueAt = 0;
  private emptySince: number | undefined;
  private complaint: string | undefined;

  constructor(
    private readonly settings: DnsUpdateSettings,
    private readonly log: Log,
  ) {
    this.client = new DnsClient(settings.server, settings.key);
    this.reader = new AddressReader(settings.device);
    this.backoff = new Backoff(1_000, Math.min(60_000, settings.repeatMs));
    this.monitor = new AddressMonitor(() => this.sleep.wake(), log);
    this.running = this.run();
  }

  async close(): Promise<void> {
    this.stopped = true;
    this.sleep.wake();
    await Promise.all([this.running, this.monitor.close()]);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      await this.round();
      if (!this.isStopped())
        await this.sleep.sleep(Math.max(0, Math.min(this.settings.lookMs, this.dueAt - Date.now())));
    }
  }

  // a method, since the compiler takes the field's value at the head of the loop for its value ever after
  private isStopped(): boolean {
    return this.stopped;
  }

  private async round(): Promise<void> {
    let addresses: Addresses;
    try {
      addresses = await this.reader.read();
    } catch (error) {
      // What is in DNS stays: not to know the address is not to have none.
      this.dueAt = Date.now() + this.settings.lookMs;
      this.complain('the address of this machine cannot be read', error);
      return;
    }
    const now = toldOf(this.settings, addresses).join();
    this.emptySince = now === '' ? (this.emptySince ?? Date.now()) : undefined;
    if (this.emptySince !== undefined && Date.now() < this.emptySince + GRACE_MS) {
      this.dueAt = this.emptySince + GRACE_MS;
      return;
    }
    if (now === this.sent && Date.now() < this.dueAt) return;
    if (now !== this.sent) this.backoff.reset();
    this.sent = now;
    try {
      await this.send(addresses);
      this.backoff.reset();
      this.dueAt = Date.now() + this.settings.repeatMs;
    } catch (error) {
      this.dueAt = Date.now() + this.backoff.next(true);
      this.complain(`DNS does not tell the address of ${this.settings.name} yet`, error);
    }
  }

  private async send(addresses: Addresses): Promise<void> {
    const { settings } = this;
    const { name, zone, reverseZones, server, plan } = settings;
    const now = toldOf(settings, addresses);
    const words = `${name} in zone ${zone} at ${server.host} is ${now.length === 0 ? 'no address' : now.join(', ')}`;
    if (plan) {
      if (this.told?.join() !== now.join()) this.log('info', `DNS update that apply mode would send: ${words}`);
      this.told = now;
      return;
    }
    const before = this.told ?? (reverseZones.length > 0 ? await this.askWhatIsTold() : []);
    for (const update of updatesFor(settings, addresses, before)) await this.client.update(update);
    if (this.told?.join() !== now.join() || this.complaint !== undefined) this.log('info', `DNS was updated: ${words}`);
    this.told = now;
    this.complaint = undefined;
  }

  /** What an earlier process of ours has left there: its PTR records have to go with it. */
  private async askWhatIsTold(): Promise<string[]> {
    const { name, types } = this.settings;
    const told: string[] = [];
    for (const type of types) {
      for (const { data } of recordsOf((await this.client.query(name, type)).answer, name, TYPE[type])) {
        const value = BigInt(`0x${Buffer.from(data).toString('hex')}`);
        told.push(formatAddress({ family: type === 'A' ? 4 : 6, value }));
      }
    }
    return told;
  }

  /** Once for each new reason: the server may be away for a day. */
  private complain(what: string, error: unknown): void {
    const message = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    if (message !== this.complaint) this.log('warn', message);
    this.complaint = message;
  }
}
