import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { databaseError } from '../../platform/database/database-error.js';
import { Problem } from '../../platform/problem/problem.js';
import type { Unit } from '../events/unit-of-work.js';
import type { ResourceEntity } from './resource.entity.js';

/** What the database fills in. */
type Filled = 'version' | 'createdAt' | 'updatedAt';

/** Inserts a new resource; an id that is taken is the problem `duplicate-id`. Answers with the whole row. */
export async function insertNew<E extends ResourceEntity>(
  unit: Unit,
  entity: EntityTarget<E> & (new () => E),
  values: Omit<E, Filled>,
): Promise<E> {
  const now = new Date();
  const row = Object.assign(new entity(), values, { version: 1, createdAt: now, updatedAt: now });
  try {
    await unit.transaction.manager.insert(entity, row as ObjectLiteral as never);
  } catch (error) {
    if (databaseError(error)?.constraint?.endsWith('_pkey') === true) {
      throw new Problem('duplicate-id', `The id ${values.id} is taken.`);
    }
    throw error;
  }
  return row;
}
