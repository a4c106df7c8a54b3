import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { violates } from '../../platform/database/database-error.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { invalidField, notFound, Problem } from '../../platform/problem/problem.js';
import { formatAddress, storedAddress } from '../../ip/address.js';
import { difference } from '../../ip/intervals.js';
import { SpaceExtent } from '../allocation/extent.js';
import { GroupCommit } from '../allocation/group-commit.js';
import { joinCapacity } from '../capacity/capacity-sorts.js';
import { CapacityService } from '../capacity/capacity.service.js';
import { withChanges } from '../events/changed.js';
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
import { preview } from '../resource/preview.js';
import { carve } from './carving.js';
import { SUBNET_SORTS, SubnetDocument, type NewSubnet, type SubnetChange, type SubnetListQuery } from './subnet.dto.js';
import { SubnetEntity } from './subnet.entity.js';
import { FIRST_HELD } from './subnet.queries.js';
import { firstOf, lastOf, rangeField, wantedNetwork, writtenRange } from './subnet-range.js';
import { changedShape, changesShape, newShape, positionsOf, shapeColumns, storedShape } from './subnet-shape.js';

const shown = (subnet: SubnetEntity): Reply =>
  reply({ location: `/subnets/${subnet.id}`, version: subnet.version, body: SubnetDocument.from(subnet) });

/** What only constraints can see, since other transactions are adding subnets too. */
async function refusingRange<T>(work: Promise<T>, field: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (violates(error, 'subnet_overlap')) {
      throw new Problem('range-overlap', 'The range overlaps another subnet of the same pool.');
    }
    if (violates(error, 'subnet_within_supernet')) {
      throw invalidField(field, 'must lie within one of the supernets of the pool');
    }
    throw error;
  }
}

@Injectable()
export class SubnetsService {
  /**
   * Those who carve from one pool take turns on its row in any case. Here they wait without a connection each, of which
   * everybody else would run out.
   */
  private readonly turns = new GroupCommit<() => Promise<Reply>, Reply>(
    async (_pool, [work]) => (work === undefined ? [] : [await work()]),
    1,
  );

  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly idempotency: Idempotency,
    private readonly extent: SpaceExtent,
    private readonly release: LeaseRelease,
    private readonly capacity: CapacityService,
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
        joinCapacity(builder, 'subnet', query.sort);
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
      documents: async (rows) => {
        const capacity = await this.capacity.kept(
          'subnet',
          rows.map((row) => row.id),
        );
        return rows.map((row) => SubnetDocument.from(row, capacity.get(row.id)));
      },
    });
  }

  /** O(1) whatever the size: a few rows of free intervals, no row for an address. */
  create(caller: Caller, poolId: string, body: NewSubnet): Promise<Reply> {
    const work = (): Promise<Reply> => this.idempotency.run(caller, (unit) => this.make(unit, poolId, body));
    return body.prefixLength === undefined ? work() : this.turns.submit(poolId.toLowerCase(), work);
  }

  /** The subnet as `create` would make it now. */
  preview(poolId: string, body: NewSubnet): Promise<Reply> {
    return preview(this.units, (unit) => this.make(unit, poolId, body));
  }

  private async make(unit: Unit, poolId: string, body: NewSubnet): Promise<Reply> {
    const wanted = wantedNetwork(body);
    const given = wanted === undefined ? newShape(body, writtenRange(body)) : wanted;
    // Those who carve take turns on the pool's row; others only need it to stay.
    const pool = await unit.transaction.manager.findOne(PoolEntity, {
      where: { id: pathId('pool', poolId) },
      lock: { mode: wanted === undefined ? 'for_key_share' : 'for_no_key_update' },
    });
    if (pool === null) throw notFound('pool', poolId);
    const shape = 'range' in given ? given : newShape(body, await carve(unit, pool, given));
    const subnet = await refusingRange(
      insertNew(unit, SubnetEntity, {
        id: chosenId(body.id),
        ...describeNew(body),
        poolId: pool.id,
        spaceId: await this.extent.create(unit, positionsOf(shape)),
        ...shapeColumns(shape),
      }),
      rangeField(body),
    );
    unit.emit({ noun: 'subnet', verb: 'created', id: subnet.id, data: SubnetDocument.from(subnet) });
    return shown(subnet);
  }

  async show(id: string): Promise<Reply> {
    const subnet = await this.database.read((manager) => manager.findOneBy(SubnetEntity, { id: pathId('subnet', id) }));
    if (subnet === null) throw notFound('subnet', id);
    const capacity = await this.capacity.kept('subnet', [subnet.id]);
    return reply({ version: subnet.version, body: SubnetDocument.from(subnet, capacity.get(subnet.id)) });
  }

  update(caller: Caller, id: string, body: SubnetChange, how: 'patch' | 'put'): Promise<Reply> {
    return this.units.run(async (unit) => {
      const reshaped = changesShape(body);
      // Spaces before rows: takers hold their chunk when they insert under this subnet.
      if (reshaped) await this.release.lockSpacesOf(unit, 'subnet', pathId('subnet', id));
      const before = await lockForChange(unit, SubnetEntity, 'subnet', pathId('subnet', id), caller);
      const described = how === 'put' ? describeNew(body) : describePatched(before, body, caller);
      const was = SubnetDocument.from(before);
      const columns = reshaped ? await this.reshape(unit, before, body) : {};
      const subnet = await refusingRange(
        saveChange(unit, SubnetEntity, before, { ...described, ...columns }),
        rangeField(body),
      );
      const data = withChanges(was, SubnetDocument.from(subnet));
      unit.emit({ noun: 'subnet', verb: 'updated', id: subnet.id, data });
      return shown(subnet);
    }, caller);
  }

  /** Moves the space from the old addresses to the new; 409 when one that is held would fall out. */
  private async reshape(unit: Unit, before: SubnetEntity, body: SubnetChange): Promise<Partial<SubnetEntity>> {
    const shape = changedShape(before, body);
    const [old, now] = [positionsOf(storedShape(before)), positionsOf(shape)];
    const gone = difference(old, now).map(([first, last]) => ({ family: shape.range.family, first, last }));
    const [held] = await unit.query<{ address: string }>(FIRST_HELD, [before.id, gone.map(firstOf), gone.map(lastOf)]);
    if (held !== undefined) {
      const address = formatAddress(storedAddress(held.address));
      throw new Problem('range-in-use', `${address} is held, and would fall out or be excluded. Release it first.`);
    }
    await this.extent.change(unit, before.spaceId, old, now);
    return shapeColumns(shape);
  }

  delete(caller: Caller, id: string): Promise<Reply> {
    return this.units.run(async (unit) => {
      await this.release.lockSpacesOf(unit, 'subnet', pathId('subnet', id));
      const subnet = await lockForDelete(unit, SubnetEntity, 'subnet', pathId('subnet', id), caller);
      await this.release.withAllBelow(unit, 'subnet', subnet.id, caller.principal.name);
      await retryingNewMaps(unit.transaction.manager.delete(SubnetEntity, { id: subnet.id }));
      unit.emit({ noun: 'subnet', verb: 'deleted', id: subnet.id, data: SubnetDocument.from(subnet) });
      return reply({ location: '/subnets' });
    }, caller);
  }
}
