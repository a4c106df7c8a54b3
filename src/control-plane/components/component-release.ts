import { Injectable } from '@nestjs/common';
import type { Unit } from '../events/unit-of-work.js';
import { LeaseRelease, type Ending } from '../leases/lease-release.js';
import { PortMapRemoval } from '../port-maps/port-map-removal.js';
import { componentDocuments } from './component-documents.js';
import { ComponentEntity } from './component.entity.js';

/** The end of a component: everything that it claimed is released in the transaction that removes it. */
@Injectable()
export class ComponentRelease {
  constructor(
    private readonly leases: LeaseRelease,
    private readonly maps: PortMapRemoval,
  ) {}

  /** Locks everything that components hold, before their rows are locked. */
  async lockHeldBy(unit: Unit, ids: readonly string[]): Promise<void> {
    const rows = await unit.query<{ id: string | null }>(
      'SELECT reservation_id AS id FROM component WHERE id = ANY($1)',
      [ids],
    );
    this.leases.lockHeldBy(
      unit,
      rows.flatMap((row) => row.id ?? []),
      ids,
    );
  }

  /** Ends a component with all that it claimed; who does it and why, the events of its leases say. */
  async release(unit: Unit, id: string, ending: Ending): Promise<void> {
    const { manager } = unit.transaction;
    const component = await manager.findOneByOrFail(ComponentEntity, { id });
    const [data] = await componentDocuments(unit, [component]);
    const { reservationId } = component;
    if (reservationId !== null) await this.leases.ofReservations(unit, [{ reservationId, ...ending }]);
    // What is left are maps whose lease was released before.
    const maps = await unit.query<{ id: string }>('SELECT id FROM port_map WHERE component_id = $1', [id]);
    await this.maps.begin(
      unit,
      maps.map(({ id: map }) => ({ id: map, ...ending })),
    );
    await manager.delete(ComponentEntity, { id });
    unit.emit({ noun: 'component', verb: 'deleted', id, owner: component.owner, actor: ending.by, data: data ?? {} });
  }
}
