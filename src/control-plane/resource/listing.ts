import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { EntityTarget, SelectQueryBuilder } from 'typeorm';
import type { Database } from '../../platform/database/database.js';
import { prefersJson, type VendorType } from '../../platform/http/media-type.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { writeJson } from '../../platform/json/json-text.js';
import { invalidField } from '../../platform/problem/problem.js';
import { isId } from './id.js';
import type { ListQuery } from './resource.dto.js';
import type { ResourceEntity } from './resource.entity.js';

const DEFAULT_LIMIT = 100;
const STREAM_BATCH = 500;

export interface Listing<E extends ResourceEntity> {
  entity: EntityTarget<E>;
  /** Key of the array in the answer. */
  key: string;
  query: ListQuery;
  /** More conditions; the alias is `r`. */
  where?: (builder: SelectQueryBuilder<E>) => void;
  /** Documents of some rows. */
  documents: (rows: E[]) => object[] | Promise<object[]>;
  /** True: everything, streamed. False: one page. */
  whole: boolean;
}

/** A list answered as vendor type is whole unless the query asks for a page: those clients know no paging. */
export function wantsWhole(request: FastifyRequest, vendor: VendorType, query: ListQuery): boolean {
  return query.limit === undefined && query.cursor === undefined && !prefersJson(request.headers.accept, vendor);
}

/** Keyset paging by id: stable, and the last page costs as much as the first. */
export async function list<E extends ResourceEntity>(database: Database, listing: Listing<E>): Promise<Reply> {
  const { query, key } = listing;
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  if (listing.whole) {
    const rows = stream(database, listing);
    // The first batch is read before anything is sent: a fault then is an error answer, not a broken 200.
    const first = await rows.next();
    return reply({ stream: Readable.from(arrayText(key, first, rows), { objectMode: false }) });
  }
  const limit = query.limit ?? DEFAULT_LIMIT;
  const rows = await page(database, listing, after, limit + 1);
  const more = rows.length > limit;
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = more && last !== undefined ? encodeCursor(last.id) : undefined;
  const documents = await listing.documents(shown);
  return reply({
    body: { [key]: documents, ...(next === undefined ? {} : { next }) },
    ...(next === undefined ? {} : { next }),
  });
}

async function page<E extends ResourceEntity>(
  database: Database,
  { entity, query, where }: Listing<E>,
  after: string | undefined,
  limit: number,
): Promise<E[]> {
  return database.read((manager) => {
    const builder = manager.createQueryBuilder(entity, 'r').orderBy('r.id').limit(limit);
    if (after !== undefined) builder.andWhere('r.id > :after', { after });
    if (query.name !== undefined) builder.andWhere('r.name = :name', { name: query.name });
    if (query.tag !== undefined) builder.andWhere(':tag = ANY(r.tags)', { tag: query.tag });
    where?.(builder);
    return builder.getMany();
  });
}

async function* stream<E extends ResourceEntity>(
  database: Database,
  listing: Listing<E>,
): AsyncGenerator<object[], void> {
  let after: string | undefined;
  for (;;) {
    const rows = await page(database, listing, after, STREAM_BATCH);
    yield await listing.documents(rows);
    if (rows.length < STREAM_BATCH) return;
    after = rows.at(-1)?.id;
  }
}

async function* arrayText(
  key: string,
  first: IteratorResult<object[], void>,
  rest: AsyncGenerator<object[], void>,
): AsyncGenerator<string> {
  yield `{${JSON.stringify(key)}:[`;
  let separator = '';
  for (let batch = first; batch.done !== true; batch = await rest.next()) {
    if (batch.value.length === 0) continue;
    yield separator + batch.value.map(writeJson).join(',');
    separator = ',';
  }
  yield ']}';
}

const encodeCursor = (id: string): string => Buffer.from(id).toString('base64url');

function decodeCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (!isId(id)) throw invalidField('cursor', 'is not one that this list gave');
  return id;
}
