import { Injectable } from '@nestjs/common';
import { storedAddress } from '../../ip/address.js';
import { RetryTransaction, violates } from '../../platform/database/database-error.js';
import { Allocation } from '../allocation/allocation.js';
import { CASCADE_EVENTS } from '../events/cascade.queries.js';
import type { Unit } from '../events/unit-of-work.js';
import { PortMapRemoval, type RemovingMap } from '../port-maps/port-map-removal.js';
import {
  leaseDocument,
  reservationDocument,
  type LeaseRow,
  type ReservationRow,
} from '../reservations/reservation-documents.js';
import {
  DELETE_LEASES,
  DELETE_RESERVATIONS,
  DETACH_MAPS,
  HELD_ADDRESSES,
  HELD_MAPS,
  LEASES_OF_RESERVATIONS,
  LOCK_RESERVATIONS,
  MAPS_OF_LEASES,
  MAPS_OF_RESERVATIONS,
  REST_ADDRESSES,
  SPACES_OF,
} from './lease-release.queries.js';

/** Who ends a reservation or a lease, and why; the events of the end say it. */
export interface Ending {
  /** The principal; null when time did it. */
  by: string | null;
  /** What was given, or one of ours: `expired`, `component deleted`, `pool deleted`, ... Null: nothing was given. */
  reason: string | null;
}

/** A lease, locked, with what is needed to give its address back. */
export interface HeldLease extends LeaseRow {
  spaceId: string;
}

/** A reservation with all its leases, locked until the end of the transaction. */
export interface HeldReservation {
  row: ReservationRow;
  leases: HeldLease[];
  /** Port maps that point to its leases. */
  maps: readonly string[];
}

/** The end of leases, whatever ended them: their port maps go with them, their addresses become free. */
@Injectable()
export class LeaseRelease {
  constructor(
    private readonly allocation: Allocation,
    private readonly removal: PortMapRemoval,
  ) {}

  /** Ends some reservations with all their leases; those that are not there any more are passed over. */
  async ofReservations(unit: Unit, ends: readonly (Ending & { reservationId: string })[]): Promise<void> {
    const endings = new Map(ends.map((end) => [end.reservationId, end]));
    const held = await this.hold(unit, [...endings.keys()]);
    await this.end(
      unit,
      held.map((reservation) => ({ ...(endings.get(reservation.row.id) ?? { by: null, reason: null }), reservation })),
    );
  }

  /**
   * Locks some reservations and their leases, in order, and reads what ends with them: statements that are sent together,
   * one round trip whatever the number. The chunks of the addresses must be locked already (`lockHeldBy`), where anybody
   * may be deleting the subnet. Maps last: once a lease is locked nobody can point a new map to it.
   */
  async hold(unit: Unit, reservationIds: readonly string[]): Promise<HeldReservation[]> {
    const [rows, leases, maps] = await Promise.all([
      unit.query<ReservationRow>(LOCK_RESERVATIONS, [reservationIds]),
      unit.query<HeldLease>(LEASES_OF_RESERVATIONS, [reservationIds]),
      unit.query<{ id: string; reservationId: string }>(MAPS_OF_RESERVATIONS, [reservationIds]),
    ]);
    const held = new Map(rows.map((row) => [row.id, { row, leases: [] as HeldLease[], maps: [] as string[] }]));
    for (const lease of leases) held.get(lease.reservationId)?.leases.push(lease);
    for (const map of maps) held.get(map.reservationId)?.maps.push(map.id);
    return [...held.values()];
  }

  /** Ends reservations that are held, with all their leases: rows, events, port maps, addresses. */
  async end(unit: Unit, ends: readonly (Ending & { reservation: HeldReservation })[]): Promise<void> {
    if (ends.length === 0) return;
    await this.endLeases(
      unit,
      ends.flatMap(({ by, reason, reservation }) =>
        reservation.leases.map((lease) => ({ by, reason, reservation: reservation.row, lease })),
      ),
      ends.flatMap(({ reservation }) => reservation.maps),
    );
    unit.write(DELETE_RESERVATIONS, [ends.map(({ reservation }) => reservation.row.id)]);
    for (const { by, reason, reservation } of ends) {
      const { id, owner } = reservation.row;
      const document = reservationDocument(reservation.row, reservation.leases);
      unit.emit({ noun: 'reservation', verb: 'deleted', id, owner, data: ended(document, { by, reason }) });
    }
  }

