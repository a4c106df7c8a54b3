import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { JsonText } from '../../platform/json/json-text.js';
import { invalidField, notFound } from '../../platform/problem/problem.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import type { Caller } from '../resource/caller.js';
import { decodeCursor, encodeCursor, fingerprintOf } from '../resource/cursor.js';
import { Idempotency } from '../resource/idempotency.js';
import type { DeadLetter, DeadLetterQuery } from './dead-letter.dto.js';
import { DELETE_DEAD, LIST_DEAD, REPLAY_DEAD } from './dead-letter.queries.js';
import { WebhooksService } from './webhooks.service.js';

const DEFAULT_LIMIT = 100;

type Row = Omit<DeadLetter, 'event'> & { event: string };

@Injectable()
export class DeadLettersService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly idempotency: Idempotency,
    private readonly webhooks: WebhooksService,
  ) {}

  async list(webhook: string, { limit = DEFAULT_LIMIT, cursor, type, subject }: DeadLetterQuery): Promise<Reply> {
    const { id } = await this.webhooks.find(webhook);
    const fingerprint = fingerprintOf(['dead-letters', id, type ?? null, subject ?? null]);
    const after = cursor === undefined ? 0 : Number(decodeCursor(cursor, fingerprint).id);
    if (!Number.isSafeInteger(after)) throw invalidField('cursor', 'is not one that this list gave');
    const rows = await this.database.query<Row>(LIST_DEAD, [id, after, limit + 1, type ?? null, subject ?? null]);
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const next = last === undefined ? {} : { next: encodeCursor({ id: String(last.position) }, fingerprint) };
    const deadLetters = page.map((row) => ({ ...row, event: new JsonText(row.event) }));
    return reply({ body: { deadLetters, ...next }, ...next });
  }

  /** Tries one again, or all, as if they had never been tried. */
  async replay(caller: Caller, webhook: string, event: string | null): Promise<Reply> {
    const { id } = await this.webhooks.find(webhook);
    return this.idempotency.run(caller, async (unit) => {
      const { length: count } = await unit.query(REPLAY_DEAD, [id, event]);
      if (event !== null && count === 0) throw notFound('dead letter', event);
      return reply({ body: { count } });
    });
  }

  async delete(caller: Caller, webhook: string, event: string | null): Promise<Reply> {
    const { id } = await this.webhooks.find(webhook);
    return this.units.run(async (unit) => {
      const { length: count } = await unit.query(DELETE_DEAD, [id, event]);
      if (event !== null && count === 0) throw notFound('dead letter', event);
      return reply({ body: { count } });
    }, caller);
  }
}
