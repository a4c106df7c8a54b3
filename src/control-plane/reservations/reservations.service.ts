import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import { Claims } from '../allocation/claims.js';
import type { GroupCommit } from '../allocation/group-commit.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import { recordChange } from '../history/record.js';
import { PoolEntity } from '../pools/pool.entity.js';
import { requireOwner, type Caller } from '../resource/caller.js';
import { describeNew, describePatched, lockForChange, saveChange } from '../resource/change.js';
import { pathId } from '../resource/id.js';
import { applyHeldAddress } from '../resource/filters.js';
import { list } from '../resource/listing.js';
import { parseTime } from '../resource/time.js';
import { SubnetEntity } from '../subnets/subnet.entity.js';
import { askedExpiry, requireLasting, requireUnbound, type Expiry } from './expiry.js';
import { FACTS_OF_END } from './expiry.queries.js';
import { ExpirySignal } from './expiry-signal.js';
import { Releases } from './releases.js';
import { Renewals } from './renewals.js';
import type { NewReservation, Renewal, ReservationChange, ReservationListQuery } from './reservation.dto.js';
import { ReservationEntity } from './reservation.entity.js';
import { reservationDocuments } from './reservation-documents.js';
import { RESERVATION_CLAIMS, reservationRequest, shown, type ReservationRequest } from './reservation-claims.js';
import { targetKey, type Target } from './reservation-writer.js';

@Injectable()
export class ReservationsService {
  private readonly queue: GroupCommit<ReservationRequest, Reply>;

  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly releases: Releases,
    private readonly renewals: Renewals,
    private readonly signal: ExpirySignal,
    private readonly claims: Claims,
  ) {
    this.queue = claims.queue(RESERVATION_CLAIMS);
  }

  async list(target: Target | undefined, query: ReservationListQuery, whole: boolean): Promise<Reply> {
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
      parent: target === undefined ? undefined : { column: `${target.noun}_id`, id: target.id },
      where: (builder) => {
        applyHeldAddress(builder, 'r.id', query);
        const { expiresBefore } = query;
        if (expiresBefore !== undefined) {
          builder.andWhere('r.expires_at < :expiresBefore', { expiresBefore: parseTime(expiresBefore) });
        }
        if (query.owner !== undefined) builder.andWhere('r.owner = :owner', { owner: query.owner });
      },
      documents: (rows) => reservationDocuments(this.database, rows),
    });
  }

  /** Reserves addresses: all that are asked for, or none. Concurrent requests for one target share a transaction. */
  async create(caller: Caller, target: Target, body: NewReservation): Promise<Reply> {
    const request = reservationRequest(caller, target, body, this.signal.noticeSeconds);
    const answer = await this.queue.submit(targetKey(target), request);
    this.signal.set(request.expiry);
    return answer;
  }

  /** What `create` would answer with now. Nothing is written and nobody told. */
  async preview(caller: Caller, target: Target, body: NewReservation): Promise<Reply> {
    return this.claims.preview(RESERVATION_CLAIMS, reservationRequest(caller, target, body, this.signal.noticeSeconds));
  }

  async show(id: string): Promise<Reply> {
    const reservation = await this.database.read((manager) =>
      manager.findOneBy(ReservationEntity, { id: pathId('reservation', id) }),
    );
    if (reservation === null) throw notFound('reservation', id);
    const [document] = await reservationDocuments(this.database, [reservation]);
    return reply({ version: reservation.version, body: document });
  }

  /** Changes what is sent of name, tags, metadata and the end; with PUT an end that is not sent stays all the same. */
  async update(caller: Caller, reservationId: string, body: ReservationChange, how: 'patch' | 'put'): Promise<Reply> {
    const id = pathId('reservation', reservationId);
    const { document, expiry } = await this.units.run(async (unit) => {
      const before = await lockForChange(unit, ReservationEntity, 'reservation', id, caller);
      requireOwner(caller, before.owner);
      const expiry = await this.changedExpiry(unit, before, body);
      const described = how === 'put' ? describeNew(body) : describePatched(before, body, caller);
      recordChange(unit, 'reservation', id, caller.principal.name, before, described);
      const { name, tags, metadata, expiresAt, ttl } = before;
      const reservation = await saveChange(unit, ReservationEntity, before, { ...described, ...expiry });
      const [document] = await reservationDocuments(unit, [reservation]);
      if (document === undefined) throw notFound('reservation', id);
      const data = withChanges({ name, tags, metadata, expiresAt, ttl }, document);
      unit.emit({ noun: 'reservation', verb: 'updated', id, owner: reservation.owner, data });
      return { document, expiry };
    }, caller);
    if (expiry !== undefined) this.signal.set(expiry);
    return shown(document);
  }

  /** The end that is asked for, if any. What has ended cannot be changed, nor the end of what a component has. */
  private async changedExpiry(
    unit: Unit,
    { id, expiresAt }: ReservationEntity,
    asked: ReservationChange,
  ): Promise<Expiry | undefined> {
    if (expiresAt === null && asked.ttl === undefined && asked.expiresAt === undefined) return undefined;
    const [facts] = await unit.query<{ now: Date; bound: boolean }>(FACTS_OF_END, [id]);
    if (facts === undefined) throw new Error('the database did not say what time it is');
    requireLasting(id, expiresAt, facts.now);
    const expiry = askedExpiry(asked, facts.now, this.signal.noticeSeconds);
    if (expiry?.expiresAt != null) requireUnbound(facts.bound);
    return expiry;
  }

  /** Moves its end on. */
  renew(caller: Caller, id: string, body: Renewal): Promise<Reply> {
    return this.renewals.submit(caller, pathId('reservation', id), body);
  }

  /** Releases all its addresses and removes it, in one transaction. */
  delete(caller: Caller, id: string, reason: string | null): Promise<Reply> {
    return this.releases.submit(caller, pathId('reservation', id), reason);
  }
}
