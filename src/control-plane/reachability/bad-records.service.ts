import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import { pathId } from '../resource/id.js';
import type { BadRecordDocument, BadRecordKind, BadRecordsQuery } from './reachability.dto.js';
import { POOL_EXISTS, SILENT, UNHELD } from './reachability.queries.js';
import { cursorParts, PAGE_ROWS } from './reachability.service.js';

const KINDS: Record<BadRecordKind, { sql: string; days: number }> = {
  silent: { sql: SILENT, days: 7 },
  unheld: { sql: UNHELD, days: 0 },
};

/** Where what is written down and what answers do not agree. */
@Injectable()
export class BadRecordsService {
  constructor(private readonly database: Database) {}

  async list(pool: string, { kind = 'silent', days, limit = PAGE_ROWS, cursor }: BadRecordsQuery): Promise<Reply> {
    const id = pathId('pool', pool);
    const { sql, days: usual } = KINDS[kind];
    const after = cursor === undefined ? null : cursorParts(cursor)[0];
    const rows = await this.database.query<BadRecordDocument>(sql, [id, days ?? usual, after, limit + 1]);
    if (rows.length === 0 && (await this.database.query(POOL_EXISTS, [id])).length === 0) throw notFound('pool', pool);
    const records = rows.slice(0, limit);
    const next = rows.length > limit ? records.at(-1)?.address : undefined;
    return reply({ body: { records, ...(next !== undefined && { next }) } });
  }
}
