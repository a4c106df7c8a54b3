import type { SelectQueryBuilder } from 'typeorm';
import type { ResourceEntity } from '../resource/resource.entity.js';
import type { SortKeys } from '../resource/sorting.js';
import type { Subject } from './capacity.queries.js';

/** Sorts of pools and subnets by what the roll-up keeps of them; each has an index. Figures move while somebody pages. */
export const BY_CAPACITY = {
  utilization: { expression: 'k.utilization', type: 'double precision' },
  free: { expression: 'k.free', type: 'numeric' },
} as const satisfies SortKeys;

/** Joins what BY_CAPACITY speaks of, where that is what is asked for. Every row has its figures, so none is lost. */
export function joinCapacity<E extends ResourceEntity>(
  builder: SelectQueryBuilder<E>,
  subject: Subject,
  sort: string | undefined,
): void {
  if (sort === undefined || !Object.hasOwn(BY_CAPACITY, sort.replace(/^-/, ''))) return;
  builder.innerJoin(`${subject}_capacity`, 'k', `k.${subject}_id = r.id`);
}
