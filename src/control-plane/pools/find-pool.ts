import type { EntityManager } from 'typeorm';
import { invalidField } from '../../platform/problem/problem.js';
import { isId } from '../resource/id.js';
import { PoolEntity } from './pool.entity.js';

/** The pool that a body names by id or by a name that only it has; a problem that names the field otherwise. */
export async function findPool(manager: EntityManager, field: string, idOrName: string): Promise<PoolEntity> {
  const byId = isId(idOrName) ? await manager.findOneBy(PoolEntity, { id: idOrName.toLowerCase() }) : null;
  if (byId !== null) return byId;
  const [first, second] = await manager.find(PoolEntity, { where: { name: idOrName }, order: { id: 'ASC' }, take: 2 });
  if (first === undefined) throw invalidField(field, 'names no pool');
  if (second !== undefined) throw invalidField(field, 'is the name of more than one pool: use its id');
  return first;
}
