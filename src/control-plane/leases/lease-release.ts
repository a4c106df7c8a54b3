import { Injectable } from '@nestjs/common';
import { storedAddress } from '../../ip/address.js';
import { RetryTransaction, violates } from '../../platform/database/database-error.js';
import { JsonText, writeJson } from '../../platform/json/json-text.js';
import { Allocation } from '../allocation/allocation.js';
import { restAfter, type Need, type Quarantine, type Released } from '../allocation/need.js';
import { CASCADE_ENDS, CASCADE_SUBNETS, SET_TRACE } from '../events/cascade.queries.js';
import { withChanges } from '../events/changed.js';
import type { Unit } from '../events/unit-of-work.js';
import { recordLeases, recordLeasesBelow } from '../history/record.js';
import { PortMapRemoval, type MapEnd, type RemovingMap } from '../port-maps/port-map-removal.js';
import {
  leaseDocument,
  reservationDocument,
  type LeaseRow,
  type ReservationRow,
} from '../reservations/reservation-documents.js';
import { leaseText } from './lease-text.js';
import {
  DELETE_LEASE,
  DELETE_RESERVATIONS,
  DETACH_MAPS,
  LEASES_OF_RESERVATIONS,
  LOCK_BELOW,
  LOCK_DUE_RESERVATIONS,
  LOCK_HELD,
  LOCK_HELD_AND_WANTED,
  LOCK_RESERVATIONS,
  MAPS_OF_LEASES,
  MAPS_OF_RESERVATIONS,
  REST_ADDRESSES,
  SPACES_OF,
  TOUCH_RESERVATION,
} from './lease-release.queries.js';

/** Who ends a reservation or a lease, and why; the events of the end say it. */
export interface Ending {
  /** The principal; null when time did it. */
  by: string | null;
  /** What was given, or one of ours: `expired`, `component deleted`, `pool deleted`, ... Null: nothing was given. */
  reason: string | null;
  /** Trace context of the request, where it is not that of the unit. */
  traceparent?: string | undefined;
}

/** A lease, locked, with what is needed to give its address back. */
export interface HeldLease extends LeaseRow {
  spaceId: string;
}

interface HeldMap {
  id: string;
  leaseId: string;
  reservationId: string;
}

type HeldRow = ReservationRow & Quarantine;

/** A reservation with all its leases, locked until the end of the transaction. */
export interface HeldReservation {
  row: HeldRow;
  leases: HeldLease[];
  /** Port maps that point to its leases. */
  maps: HeldMap[];
}

/** The end of leases, whatever ended them: their port maps go with them, their addresses become free. */
@Injectable()
export class LeaseRelease {
  constructor(
    private readonly allocation: Allocation,
    private readonly removal: PortMapRemoval,
  ) {}

  /**
   * Ends some reservations with all their leases; those that are not there any more are passed over. The chunks of their
   * addresses must be locked already (`lockHeldBy`).
   */
  async ofReservations(unit: Unit, ends: readonly (Ending & { reservationId: string })[]): Promise<void> {
    const held = await this.hold(
      unit,
      ends.map((end) => end.reservationId),
    );
    const byId = new Map(held.map((reservation) => [reservation.row.id, reservation]));
    await this.end(
      unit,
      ends.flatMap(({ reservationId, by, reason }) => {
        const reservation = byId.get(reservationId);
        return reservation === undefined ? [] : [{ by, reason, reservation }];
      }),
    );
  }

  /**
   * Locks the chunks of all that some reservations and components hold, in order, before any row is locked: whoever
   * deletes the subnet, or the gateway, has the chunks first and waits for the rows.
   */
  lockHeldBy(unit: Unit, reservationIds: readonly string[], componentIds: readonly string[]): void {
    unit.write(LOCK_HELD, [reservationIds, componentIds]);
  }

