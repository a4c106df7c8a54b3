import { Injectable } from '@nestjs/common';
import { checkedAddress, formatAddress } from '../../ip/address.js';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { recordChange } from '../history/record.js';
import { ReservationEntity } from '../reservations/reservation.entity.js';
import { requireOwner, type Caller } from '../resource/caller.js';
import { describeNew, describePatched, lockForChange, requireMatch, saveChange } from '../resource/change.js';
import { pathId } from '../resource/id.js';
import { applyWithin } from '../resource/filters.js';
import { list } from '../resource/listing.js';
import { LEASE_SORTS, LeaseDocument, type LeaseChange, type LeaseListQuery } from './lease.dto.js';
import { LeaseEntity } from './lease.entity.js';
import { ENDS_OF } from './lease.queries.js';
import { LeaseRelease } from './lease-release.js';

@Injectable()
export class LeasesService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly leaseRelease: LeaseRelease,
  ) {}

  /** All leases, or those of one reservation (404 when there is no such reservation). */
  async list(reservationId: string | undefined, query: LeaseListQuery, whole: boolean): Promise<Reply> {
    const id = reservationId === undefined ? undefined : pathId('reservation', reservationId);
    if (id !== undefined && !(await this.database.read((manager) => manager.existsBy(ReservationEntity, { id })))) {
      throw notFound('reservation', id);
    }
    return list(this.database, {
      entity: LeaseEntity,
      key: 'leases',
      query,
      whole,
      parent: id === undefined ? undefined : { column: 'reservation_id', id },
      sorts: LEASE_SORTS,
      where: (builder) => {
        const { owner, within } = query;
        if (owner !== undefined) {
          builder.andWhere('r.reservation_id IN (SELECT o.id FROM reservation o WHERE o.owner = :owner)', { owner });
        }
        applyWithin(builder, 'r.address', within);
        if (query.address !== undefined) {
          const address = formatAddress(checkedAddress(query.address));
          builder.andWhere('r.address = :address::inet', { address });
        }
      },
      documents: async (rows) => {
        const ends = await this.ends(rows);
        return rows.map((row) => LeaseDocument.from(row, ends.get(row.reservationId) ?? null));
      },
    });
  }

  async show(id: string): Promise<Reply> {
    const lease = await this.database.read((manager) => manager.findOneBy(LeaseEntity, { id: pathId('lease', id) }));
    if (lease === null) throw notFound('lease', id);
    const ends = await this.ends([lease]);
    return reply({ version: lease.version, body: LeaseDocument.from(lease, ends.get(lease.reservationId) ?? null) });
  }

  /** Changes name, tags and metadata; what holds the address and which address it is never change. */
  update(caller: Caller, id: string, body: LeaseChange, how: 'patch' | 'put'): Promise<Reply> {
    return this.units.run(async (unit) => {
      const before = await lockForChange(unit, LeaseEntity, 'lease', pathId('lease', id), caller);
      const { owner, expiresAt } = await unit.transaction.manager.findOneByOrFail(ReservationEntity, {
        id: before.reservationId,
      });
      requireOwner(caller, owner);
      const described = how === 'put' ? describeNew(body) : describePatched(before, body, caller);
      recordChange(unit, 'lease', before.id, caller.principal.name, before, described);
      const was = LeaseDocument.from(before, expiresAt);
      const lease = await saveChange(unit, LeaseEntity, before, described);
      const document = LeaseDocument.from(lease, expiresAt);
      unit.emit({ noun: 'lease', verb: 'updated', id: lease.id, owner, data: withChanges(was, document) });
      return reply({ location: `/leases/${lease.id}`, version: lease.version, body: document });
    }, caller);
  }

  /**
   * Releases one address of a reservation; the others stay with it. With its last address a reservation goes too: one
   * that holds nothing is none.
   */
  release(caller: Caller, leaseId: string, reason: string | null): Promise<Reply> {
    const id = pathId('lease', leaseId);
    const ending = { by: caller.principal.name, reason };
    return this.units.run(async (unit) => {
      const there = await unit.transaction.manager.findOneBy(LeaseEntity, { id });
      if (there === null) throw notFound('lease', id);
      this.leaseRelease.lockHeldBy(unit, [there.reservationId], []);
      const [reservation] = await this.leaseRelease.hold(unit, [there.reservationId]);
      const lease = reservation?.leases.find((held) => held.id === id);
      if (reservation === undefined || lease === undefined) throw notFound('lease', id);
      requireMatch(caller, lease.version);
      requireOwner(caller, reservation.row.owner);
      if (reservation.leases.length === 1) await this.leaseRelease.end(unit, [{ ...ending, reservation }]);
      else await this.leaseRelease.endOne(unit, reservation, lease, ending);
      return reply({ location: '/leases' });
    }, caller);
  }

  /** When the reservations of some leases end: one statement a page. */
  private async ends(leases: readonly LeaseEntity[]): Promise<Map<string, Date | null>> {
    const ids = [...new Set(leases.map((lease) => lease.reservationId))];
    const rows = await this.database.query<{ id: string; expiresAt: Date | null }>(ENDS_OF, [ids]);
    return new Map(rows.map((row) => [row.id, row.expiresAt]));
  }
}
