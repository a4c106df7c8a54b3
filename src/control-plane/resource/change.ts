import { mergePatch, JsonText } from '../../platform/json/json-text.js';
import { etagOf, ifMatchNames, ifNoneMatchNames } from '../../platform/http/entity-tags.js';
import { invalidField, notFound, Problem } from '../../platform/problem/problem.js';
import type { EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { Unit } from '../events/unit-of-work.js';
import type { Caller } from './caller.js';
import type { ResourceChange } from './resource.dto.js';
import type { ResourceEntity } from './resource.entity.js';

/** name, tags and metadata after a change. */
export interface Described {
  name: string;
  tags: string[];
  metadata: JsonText;
}

/** For what must have a name; the common fields let it be absent, null or empty. */
export function requireName(name: string | null | undefined): void {
  if (name === undefined || name === null || name === '') throw invalidField('name', 'must not be empty');
}

/** How a new resource is described; what is absent or null is empty. */
export function describeNew(body: ResourceChange): Described {
  return { name: body.name ?? '', tags: body.tags ?? [], metadata: body.metadata ?? JsonText.null };
}

/**
 * How a resource is described after PATCH: present members replace, absent ones stay, null empties. Metadata merges
 * (RFC 7396), but in a body of a vendor type it replaces: those clients always send the whole value and could not
 * remove a key otherwise (contracts/rackhd.md section 5).
 */
export function describePatched(current: Described, body: ResourceChange, caller: Caller): Described {
  return {
    name: body.name === undefined ? current.name : (body.name ?? ''),
    tags: body.tags === undefined ? current.tags : (body.tags ?? []),
    metadata:
      body.metadata === undefined
        ? current.metadata
        : caller.bodyType === 'vendor'
          ? body.metadata
          : mergePatch(current.metadata, body.metadata),
  };
}

/**
 * 412 when If-Match names other versions only, or If-None-Match this one: with `*`, whatever is there (RFC 9110 section
 * 13.2.2). To be asked with the row locked, so that nobody changes it between the comparison and the write.
 */
export function requireMatch({ ifMatch, ifNoneMatch }: Caller, version: number): void {
  if (ifMatch !== undefined && !ifMatchNames(ifMatch, version)) {
    throw new Problem(
      'precondition-failed',
      `If-Match does not name the current version, ${etagOf(version)}. Read it again.`,
    );
  }
  if (ifNoneMatch !== undefined && ifNoneMatchNames(ifNoneMatch, version)) {
    throw new Problem('precondition-failed', `If-None-Match forbids what is there, version ${etagOf(version)}.`);
  }
}

type Lock = 'for_no_key_update' | 'pessimistic_write';

async function lockRow<E extends ResourceEntity>(
  unit: Unit,
  entity: EntityTarget<E>,
  noun: string,
  id: string,
  caller: Caller,
  mode: Lock,
): Promise<E> {
  const row = await unit.transaction.manager.findOne(entity, { where: { id } as FindOptionsWhere<E>, lock: { mode } });
  if (row === null) throw notFound(noun, id);
  requireMatch(caller, row.version);
  return row;
}

/**
 * The row, locked until the end of the transaction, with If-Match checked against it. Inserts below the row only need
 * its key, and do not wait for us.
 */
export function lockForChange<E extends ResourceEntity>(
  unit: Unit,
  entity: EntityTarget<E>,
  noun: string,
  id: string,
  caller: Caller,
): Promise<E> {
  return lockRow(unit, entity, noun, id, caller, 'for_no_key_update');
}

/** As lockForChange, and nothing can be inserted below the row any more: what is there now is all there is to delete. */
export function lockForDelete<E extends ResourceEntity>(
  unit: Unit,
  entity: EntityTarget<E>,
  noun: string,
  id: string,
  caller: Caller,
): Promise<E> {
  return lockRow(unit, entity, noun, id, caller, 'pessimistic_write');
}

/** Writes changed columns and the next version; answers with the row as it is now. */
export async function saveChange<E extends ResourceEntity>(
  unit: Unit,
  entity: EntityTarget<E>,
  row: E,
  changes: Partial<E>,
): Promise<E> {
  const next = { ...changes, version: row.version + 1, updatedAt: new Date() };
  await unit.transaction.manager.update(entity, { id: row.id }, next as ObjectLiteral as never);
  return Object.assign(row, next);
}
