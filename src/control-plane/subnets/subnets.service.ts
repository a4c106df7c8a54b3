import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { violates } from '../../platform/database/database-error.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { invalidField, notFound, Problem } from '../../platform/problem/problem.js';
import type { AddressRange } from '../../ip/range.js';
import { Allocation } from '../allocation/allocation.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import { LeaseRelease, retryingNewMaps } from '../leases/lease-release.js';
import { PoolEntity } from '../pools/pool.entity.js';
import type { Caller } from '../resource/caller.js';
import { describeNew, describePatched, lockForChange, lockForDelete, saveChange } from '../resource/change.js';
import { chosenId, pathId } from '../resource/id.js';
import { Idempotency } from '../resource/idempotency.js';
import { insertNew } from '../resource/insert.js';
import { boundsOf } from '../resource/filters.js';
import { list } from '../resource/listing.js';
import { firstOf, lastOf, subnetRange } from './subnet-range.js';
import { SUBNET_SORTS, SubnetDocument, type NewSubnet, type SubnetChange, type SubnetListQuery } from './subnet.dto.js';
import { SubnetEntity } from './subnet.entity.js';

const shown = (subnet: SubnetEntity): Reply =>
  reply({ location: `/subnets/${subnet.id}`, version: subnet.version, body: SubnetDocument.from(subnet) });

/** An overlap is told by the constraint, which alone can see what other transactions are adding. */
async function refusingOverlap<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (violates(error, 'subnet_overlap')) {
      throw new Problem('range-overlap', 'The range overlaps another subnet of the same pool.');
    }
    throw error;
  }
}

@Injectable()
export class SubnetsService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly idempotency: Idempotency,
    private readonly allocation: Allocation,
    private readonly release: LeaseRelease,
  ) {}

  /** All subnets, or those of one pool (404 when there is no such pool). */
  async list(poolId: string | undefined, query: SubnetListQuery, whole: boolean): Promise<Reply> {
    const id = poolId === undefined ? undefined : pathId('pool', poolId);
    if (id !== undefined && !(await this.database.read((manager) => manager.existsBy(PoolEntity, { id })))) {
      throw notFound('pool', id);
    }
    return list(this.database, {
      entity: SubnetEntity,
      key: 'subnets',
      query,
      whole,
      parent: id === undefined ? undefined : { column: 'pool_id', id },
      sorts: SUBNET_SORTS,
      where: (builder) => {
        for (const [n, text] of [query.address, query.contains].entries()) {
          if (text === undefined) continue;
          const { from, to } = boundsOf(text);
          builder.andWhere(`r.first <= :from${n}::inet AND r.last >= :to${n}::inet`, {
            [`from${n}`]: from,
            [`to${n}`]: to,
          });
        }
        if (query.within !== undefined) {
          builder.andWhere('r.first >= :from::inet AND r.last <= :to::inet', boundsOf(query.within));
        }
      },
      documents: (rows) => rows.map((row) => SubnetDocument.from(row)),
    });
  }

  /** O(1) whatever the size: at most 16 free intervals, no row for an address. */
  create(caller: Caller, poolId: string, body: NewSubnet): Promise<Reply> {
    const range = subnetRange(body.start, body.end);
    return this.idempotency.run(caller, async (unit) => {
      const pool = await unit.transaction.manager.findOne(PoolEntity, {
        where: { id: pathId('pool', poolId) },
        lock: { mode: 'for_key_share' },
      });
      if (pool === null) throw notFound('pool', poolId);
      const subnet = await refusingOverlap(
        insertNew(unit, SubnetEntity, {
          id: chosenId(body.id),
          ...describeNew(body),
          poolId: pool.id,
          spaceId: await this.allocation.create(unit, range.first, range.last),
          first: firstOf(range),
          last: lastOf(range),
        }),
      );
      unit.emit({ noun: 'subnet', verb: 'created', id: subnet.id, data: SubnetDocument.from(subnet) });
      return shown(subnet);
    });
  }

  async show(id: string): Promise<Reply> {
    const subnet = await this.database.read((manager) => manager.findOneBy(SubnetEntity, { id: pathId('subnet', id) }));
    if (subnet === null) throw notFound('subnet', id);
    return reply({ version: subnet.version, body: SubnetDocument.from(subnet) });
  }

  update(caller: Caller, id: string, body: SubnetChange, how: 'patch' | 'put'): Promise<Reply> {
    return this.units.run(async (unit) => {
      const before = await lockForChange(unit, SubnetEntity, 'subnet', pathId('subnet', id), caller);
      const described = how === 'put' ? describeNew(body) : describePatched(before, body, caller);
      const old = subnetRange(before.first, before.last);
      const range = subnetRange(emptyIs(body.start, before.first), emptyIs(body.end, before.last));
      await this.resize(unit, before.spaceId, old, range);
      const subnet = await refusingOverlap(
        saveChange(unit, SubnetEntity, before, { ...described, first: firstOf(range), last: lastOf(range) }),
      );
      unit.emit({ noun: 'subnet', verb: 'updated', id: subnet.id, data: SubnetDocument.from(subnet) });
      return shown(subnet);
    });
  }

  private async resize(unit: Unit, space: string, old: AddressRange, range: AddressRange): Promise<void> {
    if (old.family !== range.family) throw invalidField('start', `must stay IPv${old.family}, as the subnet is`);
    if (!(await this.allocation.resize(unit, space, [old.first, old.last], [range.first, range.last]))) {
      throw new Problem('range-in-use', 'An address in use would fall out of the range.');
    }
  }

  delete(caller: Caller, id: string): Promise<Reply> {
    return this.units.run(async (unit) => {
      await this.release.lockSpacesOf(unit, 'subnet', pathId('subnet', id));
      const subnet = await lockForDelete(unit, SubnetEntity, 'subnet', pathId('subnet', id), caller);
      await this.release.withAllBelow(unit, 'subnet', subnet.id, caller.principal.name);
      await retryingNewMaps(unit.transaction.manager.delete(SubnetEntity, { id: subnet.id }));
      unit.emit({ noun: 'subnet', verb: 'deleted', id: subnet.id, data: SubnetDocument.from(subnet) });
      return reply({ location: '/subnets' });
    });
  }
}

const emptyIs = (text: string | undefined, otherwise: string): string =>
  text === undefined || text === '' ? otherwise : text;
