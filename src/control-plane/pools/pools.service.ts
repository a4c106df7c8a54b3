import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import { joinCapacity } from '../capacity/capacity-sorts.js';
import { CapacityService } from '../capacity/capacity.service.js';
import { ascending, DEFAULT_THRESHOLDS } from '../capacity/thresholds.js';
import { changedDns } from '../dns/pool-dns.dto.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { LeaseRelease, retryingNewMaps } from '../leases/lease-release.js';
import type { Caller } from '../resource/caller.js';
import { describeNew, describePatched, lockForChange, lockForDelete, saveChange } from '../resource/change.js';
import { insertNew } from '../resource/insert.js';
import { chosenId, pathId } from '../resource/id.js';
import { Idempotency } from '../resource/idempotency.js';
import { list } from '../resource/listing.js';
import { POOL_SORTS, PoolDocument, type NewPool, type PoolChange, type PoolListQuery } from './pool.dto.js';
import { PoolEntity } from './pool.entity.js';
import { requireAllWithin, writtenSupernets } from './supernets.js';

const idsOf = (rows: readonly PoolEntity[]): string[] => rows.map(({ id }) => id);

const shown = (pool: PoolEntity): Reply =>
  reply({ location: `/pools/${pool.id}`, version: pool.version, body: PoolDocument.from(pool) });

type Settings = Pick<PoolEntity, 'policy' | 'quarantine' | 'reuseEarly' | 'thresholds' | 'dns'>;

/** Settings after a change; what is left out stays. */
const settings = ({ policy, quarantine, reuseEarly, thresholds, dns }: PoolChange, before: Settings): Settings => ({
  policy: policy ?? before.policy,
  quarantine: quarantine ?? before.quarantine,
  reuseEarly: reuseEarly ?? before.reuseEarly,
  thresholds: ascending(thresholds ?? before.thresholds),
  dns: changedDns(dns, before.dns),
});

@Injectable()
export class PoolsService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly idempotency: Idempotency,
    private readonly release: LeaseRelease,
    private readonly capacity: CapacityService,
  ) {}

  list(query: PoolListQuery, whole: boolean): Promise<Reply> {
    return list(this.database, {
      entity: PoolEntity,
      key: 'pools',
      query,
      whole,
      sorts: POOL_SORTS,
      where: (builder) => joinCapacity(builder, 'pool', query.sort),
      documents: async (rows) => {
        const capacity = await this.capacity.kept('pool', idsOf(rows));
        return rows.map((row) => PoolDocument.from(row, capacity.get(row.id)));
      },
    });
  }

  create(caller: Caller, body: NewPool): Promise<Reply> {
    return this.idempotency.run(caller, async (unit) => {
      const pool = await insertNew(unit, PoolEntity, {
        id: chosenId(body.id),
        ...describeNew(body),
        ...settings(body, {
          policy: 'first',
          quarantine: 0,
          reuseEarly: false,
          thresholds: DEFAULT_THRESHOLDS,
          dns: null,
        }),
        supernets: writtenSupernets(body.supernets ?? []),
      });
      unit.emit({ noun: 'pool', verb: 'created', id: pool.id, data: PoolDocument.from(pool) });
      return shown(pool);
    });
  }

  async show(id: string): Promise<Reply> {
    const pool = await this.database.read((manager) => manager.findOneBy(PoolEntity, { id: pathId('pool', id) }));
    if (pool === null) throw notFound('pool', id);
    const capacity = await this.capacity.kept('pool', [pool.id]);
    return reply({ version: pool.version, body: PoolDocument.from(pool, capacity.get(pool.id)) });
  }

  update(caller: Caller, id: string, body: PoolChange, how: 'patch' | 'put'): Promise<Reply> {
    return this.units.run(async (unit) => {
      const supernets = body.supernets === undefined ? undefined : writtenSupernets(body.supernets ?? []);
      // With other supernets no subnet may come meanwhile.
      const lock = supernets === undefined ? lockForChange : lockForDelete;
      const before = await lock(unit, PoolEntity, 'pool', pathId('pool', id), caller);
      const described = how === 'put' ? describeNew(body) : describePatched(before, body, caller);
      if (supernets !== undefined) await requireAllWithin(unit, before, supernets);
      const was = PoolDocument.from(before);
      const pool = await saveChange(unit, PoolEntity, before, {
        ...described,
        ...settings(body, before),
        supernets: supernets ?? before.supernets,
      });
      const data = withChanges(was, PoolDocument.from(pool));
      unit.emit({ noun: 'pool', verb: 'updated', id: pool.id, data });
      return shown(pool);
    }, caller);
  }

  delete(caller: Caller, id: string): Promise<Reply> {
    return this.units.run(async (unit) => {
      // Spaces before rows: takers hold their chunk when they insert under this pool.
      await this.release.lockSpacesOf(unit, 'pool', pathId('pool', id));
      const pool = await lockForDelete(unit, PoolEntity, 'pool', pathId('pool', id), caller);
      await this.release.withAllBelow(unit, 'pool', pool.id, caller.principal.name);
      await retryingNewMaps(unit.transaction.manager.delete(PoolEntity, { id: pool.id }));
      unit.emit({ noun: 'pool', verb: 'deleted', id: pool.id, data: PoolDocument.from(pool) });
      return reply({ location: '/pools' });
    }, caller);
  }
}