  /**
   * The one place where single leases end. An address to which a gateway may still forward rests until its maps are known
   * to be gone (see resting_address).
   */
  private async endLeases(
    unit: Unit,
    ends: readonly (Ending & { reservation: ReservationRow; lease: HeldLease })[],
    maps: readonly string[],
  ): Promise<void> {
    if (ends.length === 0) return;
    const removing = await this.beginRemoval(unit, maps);
    unit.write(DELETE_LEASES, [ends.map(({ lease }) => lease.id)]);
    const mapsOf = new Map<string | null, RemovingMap[]>();
    for (const map of removing) mapsOf.set(map.leaseId, [...(mapsOf.get(map.leaseId) ?? []), map]);
    const resting: { space: string; position: bigint; map: string }[] = [];
    const free: { space: string; position: bigint }[] = [];
    for (const { by, reason, lease } of ends) {
      const taken = { space: lease.spaceId, position: storedAddress(lease.address).value };
      const still = mapsOf.get(lease.id) ?? [];
      if (still.length === 0) free.push(taken);
      for (const map of still) resting.push({ ...taken, map: map.id });
      const data = ended(leaseDocument(lease), { by, reason });
      unit.emit({ noun: 'lease', verb: 'deleted', id: lease.id, data });
    }
    if (resting.length > 0) {
      unit.write(REST_ADDRESSES, [
        resting.map((row) => row.space),
        resting.map((row) => String(row.position)),
        resting.map((row) => row.map),
      ]);
    }
    await this.allocation.give(unit, free);
  }

  /**
   * Locks what some reservations and components hold, before they are locked themselves: whoever deletes the subnet has
   * the chunks first and waits for these rows.
   */
  async lockHeldBy(unit: Unit, reservationIds: readonly string[], componentIds: readonly string[]): Promise<void> {
    const addresses = await unit.query<{ space: string; address: string }>(HELD_ADDRESSES, [reservationIds]);
    const maps = await unit.query<{ id: string }>(HELD_MAPS, [reservationIds, componentIds]);
    await this.allocation.lockPositions(unit, [
      ...addresses.map(({ space, address }) => ({ space, position: storedAddress(address).value })),
      ...(await this.removal.positionsOf(
        unit,
        maps.map((map) => map.id),
      )),
    ]);
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
   * Before a pool or subnet is deleted: its port maps begin to go, and every resource below it gets its event, by
   * INSERT ... SELECT, so that a million leases are never in memory. The rows themselves go by ON DELETE CASCADE; should
   * a new map have come to one of the leases meanwhile, `retryingNewMaps` has everything done again.
   */
  async withAllBelow(unit: Unit, noun: 'pool' | 'subnet', id: string): Promise<void> {
    const maps = await unit.query<{ id: string }>(MAPS_OF_LEASES[noun], [id]);
    await this.beginRemoval(
      unit,
      maps.map((map) => map.id),
    );
    for (const sql of CASCADE_EVENTS[noun]) await unit.query(sql, [id]);
  }

  private async beginRemoval(unit: Unit, maps: readonly string[]): Promise<RemovingMap[]> {
    if (maps.length === 0) return [];
    const removing = await this.removal.begin(unit, maps);
    unit.write(DETACH_MAPS, [removing.map((map) => map.id)]);
    return removing;
  }
}

/** What the event of an end tells: the resource as it was, and who ended it and why. */
const ended = (document: object, { by, reason }: Ending): object => ({ ...document, releasedBy: by, reason });

/** The constraint port_map_lease keeps a lease under a map that came after we looked: look again. */
export async function retryingNewMaps<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (violates(error, 'port_map_lease')) throw new RetryTransaction();
    throw error;
  }
}
