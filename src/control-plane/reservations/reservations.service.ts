import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import { Claims, type ClaimKind, type ClaimRequest } from '../allocation/claims.js';
import type { GroupCommit } from '../allocation/group-commit.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { LeaseRelease } from '../leases/lease-release.js';
import { PoolEntity } from '../pools/pool.entity.js';
import { newOwner, requireOwner, type Caller } from '../resource/caller.js';
import { describeNew, describePatched, lockForChange, lockForDelete, saveChange } from '../resource/change.js';
import { claimId, pathId } from '../resource/id.js';
import { list } from '../resource/listing.js';
import type { OwnedListQuery } from '../resource/resource.dto.js';
import { SubnetEntity } from '../subnets/subnet.entity.js';
import { ReservationDocument, type NewReservation, type ReservationChange } from './reservation.dto.js';
import { ReservationEntity } from './reservation.entity.js';
import { reservationDocuments } from './reservation-documents.js';
import {
  addressNeed,
  addressProblem,
  insertReservations,
  targetKey,
  targetSubnets,
  type Target,
  type TargetSubnet,
} from './reservation-writer.js';

interface Request extends ClaimRequest {
  target: Target;
  body: NewReservation;
  owner: string;
}

const RESERVATION_CLAIMS: ClaimKind<Request, TargetSubnet[]> = {
  table: 'reservation',
  context: (unit, [first], wait) =>
    first === undefined ? Promise.resolve([]) : targetSubnets(unit, first.target, wait),
  needs: ({ body }, subnets, wait) => [addressNeed(subnets, body.count ?? 1, body.addresses, wait)],
  refusal: ({ target, body }, _subnets, { reason }) => addressProblem(target, reason, body.count ?? 1),
  write: (unit, granted, subnets) => {
    const rows = granted.map(({ request: { id, owner, body }, taken }) => ({
      id,
      owner,
      taken: taken[0] ?? [],
      ...describeNew(body),
    }));
    return insertReservations(unit, subnets, rows).map(({ document, text }) => shown(document, text));
  },
};

const shown = (document: ReservationDocument, body: object = document): Reply =>
  reply({ location: `/reservations/${document.id}`, version: document.version, body });

@Injectable()
export class ReservationsService {
  private readonly queue: GroupCommit<Request, Reply>;

  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly release: LeaseRelease,
    claims: Claims,
  ) {
    this.queue = claims.queue(RESERVATION_CLAIMS);
  }

  async list(target: Target | undefined, query: OwnedListQuery, whole: boolean): Promise<Reply> {
    if (target !== undefined) {
      const parent = target.noun === 'pool' ? PoolEntity : SubnetEntity;
      if (!(await this.database.read((manager) => manager.existsBy(parent, { id: target.id })))) {
        throw notFound(target.noun, target.id);
      }
    }
    return list(this.database, {
      entity: ReservationEntity,
      key: 'reservations',
      query,
      whole,
      where: (builder) => {
        if (target !== undefined) builder.andWhere(`r.${target.noun}_id = :parent`, { parent: target.id });
        if (query.owner !== undefined) builder.andWhere('r.owner = :owner', { owner: query.owner });
      },
      documents: (rows) => reservationDocuments(this.database, rows),
    });
  }

  /** Reserves addresses: all that are asked for, or none. Concurrent requests for one target share a transaction. */
  async create(caller: Caller, target: Target, body: NewReservation): Promise<Reply> {
    const request = { caller, target, body, ...claimId(body.id), owner: newOwner(caller, body.owner) };
    return this.queue.submit(targetKey(target), request);
  }

  async show(id: string): Promise<Reply> {
    const reservation = await this.database.read((manager) =>
      manager.findOneBy(ReservationEntity, { id: pathId('reservation', id) }),
    );
    if (reservation === null) throw notFound('reservation', id);
    const [document] = await reservationDocuments(this.database, [reservation]);
    return reply({ version: reservation.version, body: document });
  }

  update(caller: Caller, id: string, body: ReservationChange, how: 'patch' | 'put'): Promise<Reply> {
    return this.units.run(async (unit) => {
      const before = await lockForChange(unit, ReservationEntity, 'reservation', pathId('reservation', id), caller);
      requireOwner(caller, before.owner);
      const described = how === 'put' ? describeNew(body) : describePatched(before, body, caller);
      const reservation = await saveChange(unit, ReservationEntity, before, described);
      const [document] = await reservationDocuments(unit, [reservation]);
      if (document === undefined) throw notFound('reservation', id);
      unit.emit({ noun: 'reservation', verb: 'updated', id: reservation.id, owner: reservation.owner, data: document });
      return shown(document);
    });
  }

  /** Releases all its addresses and removes it, in one transaction. */
  delete(caller: Caller, id: string): Promise<Reply> {
    return this.units.run(async (unit) => {
      await this.release.lockHeldBy(unit, [pathId('reservation', id)], []);
      const reservation = await lockForDelete(
        unit,
        ReservationEntity,
        'reservation',
        pathId('reservation', id),
        caller,
      );
      requireOwner(caller, reservation.owner);
      await this.release.ofReservations(unit, [
        { reservationId: reservation.id, by: caller.principal.name, reason: null },
      ]);
      return reply({ location: '/reservations' });
    });
  }
}
