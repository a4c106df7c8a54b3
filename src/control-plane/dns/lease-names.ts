import { randomUUID } from 'node:crypto';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { server as parseServer } from '../../platform/config/dns-values.js';
import type { Database } from '../../platform/database/database.js';
import { DnsClient, DnsError } from '../../platform/dns/client.js';
import { RCODE } from '../../platform/dns/message.js';
import { sameName } from '../../platform/dns/name.js';
import type { TsigKey } from '../../platform/dns/tsig.js';
import type { Log } from '../../platform/logging/log.js';
import type { EventSignal } from '../events/event-signal.js';
import type { Metrics } from '../../platform/metrics/metrics.js';
import { Backoff, Wakeable } from '../../platform/loop/wakeable.js';
import {
  END_ROUND,
  FORGET_NAME,
  FORGET_ZONES,
  LEAVE_ZONE,
  LOCK_ROUND,
  LOOK,
  NAMES_TO_CHECK,
  NEW_NAMES,
  NOT_TOLD,
  PLAN_NAMES,
  PLAN_ZONES,
  TAKE_ZONE,
  TOLD,
} from './dns.queries.js';
import { markOf, tellName } from './guarded-update.js';

const EVERY_MS = 1_000;
/** Events that come together are one look, and looks are no closer than that. */
const TOGETHER_MS = 250;
/** Names are worked out anew at least this often, whatever the events say. */
const AT_LEAST_MS = 60_000;
/** After a planning that took t, the next begins no sooner than REST * t later. */
const REST = 20;
/** A turn at a zone; far longer than one name can take, so that its end is never met in the middle of an update. */
const TURN_SECONDS = 60;
/** When no further name of the turn is begun. */
const ENOUGH_MS = 20_000;
const BATCH = 200;
/** Updates under way at a time: the server works on them one after another anyway. */
const WIDTH = 8;
/** What concerns the whole zone: to ask for the next name would be in vain. */
const WHOLE_ZONE: readonly (number | undefined)[] = [RCODE.NOTAUTH, 4];

interface Look {
  position: string;
  told: string;
  tookMs: number;
  ageMs: number;
  duid: string;
}

interface Zone {
  server: string;
  zone: string;
  key: string;
  failures: number;
}

interface DueName {
  name: string;
  ttl: number;
  wanted: string[];
  known: boolean;
}

/**
 * Keeps the names of leases in DNS. First the rows say what each name shall tell; then what differs is told, and what does not
 * is told again now and then, so that what others have deleted comes back. A claim never waits for it, nor for a DNS server.
 *
 * Any number of processes run it: one plans, under the lock of the one row of dns_round, and one works at a zone, whose turn
 * runs out should the process be gone. With the server away the zone rests, at most a minute at a time, and then everything
 * follows; with the database away it tries again with back-off. Killed between an update and its note, it sends the same
 * again, which changes nothing.
 */
