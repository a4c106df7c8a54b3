import { Injectable } from '@nestjs/common';
import { storedAddress } from '../../ip/address.js';
import { RetryTransaction, violates } from '../../platform/database/database-error.js';
import { JsonText } from '../../platform/json/json-text.js';
import { Allocation } from '../allocation/allocation.js';
import { CASCADE_EVENTS } from '../events/cascade.queries.js';
import type { Unit } from '../events/unit-of-work.js';
import { PortMapRemoval, type RemovingMap } from '../port-maps/port-map-removal.js';
import { LeaseDocument } from './lease.dto.js';
import type { LeaseEntity } from './lease.entity.js';
import {
  DELETE_LEASES,
  DETACH_MAPS,
  HELD_ADDRESSES,
  HELD_MAPS,
  LEASES_OF_RESERVATIONS,
  MAPS_OF_LEASES,
  REST_ADDRESSES,
  SPACES_OF,
} from './lease-release.queries.js';

type HeldLease = Omit<LeaseEntity, 'metadata'> & { metadata: string; spaceId: string };

/** The end of leases, whatever ended them: their port maps go with them, their addresses become free. */
@Injectable()
export class LeaseRelease {
  constructor(
    private readonly allocation: Allocation,
    private readonly removal: PortMapRemoval,
  ) {}

  /**
   * Releases every lease of some reservations. An address to which a gateway may still forward rests until its maps are
   * known to be gone (see resting_address).
   */
  async ofReservations(unit: Unit, reservationIds: readonly string[]): Promise<void> {
    // Leases first: once they are locked nobody can point a new map to them, so the maps read next are all there are.
    const leases = await unit.query<HeldLease>(LEASES_OF_RESERVATIONS, [reservationIds]);
    if (leases.length === 0) return;
    const ids = leases.map((lease) => lease.id);
    const removing = await this.beginRemoval(unit, MAPS_OF_LEASES.leases, ids);
    unit.write(DELETE_LEASES, [ids]);

    const resting: { space: string; position: bigint; map: string }[] = [];
    const free: { space: string; position: bigint }[] = [];
    for (const lease of leases) {
      const taken = { space: lease.spaceId, position: storedAddress(lease.address).value };
      const still = removing.filter((map) => map.leaseId === lease.id);
      if (still.length === 0) free.push(taken);
      for (const map of still) resting.push({ ...taken, map: map.id });
      const document = LeaseDocument.from({ ...lease, metadata: new JsonText(lease.metadata) });
      unit.emit({ noun: 'lease', verb: 'deleted', id: lease.id, data: document });
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
    await this.beginRemoval(unit, MAPS_OF_LEASES[noun], [id]);
    for (const sql of CASCADE_EVENTS[noun]) await unit.query(sql, [id]);
  }

  private async beginRemoval(unit: Unit, mapsOf: string, ids: readonly string[]): Promise<RemovingMap[]> {
    const maps = await unit.query<{ id: string }>(mapsOf, [ids]);
    const removing = await this.removal.begin(
      unit,
      maps.map((map) => map.id),
    );
    unit.write(DETACH_MAPS, [removing.map((map) => map.id)]);
    return removing;
  }
}

/** The constraint port_map_lease keeps a lease under a map that came after we looked: look again. */
export async function retryingNewMaps<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (violates(error, 'port_map_lease')) throw new RetryTransaction();
    throw error;
  }
}
