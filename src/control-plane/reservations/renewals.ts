import { Injectable } from '@nestjs/common';
import { reply, type Reply } from '../../platform/http/reply.js';
import { JsonText, writeJson } from '../../platform/json/json-text.js';
import { invalidField, notFound } from '../../platform/problem/problem.js';
import { Failure, GroupCommit } from '../allocation/group-commit.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import { TooManyAtOnce } from '../leases/lease-release.js';
import { requireOwner, type Caller } from '../resource/caller.js';
import { requireMatch } from '../resource/change.js';
import { Idempotency } from '../resource/idempotency.js';
import { askedExpiry, requireLasting, requireUnbound, type Expiry } from './expiry.js';
import { LOCK_TO_RENEW, RENEW, TO_RENEW } from './expiry.queries.js';
import { ExpirySignal } from './expiry-signal.js';
import type { Renewal } from './reservation.dto.js';
import { reservationDocument, type LeaseRow, type ReservationRow } from './reservation-documents.js';
import { LEASES_OF_SOME } from './reservation.queries.js';

/** Leases that one transaction reads at most for its answers, where it could be smaller. */
const LEASES_AT_ONCE = 20_000;
const MAX_BATCH = 128;
const PATIENCE_MS = 100;
/** The one key: what is renewed has nothing in common. */
const ALL = '';

interface Request {
  caller: Caller;
  id: string;
  body: Renewal;
}

/** A reservation with the database's time, by which it has ended or not. */
interface Renewable extends ReservationRow {
  now: Date;
  bound: boolean;
}

/** Renewals that come while a transaction is in flight share the next one; each has its own answer. */
@Injectable()
export class Renewals {
  private readonly queue = new GroupCommit<Request, Reply>(
    async (_key, requests) => {
      const { results, set } = await this.units.run((unit) => this.renewAll(unit, requests));
      for (const expiry of set) this.signal.set(expiry);
      return results;
    },
    MAX_BATCH,
    PATIENCE_MS,
  );

  constructor(
    private readonly units: UnitsOfWork,
    private readonly idempotency: Idempotency,
    private readonly signal: ExpirySignal,
  ) {}

  submit(caller: Caller, id: string, body: Renewal): Promise<Reply> {
    return this.queue.submit(ALL, { caller, id, body });
  }

  /**
   * Two round trips whatever the number of reservations (one more with idempotency keys). Whoever has the row's lock
   * decides: a sweeper that ends it makes it not found here, and passes over what is renewed here.
   */
  private async renewAll(
    unit: Unit,
    requests: readonly Request[],
  ): Promise<{ results: (Reply | Failure)[]; set: Expiry[] }> {
    const known = await this.idempotency.begin(
      unit,
      requests.map((request) => request.caller),
    );
    const ids = [...new Set(requests.filter((_, index) => known[index] === undefined).map((request) => request.id))];
    const { rows, leases } = await this.read(unit, ids);
    const renewed = new Map<string, Renewable>();
    const results = requests.map((request, index): Reply | Failure => {
      const before = known[index];
      if (before !== undefined) return before;
      try {
        const held = rows.get(request.id);
        const row = this.renewedRow(request, held);
        rows.set(row.id, row);
        renewed.set(row.id, row);
        const body = new JsonText(writeJson(reservationDocument(row, leases.get(row.id) ?? [])));
        const data = withChanges({ expiresAt: held?.expiresAt ?? null, ttl: held?.ttl ?? null }, row, body.text);
        const { principal, traceparent } = request.caller;
        const { id, owner } = row;
        unit.emit({ noun: 'reservation', verb: 'renewed', id, owner, actor: principal.name, traceparent, data });
        return reply({ location: `/reservations/${id}`, version: row.version, body });
      } catch (error) {
        return new Failure(error);
      }
    });
    const set = [...renewed.values()];
    unit.write(RENEW, [
      set.map((row) => row.id),
      set.map((row) => row.expiresAt),
      set.map((row) => row.ttl),
      set.map((row) => row.noticeAt),
      set.map((row) => row.version),
      set.map((row) => row.updatedAt),
    ]);
    const fresh = requests.map((_, index) => index).filter((index) => known[index] === undefined);
    this.idempotency.finish(
      unit,
      fresh.flatMap((index) => requests[index]?.caller ?? []),
      fresh.map((index) => (results[index] instanceof Failure ? undefined : results[index])),
    );
    return { results, set };
  }

  private async read(
    unit: Unit,
    ids: readonly string[],
  ): Promise<{ rows: Map<string, Renewable>; leases: Map<string, LeaseRow[]> }> {
    unit.write(LOCK_TO_RENEW, [ids]);
    const [rows, leases] = await Promise.all([
      unit.query<Renewable>(TO_RENEW, [ids]),
      unit.query<LeaseRow>(LEASES_OF_SOME, [ids, LEASES_AT_ONCE + 1]),
    ]);
    if (leases.length > LEASES_AT_ONCE && ids.length > 1) throw new TooManyAtOnce();
    const byReservation = new Map<string, LeaseRow[]>(rows.map((row) => [row.id, []]));
    for (const lease of leases) byReservation.get(lease.reservationId)?.push(lease);
    return { rows: new Map(rows.map((row) => [row.id, row])), leases: byReservation };
  }

  private renewedRow({ caller, id, body }: Request, row: Renewable | undefined): Renewable {
    if (row === undefined) throw notFound('reservation', id);
    requireLasting(id, row.expiresAt, row.now);
    requireMatch(caller, row.version);
    requireOwner(caller, row.owner);
    requireUnbound(row.bound);
    const asked = body.ttl === undefined && body.expiresAt === undefined ? { ttl: row.ttl ?? undefined } : body;
    const expiry = askedExpiry(asked, row.now, this.signal.noticeSeconds);
    if (expiry === undefined) throw invalidField('ttl', 'is needed: the reservation has no ttl of its own');
    return { ...row, ...expiry, version: row.version + 1, updatedAt: row.now };
  }
}