export class LeaseNames implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sleep = new Wakeable();
  private readonly backoff = new Backoff(EVERY_MS, 30_000);
  private readonly worker = randomUUID();
  private readonly clients = new Map<string, DnsClient>();
  private stopped = false;
  private soon: NodeJS.Timeout | undefined;
  private unlisten: (() => void) | undefined;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly signal: EventSignal,
    private readonly metrics: Pick<Metrics, 'dnsUpdates'>,
    private readonly settings: { keys: readonly TsigKey[] | undefined; checkSeconds: number },
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.unlisten = this.signal.onSequenced(() => {
      this.soon ??= setTimeout(() => {
        this.soon = undefined;
        this.sleep.wake();
      }, TOGETHER_MS);
    });
    this.loop = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.unlisten?.();
    clearTimeout(this.soon);
    this.sleep.wake();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      let pause = EVERY_MS;
      try {
        const duid = await this.plan();
        while (!this.isStopped() && (await this.workAtOne(duid)));
        this.backoff.reset();
      } catch (error) {
        pause = this.backoff.next();
        const cause = error instanceof Error ? error.message : String(error);
        this.log('warn', 'names cannot be kept in DNS now; it will be tried again', { inMs: pause, cause });
      }
      if (!this.isStopped()) await this.sleep.sleep(pause);
    }
  }

  // a method, since the compiler takes the field's value at the head of the loop for its value ever after
  private isStopped(): boolean {
    return this.stopped;
  }

  /** Answers with our DUID. The place in the stream is read before the rows: what was not seen has a later one. */
  private async plan(): Promise<string> {
    const [look] = await this.database.query<Look>(LOOK);
    if (look === undefined) throw new Error('a row of the migrations is missing');
    if (isDue(look)) {
      await this.database.transaction(async (transaction) => {
        const [mine] = await transaction.query<Look>(LOCK_ROUND);
        if (mine === undefined || !isDue(mine)) return;
        const begin = performance.now();
        await transaction.query(PLAN_ZONES);
        await transaction.query(PLAN_NAMES);
        transaction.write(END_ROUND, [mine.told, performance.now() - begin]);
      });
    }
    return look.duid;
  }

  /** A turn at one zone; false when there is none to take. */
  private async workAtOne(duid: string): Promise<boolean> {
    const [zone] = await this.database.query<Zone>(TAKE_ZONE, [this.worker, TURN_SECONDS]);
    if (zone === undefined) return false;
    let problem: string | null = null;
    try {
      await this.workAt(zone, duid);
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      problem = error.message;
      if (zone.failures === 0) {
        this.log('warn', 'names of a zone cannot be told now; it will be tried again', { zone: zone.zone, problem });
      }
    }
    await this.database.query(LEAVE_ZONE, [zone.server, zone.zone, this.worker, problem]);
    await this.database.query(FORGET_ZONES);
    return true;
  }

  private async workAt(zone: Zone, duid: string): Promise<void> {
    const client = this.clientOf(zone);
    const begin = Date.now();
    for (const due of [NEW_NAMES, NAMES_TO_CHECK]) {
      const names = await this.database.query<DueName>(due, [zone.server, zone.zone, BATCH]);
      let problem: unknown;
      const work = async (): Promise<void> => {
        for (;;) {
          const over = problem !== undefined || this.stopped || Date.now() - begin > ENOUGH_MS;
          const next = over ? undefined : names.shift();
          if (next === undefined) return;
          await this.tell(client, zone, next, duid).catch((error: unknown) => (problem = error));
        }
      };
      await Promise.all(Array.from({ length: WIDTH }, work));
      if (problem !== undefined) throw problem as Error;
    }
  }

  private async tell(client: DnsClient, { server, zone }: Zone, due: DueName, duid: string): Promise<void> {
    const { name, ttl, wanted, known } = due;
    const whole = [server, zone, name];
    let problem: string | undefined;
    try {
      const mark = markOf(duid, name);
      const outcome = await tellName(client, { zone, name, ttl, records: wanted, mark, known });
      if (outcome === 'foreign') problem = 'somebody else has records at this name: they are left alone';
    } catch (error) {
      if (error instanceof DnsError) this.metrics.dnsUpdates.add({ zone, outcome: error.reason });
      if (!(error instanceof DnsError) || error.reason !== 'refused' || WHOLE_ZONE.includes(error.rcode)) throw error;
      await this.database.query(NOT_TOLD, [...whole, error.message]);
      return;
    }
    this.metrics.dnsUpdates.add({ zone, outcome: problem === undefined ? 'done' : 'foreign' });
    if (problem !== undefined) await this.database.query(NOT_TOLD, [...whole, problem]);
    else if (wanted.length === 0) await this.database.query(FORGET_NAME, whole);
    else await this.database.query(TOLD, [...whole, wanted, ttl, this.settings.checkSeconds]);
  }

  /** Kept, so that a server's name is looked up only after it has not answered. */
  private clientOf({ server, key: name }: Zone): DnsClient {
    const key = this.settings.keys?.find((one) => sameName(one.name, name));
    if (key === undefined)
      throw new DnsError('key', `DNS_KEYS has no key ${name}: add it, or name another in the pool`);
    const id = `${server} ${name}`;
    const client = this.clients.get(id) ?? new DnsClient(parseServer(server), key);
    this.clients.set(id, client);
    return client;
  }
}

/** A little less than the interval is enough: the next look of this process may be a little early. */
const isDue = ({ position, told, tookMs, ageMs }: Look): boolean =>
  ageMs >= Math.max(position === told ? AT_LEAST_MS : TOGETHER_MS * 0.9, REST * tookMs);