  /**
   * As lockHeldBy, for a transaction that takes as well: with what reservations hold, in one order, the chunks of the
   * positions that are needed, or of all spaces that are.
   */
  lockHeldAndWanted(unit: Unit, reservationIds: readonly string[], needs: readonly Need[], whole: boolean): void {
    const given = needs.flatMap((need) =>
      'positions' in need ? need.positions.map((position) => ({ space: need.spaces[0], position })) : [],
    );
    unit.write(LOCK_HELD_AND_WANTED, [
      reservationIds,
      [],
      given.map(({ space }) => space),
      given.map(({ position }) => String(position)),
      whole ? [...new Set(needs.flatMap(({ spaces }) => [...spaces]))] : [],
    ]);
  }

  /**
   * Locks some reservations and their leases, in order, and reads what ends with them: statements that are sent together,
   * one round trip whatever the number. Maps last: once a lease is locked nobody can point a new map to it. With `due`,
   * only those whose time has come, passing over what somebody else is just changing.
   */
  async hold(
    unit: Unit,
    reservationIds: readonly string[],
    { due = false, atMost = 1_000_000 } = {},
  ): Promise<HeldReservation[]> {
    const [rows, leases, maps] = await Promise.all([
      unit.query<HeldRow>(due ? LOCK_DUE_RESERVATIONS : LOCK_RESERVATIONS, [reservationIds]),
      unit.query<HeldLease>(LEASES_OF_RESERVATIONS, [reservationIds, atMost + 1]),
      unit.query<HeldMap>(MAPS_OF_RESERVATIONS, [reservationIds]),
    ]);
    if (leases.length > atMost && reservationIds.length > 1) throw new TooManyAtOnce();
    const held = new Map<string, HeldReservation>(rows.map((row) => [row.id, { row, leases: [], maps: [] }]));
    for (const lease of leases) held.get(lease.reservationId)?.leases.push(lease);
    for (const map of maps) held.get(map.reservationId)?.maps.push(map);
    return [...held.values()];
  }

  /**
   * Ends reservations that are held, with all their leases: rows, events, port maps, addresses. The rows of the leases go
   * with those of the reservations (trigger reservation_drop_leases).
   */
  async end(unit: Unit, ends: readonly (Ending & { reservation: HeldReservation })[]): Promise<void> {
    if (ends.length === 0) return;
    await this.endLeases(
      unit,
      ends.flatMap(({ by, reason, traceparent, reservation }) =>
        reservation.leases.map((lease) => ({ by, reason, traceparent, reservation: reservation.row, lease })),
      ),
      ends.flatMap(({ by, reason, traceparent, reservation }) =>
        reservation.maps.map(({ id }) => ({ id, by, reason, traceparent })),
      ),
    );
    unit.write(DELETE_RESERVATIONS, [ends.map(({ reservation }) => reservation.row.id)]);
    for (const { by, reason, traceparent, reservation } of ends) {
      const { id, owner } = reservation.row;
      const data = ended(writeJson(reservationDocument(reservation.row, reservation.leases)), { by, reason });
      unit.emit({ noun: 'reservation', verb: 'deleted', id, owner, actor: by, traceparent, data });
    }
  }

  /** Ends one lease of a reservation that is held and keeps others. */
  async endOne(unit: Unit, { row, leases, maps }: HeldReservation, lease: HeldLease, ending: Ending): Promise<void> {
    const own = maps.filter((map) => map.leaseId === lease.id).map(({ id }) => ({ id, ...ending }));
    await this.endLeases(unit, [{ ...ending, reservation: row, lease }], own);
    unit.write(DELETE_LEASE, [lease.id]);
    const [stamps] = await unit.query<Pick<ReservationRow, 'version' | 'updatedAt'>>(TOUCH_RESERVATION, [row.id]);
    const { id, owner } = row;
    const before = reservationDocument(row, leases);
    const left = reservationDocument(
      { ...row, ...stamps },
      leases.filter((other) => other !== lease),
    );
    const data = withChanges({ leases: before.leases }, left);
    unit.emit({ noun: 'reservation', verb: 'updated', id, owner, actor: ending.by, data });
  }

