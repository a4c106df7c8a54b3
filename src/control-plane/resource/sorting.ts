import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { Position } from './cursor.js';
import { MayBeAbsent } from './validators.js';

/** One thing that a list can be sorted by. */
export interface SortKey {
  /** SQL over the row `r`; never null, and the same for a row as long as that does not change. */
  expression: string;
  /** The SQL type as which its text is read back from a cursor. */
  type: 'text' | 'timestamptz' | 'inet' | 'numeric' | 'integer' | 'double precision';
}

export type SortKeys = Readonly<Record<string, SortKey>>;

/** Byte order, as the indexes by name have it: the same everywhere, whatever the database's own collation. */
export const BY_NAME: SortKeys = { name: { expression: 'r.name COLLATE "C"', type: 'text' } };
/** A sort of the rows that the filters leave. */
export const BY_CREATED_AT: SortKeys = { createdAt: { expression: 'r.created_at', type: 'timestamptz' } };
export const BY_ADDRESS: SortKeys = { address: { expression: 'r.address', type: 'inet' } };

/** The query parameter `sort`: one of the keys, or `id`; with `-` before it, backwards. */
export function SortParameter(keys: SortKeys): PropertyDecorator {
  const values = ['id', ...Object.keys(keys)].flatMap((key) => [key, `-${key}`]);
  return applyDecorators(
    ApiProperty({
      required: false,
      enum: values,
      default: 'id',
      description: 'Order; `-` is the other way round. Ids that Berth makes are in the order of creation.',
    }),
    MayBeAbsent(),
    IsIn(values),
  );
}

/** Sorts by the key, then by id; `after` is where the page before ended. The value comes back as the raw column `sort_value`. */
export function applySort<E extends ObjectLiteral>(
  builder: SelectQueryBuilder<E>,
  keys: SortKeys,
  sort: string,
  after: Position | undefined,
): void {
  const [direction, than] = sort.startsWith('-') ? (['DESC', '<'] as const) : (['ASC', '>'] as const);
  const key = keys[sort.replace(/^-/, '')];
  if (key === undefined) {
    builder.orderBy('r.id', direction);
    if (after !== undefined) builder.andWhere(`r.id ${than} :afterId`, { afterId: after.id });
    return;
  }
  builder.addSelect(`(${key.expression})`, 'sort_key').addSelect(`(${key.expression})::text`, 'sort_value');
  builder.orderBy('sort_key', direction).addOrderBy('r.id', direction);
  if (after === undefined) return;
  builder.andWhere(`(${key.expression}, r.id) ${than} (:afterValue::${key.type}, :afterId)`, {
    afterValue: after.value,
    afterId: after.id,
  });
}
