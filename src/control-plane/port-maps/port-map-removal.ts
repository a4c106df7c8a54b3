import { Injectable } from '@nestjs/common';
import { Allocation } from '../allocation/allocation.js';
import { restAfter, type Quarantine, type Taken } from '../allocation/need.js';
import { withChanges } from '../events/changed.js';
import type { Unit } from '../events/unit-of-work.js';
import { recordMaps } from '../history/record.js';
import {
  BEGIN_REMOVAL,
  DELETE_MAPS,
  END_RESTING,
  LOCK_MAPS,
  LOCK_RESTING,
  POSITIONS_OF_MAPS,
  REMOVING_MAPS,
} from './port-map-removal.queries.js';
import { portMapDocument, statusBefore, type PortMapRow, type StatusBefore } from './port-map-rows.js';

/** A map that its gateway may still have in its kernel. */
export interface RemovingMap {
  id: string;
  leaseId: string | null;
}

/** An address that no gateway forwards to any more; its quarantine begins. */
interface EndedRest extends Quarantine {
  space: string;
  position: string;
  owner: string;
}

/** A map that is to end: by whom (null: time did it) and why. */
export interface MapEnd {
  id: string;
  by: string | null;
  reason: string | null;
  /** Trace context of the request, where it is not that of the unit. */
  traceparent?: string | undefined;
}

/**
 * The end of port maps, in two steps. A deleted map leaves the desired state at once, but keeps its port, and its
 * released address, until the gateway has read its kernel and found the rule gone: so neither can lead a newcomer's
 * connections, or a stale bookmark, to the wrong machine. A gateway that is away delays that and loses nothing.
 */
@Injectable()
export class PortMapRemoval {
  constructor(private readonly allocation: Allocation) {}

  /** What some maps hold, to be locked (`Allocation.lockPositions`) before the maps themselves are. */
  async positionsOf(unit: Unit, ids: readonly string[]): Promise<Taken[]> {
    if (ids.length === 0) return [];
    const rows = await unit.query<{ space: string; position: string }>(POSITIONS_OF_MAPS, [ids]);
    return rows.map(({ space, position }) => ({ space, position: BigInt(position) }));
  }

  /** Locks what some maps hold; see `positionsOf`. */
  async lockSpace(unit: Unit, ids: readonly string[]): Promise<void> {
    await this.allocation.lockPositions(unit, await this.positionsOf(unit, ids));
  }

  /** Begins to remove maps; answers with those that must still be confirmed. Of unseen gateways they go at once. */
  async begin(unit: Unit, ends: readonly MapEnd[]): Promise<RemovingMap[]> {
    if (ends.length === 0) return [];
    const ids = ends.map((end) => end.id);
    await unit.query(LOCK_MAPS, [ids]);
    const begun = await unit.query<PortMapRow & StatusBefore>(BEGIN_REMOVAL, [
      ids,
      ends.map((end) => end.by),
      ends.map((end) => end.reason),
    ]);
    const authors = new Map(ends.map(({ id, by, traceparent }) => [id, { actor: by, traceparent }]));
    for (const row of begun) {
      const { id, owner, gatewayId: desiredBy } = row;
      const data = withChanges(statusBefore(row), portMapDocument(row));
      unit.emit({ noun: 'port-map', verb: 'removing', id, owner, ...authors.get(id), desiredBy, data });
    }
    const maps = await unit.query<RemovingMap & { unseen: boolean }>(REMOVING_MAPS, [ids]);
    await this.finish(
      unit,
      maps.filter((map) => map.unseen).map((map) => map.id),
      authors,
    );
    return maps.filter((map) => !map.unseen);
  }

  /**
   * Forgets maps that are being removed: ports are free again, and addresses that rested only because of them. Whoever is
   * not among the authors is the unit's: a gateway that confirms.
   */
  async finish(
    unit: Unit,
    ids: readonly string[],
    authors: ReadonlyMap<string, { actor: string | null; traceparent: string | undefined }> = new Map(),
  ): Promise<void> {
    if (ids.length === 0) return;
    await unit.query(LOCK_MAPS, [ids]);
    await unit.query(LOCK_RESTING, [ids]);
    const addresses = await unit.query<EndedRest>(END_RESTING, [ids]);
    recordMaps(unit, ids);
    const rows = await unit.query<PortMapRow & { spaceId: string }>(DELETE_MAPS, [ids]);
    for (const { spaceId, ...row } of rows) {
      const [{ id, owner }, data] = [row, portMapDocument(row)];
      unit.emit({ noun: 'port-map', verb: 'deleted', id, owner, ...authors.get(id), data });
    }
    this.allocation.give(unit, [
      ...addresses.map(({ space, position, owner, ...quarantine }) => ({
        space,
        position: BigInt(position),
        ...restAfter(quarantine, owner),
      })),
      ...rows.flatMap(({ spaceId, connectionPort, size }) =>
        Array.from({ length: size }, (_, n) => ({ space: spaceId, position: BigInt(connectionPort + n) })),
      ),
    ]);
  }
}