  /**
   * The one place where single leases end, but for their rows: whoever calls deletes these. An address to which a gateway may still forward rests until its maps are known
   * to be gone (see resting_address).
   */
  private async endLeases(
    unit: Unit,
    ends: readonly (Ending & { reservation: HeldRow; lease: HeldLease })[],
    maps: readonly MapEnd[],
  ): Promise<void> {
    if (ends.length === 0) return;
    const removing = await this.beginRemoval(unit, maps);
    recordLeases(
      unit,
      ends.map(({ by, reason, lease }) => ({ lease: lease.id, by, reason })),
    );
    const mapsOf = new Map<string | null, RemovingMap[]>();
    for (const map of removing) mapsOf.set(map.leaseId, [...(mapsOf.get(map.leaseId) ?? []), map]);
    const resting: { space: string; position: bigint; map: string; owner: string }[] = [];
    const free: Released[] = [];
    for (const { by, reason, traceparent, reservation, lease } of ends) {
      const taken = { space: lease.spaceId, position: storedAddress(lease.address).value };
      const still = mapsOf.get(lease.id) ?? [];
      const { owner } = reservation;
      if (still.length === 0) free.push({ ...taken, ...restAfter(reservation, owner) });
      for (const map of still) resting.push({ ...taken, map: map.id, owner });
      const data = ended(leaseText(leaseDocument(lease, reservation.expiresAt)), { by, reason });
      unit.emit({ noun: 'lease', verb: 'deleted', id: lease.id, owner, actor: by, traceparent, data });
    }
    if (resting.length > 0) {
      unit.write(REST_ADDRESSES, [
        resting.map((row) => row.space),
        resting.map((row) => String(row.position)),
        resting.map((row) => row.map),
        resting.map((row) => row.owner),
      ]);
    }
    this.allocation.give(unit, free);
  }

  /** Locks the spaces of a pool's subnets, or of one subnet, against takers. */
  async lockSpacesOf(unit: Unit, noun: 'pool' | 'subnet', id: string): Promise<void> {
    const rows = await unit.query<{ space_id: string }>(SPACES_OF[noun], [id]);
    await this.allocation.lock(
      unit,
      rows.map((row) => row.space_id),
    );
  }

  /**
   * Before a pool or subnet is deleted: its port maps begin to go, and every resource below it gets its past and its event, by
   * INSERT ... SELECT, so that a million leases are never in memory. The rows themselves go by ON DELETE CASCADE; should
   * a new map have come to one of the leases meanwhile, `retryingNewMaps` has everything done again.
   */
  async withAllBelow(unit: Unit, noun: 'pool' | 'subnet', id: string, by: string): Promise<void> {
    const reason = `${noun} deleted`;
    for (const sql of LOCK_BELOW[noun]) unit.write(sql, [id]);
    const maps = await unit.query<{ id: string }>(MAPS_OF_LEASES[noun], [id]);
    await this.beginRemoval(
      unit,
      maps.map((map) => ({ id: map.id, by, reason })),
    );
    await recordLeasesBelow(unit, noun, id, by, reason);
    if (unit.traceparent !== undefined) unit.write(SET_TRACE, [unit.traceparent]);
    for (const sql of CASCADE_ENDS[noun]) unit.write(sql, [id, by, reason]);
    if (noun === 'pool') unit.write(CASCADE_SUBNETS, [id, by]);
  }

  private async beginRemoval(unit: Unit, maps: readonly MapEnd[]): Promise<RemovingMap[]> {
    if (maps.length === 0) return [];
    const removing = await this.removal.begin(unit, maps);
    unit.write(DETACH_MAPS, [removing.map((map) => map.id)]);
    return removing;
  }
}

/** More than memory should hold of one transaction: end the reservations one by one. */
export class TooManyAtOnce extends Error {}

/** What the event of an end tells: the resource as it was, and who ended it and why. */
const ended = (text: string, { by, reason }: Ending): JsonText =>
  new JsonText(`${text.slice(0, -1)},"releasedBy":${writeJson(by)},"reason":${writeJson(reason)}}`);

/** The constraint port_map_lease keeps a lease under a map that came after we looked: look again. */
export async function retryingNewMaps<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (violates(error, 'port_map_lease')) throw new RetryTransaction();
    throw error;
  }
}
