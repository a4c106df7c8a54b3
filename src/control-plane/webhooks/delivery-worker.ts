import type { WebhookSettings } from './webhook-settings.js';
import type { Database } from '../../platform/database/database.js';
import type { Log } from '../../platform/logging/log.js';
import type { Metrics } from '../../platform/metrics/metrics.js';
import { readBatches, type StoredBatch } from '../events/batch.js';
import { cloudEvent } from '../events/event.js';
import { BATCHES_AFTER } from '../events/outbox.queries.js';
import type { UnitsOfWork } from '../events/unit-of-work.js';
import { attemptAll, type Attempts, type Pending } from './attempts.js';
import { DUE, SKIP_MISSED, STAND, WAITING_SUBJECTS } from './delivery.queries.js';
import { noteAttempts, type Noted } from './delivery-notes.js';
import type { DeliveryLease } from './lease.js';
import type { Outcome, Receiver } from './receiver.js';
import { AWAY_AFTER } from './schedule.js';
import type { SecretBox } from './secret-box.js';
import { signedHeaders } from './signing.js';
import { isWanted, type Wanted } from './wanted.js';

/** Wanted events of one step; after a crash so many may be delivered again. */
const SLICE = 64;
/** Rows of the outbox of one step. */
const MAX_BATCHES = 64;
/** Requests in progress to one receiver. */
const AT_ONCE = 8;
/** So many events may wait for another attempt: beyond, the rest waits in the outbox. */
const MAX_WAITING = 1_000;

interface Standing extends Wanted {
  position: number;
  swept: number;
  failures: number;
  failingSince: Date | null;
  rests: boolean;
  waiting: number;
  url: string;
  enabled: boolean;
  secret: string;
  oldSecret: string | null;
}

/** What the workers of all webhooks share. */
export interface Deliveries {
  database: Database;
  units: UnitsOfWork;
  receiver: Receiver;
  box: SecretBox;
  settings: WebhookSettings;
  /** Where the schemas of events are. */
  publicUrl: string;
  metrics: Metrics;
  log: Log;
}

/** Delivers for one webhook, for as long as its lease lasts: all it knows is in the rows. */
export class DeliveryWorker {
  constructor(
    private readonly shared: Deliveries,
    private readonly webhook: string,
    private readonly lease: DeliveryLease,
    private readonly stop: AbortSignal,
  ) {}

  /** Until there is nothing to do now. */
  async run(): Promise<void> {
    while (!this.stopped() && (await this.step()));
  }

  private stopped(): boolean {
    return this.stop.aborted || this.lease.signal.aborted;
  }

  /** What is due again first, then what is new. True when there may be more. */
  private async step(): Promise<boolean> {
    const { database, log } = this.shared;
    const [standing] = await database.query<Standing>(STAND, [this.webhook, this.lease.epoch]);
    if (standing === undefined || !standing.enabled || standing.rests) return false;
    if (standing.position < standing.swept) {
      log('warn', 'a webhook missed events: the outbox no longer had them', { webhook: this.webhook });
      await database.query(SKIP_MISSED, [this.webhook, standing.swept, this.lease.epoch]);
      return true;
    }
    const limit = standing.failures >= AWAY_AFTER ? 1 : SLICE;
    const due = await database.query<Pending>(DUE, [this.webhook, limit]);
    if (due.length > 0) return this.deliver(standing, due, new Set());
    return standing.waiting < MAX_WAITING && this.deliverNew(standing, limit);
  }

  private async deliverNew(standing: Standing, limit: number): Promise<boolean> {
    const { database } = this.shared;
    const batches = await database.query<StoredBatch>(BATCHES_AFTER, [standing.position, MAX_BATCHES]);
    let last = standing.position;
    const wanted: Pending[] = [];
    for (const event of readBatches(batches, standing.position)) {
      const { position, id, type, subject } = event;
      if (isWanted(standing, event)) {
        if (wanted.length === limit) break;
        wanted.push({ position, id, type, subject, body: cloudEvent(event, this.shared.publicUrl), attempts: 0 });
      }
      last = position;
    }
    if (last === standing.position) return false;
    const rows =
      standing.waiting === 0 ? [] : await database.query<{ subject: string }>(WAITING_SUBJECTS, [this.webhook]);
    return this.deliver(standing, wanted, new Set(rows.map(({ subject }) => subject)), last);
  }

  private async deliver(
    standing: Standing,
    events: readonly Pending[],
    held: ReadonlySet<string>,
    position?: number,
  ): Promise<boolean> {
    const { units, settings, log } = this.shared;
    const { failures, failingSince } = standing;
    const attempts = await attemptAll(events, held, failures, AT_ONCE, (event) => this.send(standing, event));
    // What was cut off tells nothing of the receiver.
    if (this.stopped()) return false;
    this.count(attempts);
    const noted: Noted = { ...attempts, webhook: this.webhook, epoch: this.lease.epoch, failuresBefore: failures };
    const disabled = await noteAttempts(units, settings, { ...noted, failingSince, position });
    if (disabled !== undefined) log('warn', 'a webhook was disabled', { webhook: this.webhook, reason: disabled });
    else if (failures < AWAY_AFTER && attempts.failures >= AWAY_AFTER) {
      log('warn', 'a webhook does not take events', { webhook: this.webhook, failures: attempts.failures });
    } else if (failures >= AWAY_AFTER && attempts.failures === 0) {
      log('info', 'a webhook takes events again', { webhook: this.webhook });
    }
    return disabled === undefined;
  }

  private send({ url, secret, oldSecret }: Standing, { id, body }: Pending): Promise<Outcome> {
    const { box, receiver } = this.shared;
    const secrets = [secret, ...(oldSecret === null ? [] : [oldSecret])].map((one) => box.open(this.webhook, one));
    const headers = { 'content-type': 'application/cloudevents+json', ...signedHeaders(secrets, id, new Date(), body) };
    return receiver.send({ url, headers, body }, AbortSignal.any([this.stop, this.lease.signal]));
  }

  private count({ tried }: Attempts): void {
    for (const { outcome } of tried) {
      if (outcome !== undefined) {
        this.shared.metrics.webhooks.add({ outcome: outcome.delivered ? 'delivered' : 'failed' });
      }
    }
  }
}
