import { Injectable } from '@nestjs/common';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import { Failure, GroupCommit } from '../allocation/group-commit.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import { LeaseRelease, type Ending, type HeldReservation } from '../leases/lease-release.js';
import { requireOwner, type Caller } from '../resource/caller.js';
import { requireMatch } from '../resource/change.js';

/** Leases that one transaction ends at most, where it could be smaller. */
const LEASES_AT_ONCE = 20_000;
const MAX_BATCH = 128;
const PATIENCE_MS = 100;
/** The one key: what is released has nothing in common. */
const ALL = '';

export interface ReleaseRequest {
  caller: Caller;
  id: string;
  reason: string | null;
}

/** Releases that come while a transaction is in flight share the next one; each has its own answer. */
@Injectable()
export class Releases {
  private readonly queue = new GroupCommit<ReleaseRequest, Reply>(
    (_key, requests) => this.units.run((unit) => this.endAll(unit, requests)),
    MAX_BATCH,
    PATIENCE_MS,
  );

  constructor(
    private readonly units: UnitsOfWork,
    private readonly release: LeaseRelease,
  ) {}

  /** Releases all addresses of a reservation and removes it. */
  submit(caller: Caller, id: string, reason: string | null): Promise<Reply> {
    return this.queue.submit(ALL, { caller, id, reason });
  }

  /** Two round trips whatever the number of reservations. */
  private async endAll(unit: Unit, requests: readonly ReleaseRequest[]): Promise<(Reply | Failure)[]> {
    this.release.lockHeldBy(
      unit,
      requests.map((request) => request.id),
      [],
    );
    return this.endLocked(unit, requests);
  }

  /** As part of a transaction that has the locks of all chunks concerned (LeaseRelease.lockHeldBy, lockHeldAndWanted). */
  async endLocked(unit: Unit, requests: readonly ReleaseRequest[]): Promise<(Reply | Failure)[]> {
    const ids = [...new Set(requests.map((request) => request.id))];
    const held = await this.release.hold(unit, ids, { atMost: LEASES_AT_ONCE });
    const there = new Map(held.map((reservation) => [reservation.row.id, reservation]));
    const ends: (Ending & { reservation: HeldReservation })[] = [];
    const results = requests.map((request) => {
      const reservation = there.get(request.id);
      try {
        ends.push({
          by: request.caller.principal.name,
          traceparent: request.caller.traceparent,
          reason: request.reason,
          reservation: mayEnd(request, reservation),
        });
      } catch (error) {
        return new Failure(error);
      }
      there.delete(request.id); // the same once more in this batch finds it gone
      return reply({ location: '/reservations' });
    });
    await this.release.end(unit, ends);
    return results;
  }
}

function mayEnd({ caller, id }: ReleaseRequest, reservation: HeldReservation | undefined): HeldReservation {
  if (reservation === undefined) throw notFound('reservation', id);
  requireMatch(caller, reservation.row.version);
  requireOwner(caller, reservation.row.owner);
  return reservation;
}
