import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { EntityManager, EntityTarget, SelectQueryBuilder } from 'typeorm';
import { databaseError } from '../../platform/database/database-error.js';
import type { Database } from '../../platform/database/database.js';
import { prefersJson, type VendorType } from '../../platform/http/media-type.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { writeJson } from '../../platform/json/json-text.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';
import { decodeCursor, encodeCursor, fingerprintOf, type Position } from './cursor.js';
import { applyCommonFilters } from './filters.js';
import type { ListQuery } from './resource.dto.js';
import type { ResourceEntity } from './resource.entity.js';
import { applySort, type SortKeys } from './sorting.js';

const DEFAULT_LIMIT = 100;
const STREAM_BATCH = 500;
/** How long a page may take to find whose filters or order no index serves. */
const SCAN_LIMIT = `SET LOCAL statement_timeout = '5s'`;

export interface Listing<E extends ResourceEntity> {
  entity: EntityTarget<E>;
  /** Key of the array in the answer. */
  key: string;
  query: ListQuery;
  /** What it is below: the column of `r` and its value. */
  parent?: { column: string; id: string } | undefined;
  /** By what it can be sorted, besides id. The query's `sort` is one of them. */
  sorts?: SortKeys;
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

/** Keyset paging by id, or by what is sorted by and id: stable, and the last page costs as much as the first. */
export async function list<E extends ResourceEntity>(database: Database, listing: Listing<E>): Promise<Reply> {
  const { query, key, parent } = listing;
  const { limit = DEFAULT_LIMIT, cursor, ...asked } = query;
  // sorted, since the order of a query's parameters means nothing
  const fingerprint = fingerprintOf([key, parent?.id, Object.entries(asked).sort(([a], [b]) => (a < b ? -1 : 1))]);
  const after = cursor === undefined ? undefined : decodeCursor(cursor, fingerprint);
  if (listing.whole) {
    const rows = stream(database, listing);
    // The first batch is read before anything is sent: a fault then is an error answer, not a broken 200.
    const first = await rows.next();
    return reply({ stream: Readable.from(arrayText(key, first, rows), { objectMode: false }) });
  }
  const { rows, ends } = await page(database, listing, after, limit + 1);
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? ends[limit - 1] : undefined;
  const next = last === undefined ? {} : { next: encodeCursor(last, fingerprint) };
  const documents = await listing.documents(shown);
  return reply({ body: { [key]: documents, ...next }, ...next });
}

/** Rows, and for each the position of a page that ends with it. */
interface Page<E> {
  rows: E[];
  ends: Position[];
}

async function page<E extends ResourceEntity>(
  database: Database,
  { entity, query, parent, sorts = {}, where }: Listing<E>,
  after: Position | undefined,
  limit: number,
): Promise<Page<E>> {
  const read = async (manager: EntityManager): Promise<Page<E>> => {
    const builder = manager.createQueryBuilder(entity, 'r').limit(limit);
    applySort(builder, sorts, query.sort ?? 'id', after);
    if (parent !== undefined) builder.andWhere(`r.${parent.column} = :parent`, { parent: parent.id });
    applyCommonFilters(builder, query);
    where?.(builder);
    const { entities, raw } = await builder.getRawAndEntities<{ sort_value?: string }>();
    const ends = entities.map(({ id }, n) => {
      const value = raw[n]?.sort_value;
      return value === undefined ? { id } : { id, value };
    });
    return { rows: entities, ends };
  };
  if (query.metadata === undefined && query.sort === undefined) return database.read(read);
  try {
    return await database.transaction((transaction) => {
      transaction.write(SCAN_LIMIT);
      return read(transaction.manager);
    });
  } catch (error) {
    throw told(error, query);
  }
}

const CANCELLED = '57014';

/** What went wrong with a page that scans. Only a forged cursor can have a value that its type cannot read (class 22). */
function told(error: unknown, { cursor, metadata }: ListQuery): unknown {
  if (cursor !== undefined && databaseError(error)?.code.startsWith('22') === true) {
    return invalidField('cursor', 'is not one that this list gave');
  }
  if (error instanceof Problem && databaseError(error.extra.cause)?.code === CANCELLED) {
    const field = metadata === undefined ? 'sort' : 'metadata';
    return invalidField(field, 'takes too long over so many: ask for less, by a parent, a tag, an owner or a name');
  }
  return error;
}

async function* stream<E extends ResourceEntity>(
  database: Database,
  listing: Listing<E>,
): AsyncGenerator<object[], void> {
  let after: Position | undefined;
  for (;;) {
    const { rows, ends } = await page(database, listing, after, STREAM_BATCH);
    yield await listing.documents(rows);
    if (rows.length < STREAM_BATCH) return;
    after = ends.at(-1);
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
