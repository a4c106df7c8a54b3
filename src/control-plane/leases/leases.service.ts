import { Injectable } from '@nestjs/common';
import { checkedAddress, formatAddress } from '../../ip/address.js';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { ReservationEntity } from '../reservations/reservation.entity.js';
import { requireOwner, type Caller } from '../resource/caller.js';
import { describeNew, describePatched, lockForChange, saveChange } from '../resource/change.js';
import { pathId } from '../resource/id.js';
import { list } from '../resource/listing.js';
import { LeaseDocument, type LeaseChange, type LeaseListQuery } from './lease.dto.js';
import { LeaseEntity } from './lease.entity.js';

@Injectable()
export class LeasesService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
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
      where: (builder) => {
        if (id !== undefined) builder.andWhere('r.reservation_id = :id', { id });
        if (query.address !== undefined) {
          const address = formatAddress(checkedAddress(query.address));
          builder.andWhere('r.address = :address::inet', { address });
        }
      },
      documents: (rows) => rows.map((row) => LeaseDocument.from(row)),
    });
  }

  async show(id: string): Promise<Reply> {
    const lease = await this.database.read((manager) => manager.findOneBy(LeaseEntity, { id: pathId('lease', id) }));
    if (lease === null) throw notFound('lease', id);
    return reply({ version: lease.version, body: LeaseDocument.from(lease) });
  }

  /** Changes name, tags and metadata; what holds the address and which address it is never change. */
  update(caller: Caller, id: string, body: LeaseChange, how: 'patch' | 'put'): Promise<Reply> {
    return this.units.run(async (unit) => {
      const before = await lockForChange(unit, LeaseEntity, 'lease', pathId('lease', id), caller);
      const { owner } = await unit.transaction.manager.findOneByOrFail(ReservationEntity, { id: before.reservationId });
      requireOwner(caller, owner);
      const described = how === 'put' ? describeNew(body) : describePatched(before, body, caller);
      const lease = await saveChange(unit, LeaseEntity, before, described);
      unit.emit({ noun: 'lease', verb: 'updated', id: lease.id, owner, data: LeaseDocument.from(lease) });
      return reply({ location: `/leases/${lease.id}`, version: lease.version, body: LeaseDocument.from(lease) });
    });
  }
}
