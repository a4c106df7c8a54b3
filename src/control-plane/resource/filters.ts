import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { checkedAddress, formatAddress } from '../../ip/address.js';
import { parseCidr } from '../../ip/cidr.js';
import { invalidField } from '../../platform/problem/problem.js';
import { parseMetadataMatch } from './metadata-path.js';
import type { ListQuery } from './resource.dto.js';

/**
 * The filters that all lists of resources have. Names and tags are looked up in an index (migration IndexLists; what has no
 * name, or no tag, is not in it, and the condition says so); metadata is read of every row that the other filters leave.
 */
export function applyCommonFilters<E extends ObjectLiteral>(builder: SelectQueryBuilder<E>, query: ListQuery): void {
  const { name, namePrefix, tag, metadata } = query;
  if (name !== undefined) builder.andWhere(`r.name COLLATE "C" = :name`, { name });
  if (namePrefix !== undefined) builder.andWhere(`r.name COLLATE "C" ^@ :namePrefix`, { namePrefix });
  if ((name ?? namePrefix ?? '') !== '') builder.andWhere(`(r.name COLLATE "C") <> ''`);
  if (tag !== undefined) builder.andWhere(`r.tags @> :tags::text[] AND r.tags <> '{}'`, { tags: tag });
  for (const [n, text] of (metadata ?? []).entries()) {
    const match = parseMetadataMatch(text);
    if (match === undefined) throw invalidField('metadata', 'must be path:value, such as rack.slot:12');
    builder.andWhere(`json_text_at(r.metadata, :path${n}::text[]) = :value${n}`, {
      [`path${n}`]: match.path,
      [`value${n}`]: match.value,
    });
  }
}

/** The first and the last address of a network, or of one address, as PostgreSQL reads them. */
export function boundsOf(text: string): { from: string; to: string } {
  const range = parseCidr(text);
  if (range === undefined) {
    const address = formatAddress(checkedAddress(text));
    return { from: address, to: address };
  }
  const { family, first, last } = range;
  return { from: formatAddress({ family, value: first }), to: formatAddress({ family, value: last }) };
}

/** The column is an address inside the network: a range of the index by address. */
export function applyWithin<E extends ObjectLiteral>(
  builder: SelectQueryBuilder<E>,
  column: string,
  within: string | undefined,
): void {
  if (within !== undefined) builder.andWhere(`${column} BETWEEN :from::inet AND :to::inet`, boundsOf(within));
}

/** The column is the id of a reservation that holds the address, or some address inside the network. */
export function applyHeldAddress<E extends ObjectLiteral>(
  builder: SelectQueryBuilder<E>,
  column: string,
  { address, within }: { address?: string | undefined; within?: string | undefined },
): void {
  for (const [n, text] of [address, within].entries()) {
    if (text === undefined) continue;
    const { from, to } = boundsOf(text);
    builder.andWhere(
      `${column} IN (SELECT l.reservation_id FROM lease l WHERE l.address BETWEEN :from${n}::inet AND :to${n}::inet)`,
      { [`from${n}`]: from, [`to${n}`]: to },
    );
  }
}
