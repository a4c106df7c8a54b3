import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound, Problem } from '../../platform/problem/problem.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import type { Caller } from '../resource/caller.js';
import { describeNew, describePatched, lockForChange, lockForDelete, saveChange } from '../resource/change.js';
import { chosenId, newId, pathId } from '../resource/id.js';
import { Idempotency } from '../resource/idempotency.js';
import { insertNew } from '../resource/insert.js';
import { list } from '../resource/listing.js';
import { Receiver } from './receiver.js';
import { SecretBox } from './secret-box.js';
import { newWebhookSecret, signedHeaders } from './signing.js';
import {
  WEBHOOK_SORTS,
  WebhookDocument,
  type NewWebhook,
  type SecretRotation,
  type TestOutcome,
  type WebhookChange,
  type WebhookListQuery,
} from './webhook.dto.js';
import { WebhookEntity } from './webhook.entity.js';
import { BEGIN_PROGRESS, COUNT_WEBHOOKS, PROGRESS_OF, TRY_AFRESH, type ProgressRow } from './webhook.queries.js';

/** Each may have a worker in this process. */
const MAX_WEBHOOKS = 200;
const DAY = 86_400;

const shown = (webhook: WebhookEntity): Reply =>
  reply({ location: `/webhooks/${webhook.id}`, version: webhook.version, body: WebhookDocument.from(webhook) });

@Injectable()
export class WebhooksService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly idempotency: Idempotency,
    private readonly receiver: Receiver,
    private readonly box: SecretBox,
  ) {}

  list(query: WebhookListQuery): Promise<Reply> {
    return list(this.database, {
      ...{ entity: WebhookEntity, key: 'webhooks', query, whole: false, sorts: WEBHOOK_SORTS },
      documents: async (rows) => {
        const progress = await this.progressOf(rows.map(({ id }) => id));
        return rows.map((row) => WebhookDocument.from(row, progress.get(row.id)));
      },
    });
  }

  async show(id: string): Promise<Reply> {
    const webhook = await this.find(id);
    const progress = await this.progressOf([webhook.id]);
    return reply({ version: webhook.version, body: WebhookDocument.from(webhook, progress.get(webhook.id)) });
  }

  create(caller: Caller, body: NewWebhook): Promise<Reply> {
    return this.withSecret(caller, async (unit, secret) => {
      const [row] = await unit.query<{ count: number }>(COUNT_WEBHOOKS);
      if ((row?.count ?? 0) >= MAX_WEBHOOKS) {
        throw new Problem('quota-exceeded', `There are ${MAX_WEBHOOKS} webhooks, which is as many as there may be.`);
      }
      const id = chosenId(body.id);
      const { types = [], subjects = [], owners = [], enabled = true } = body;
      const webhook = await insertNew(unit, WebhookEntity, {
        ...{ id, ...describeNew(body), url: this.receiver.checkedUrl(body.url), types, subjects, owners, enabled },
        ...{ disabledReason: null, secret: this.box.seal(id, secret), oldSecret: null, oldSecretUntil: null },
      });
      unit.write(BEGIN_PROGRESS, [id, body.after ?? null]);
      unit.emit({ noun: 'webhook', verb: 'created', id, data: told(webhook) });
      return webhook;
    });
  }

  update(caller: Caller, id: string, body: WebhookChange): Promise<Reply> {
    return this.units.run(async (unit) => {
      const before = await lockForChange(unit, WebhookEntity, 'webhook', pathId('webhook', id), caller);
      const shownBefore = told(before);
      const url = body.url === undefined ? before.url : this.receiver.checkedUrl(body.url);
      const enabled = body.enabled ?? before.enabled;
      if (url !== before.url || (enabled && !before.enabled)) unit.write(TRY_AFRESH, [before.id]);
      const webhook = await saveChange(unit, WebhookEntity, before, {
        ...describePatched(before, body, caller),
        ...{ url, enabled, disabledReason: enabled ? null : before.disabledReason },
        types: body.types ?? before.types,
        subjects: body.subjects ?? before.subjects,
        owners: body.owners ?? before.owners,
      });
      unit.emit({ noun: 'webhook', verb: 'updated', id: webhook.id, data: withChanges(shownBefore, told(webhook)) });
      return shown(webhook);
    }, caller);
  }

  delete(caller: Caller, id: string): Promise<Reply> {
    return this.units.run(async (unit) => {
      const webhook = await lockForDelete(unit, WebhookEntity, 'webhook', pathId('webhook', id), caller);
      await unit.transaction.manager.delete(WebhookEntity, { id: webhook.id });
      unit.emit({ noun: 'webhook', verb: 'deleted', id: webhook.id, data: told(webhook) });
      return reply({ location: '/webhooks' });
    }, caller);
  }

  /** A new secret; the one before signs too for a while. */
  rotate(caller: Caller, id: string, { overlapSeconds = DAY }: SecretRotation): Promise<Reply> {
    return this.withSecret(caller, async (unit, secret) => {
      const before = await lockForChange(unit, WebhookEntity, 'webhook', pathId('webhook', id), caller);
      const shownBefore = told(before);
      const webhook = await saveChange(unit, WebhookEntity, before, {
        secret: this.box.seal(before.id, secret),
        oldSecret: overlapSeconds === 0 ? null : before.secret,
        oldSecretUntil: overlapSeconds === 0 ? null : new Date(Date.now() + overlapSeconds * 1000),
      });
      unit.emit({ noun: 'webhook', verb: 'updated', id: webhook.id, data: withChanges(shownBefore, told(webhook)) });
      return webhook;
    });
  }

  /**
   * Sends a ping at once, enabled or not, outside of the stream. In no transaction: it takes as long as the receiver does,
   * and changes nothing here.
   */
  async test(id: string): Promise<Reply> {
    const webhook = await this.find(id);
    const [ping, now] = [newId(), new Date()];
    const body = JSON.stringify({
      ...{ specversion: '1.0', id: ping, source: 'berth', type: 'ipam.webhook.ping.v1' },
      ...{ subject: `webhooks/${webhook.id}`, time: now.toISOString(), datacontenttype: 'application/json' },
      data: { id: webhook.id, name: webhook.name },
    });
    const old = webhook.oldSecretUntil !== null && webhook.oldSecretUntil > now ? webhook.oldSecret : null;
    const secrets = [webhook.secret, ...(old === null ? [] : [old])].map((one) => this.box.open(webhook.id, one));
    const headers = { 'content-type': 'application/cloudevents+json', ...signedHeaders(secrets, ping, now, body) };
    const begin = performance.now();
    const { delivered, status, error } = await this.receiver.send({ url: webhook.url, headers, body });
    const outcome: TestOutcome = { delivered, status, error, milliseconds: Math.round(performance.now() - begin) };
    return reply({ body: outcome });
  }

  /** The webhook of a path. */
  async find(id: string): Promise<WebhookEntity> {
    const key = pathId('webhook', id);
    const webhook = await this.database.read((manager) => manager.findOneBy(WebhookEntity, { id: key }));
    if (webhook === null) throw notFound('webhook', id);
    return webhook;
  }

  /**
   * Runs a POST that makes a secret. The secret is put into this one answer and not into what is remembered under the
   * Idempotency-Key: who asks again has the answer without it, and may rotate.
   */
  private async withSecret(
    caller: Caller,
    work: (unit: Unit, secret: string) => Promise<WebhookEntity>,
  ): Promise<Reply> {
    const kept: { made?: { webhook: WebhookEntity; secret: string } } = {};
    const answer = await this.idempotency.run(caller, async (unit) => {
      const secret = newWebhookSecret();
      const webhook = await work(unit, secret);
      kept.made = { webhook, secret };
      return shown(webhook);
    });
    const { made } = kept;
    if (made === undefined) return answer;
    return reply({ ...answer, body: Object.assign(WebhookDocument.from(made.webhook), { secret: made.secret }) });
  }

  private async progressOf(ids: readonly string[]): Promise<Map<string, ProgressRow>> {
    const rows = await this.database.query<ProgressRow>(PROGRESS_OF, [ids]);
    return new Map(rows.map((row) => [row.id, row]));
  }
}

/** What events tell. Members read them too: path and query of the URL, which may be what lets one in there, are not for them. */
const told = (webhook: WebhookEntity): WebhookDocument =>
  Object.assign(WebhookDocument.from(webhook), { url: new URL(webhook.url).origin });
