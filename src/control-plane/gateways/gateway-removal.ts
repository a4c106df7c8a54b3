import { Injectable } from '@nestjs/common';
import { Problem } from '../../platform/problem/problem.js';
import { ComponentRelease } from '../components/component-release.js';
import type { Unit } from '../events/unit-of-work.js';
import { PortMapRemoval } from '../port-maps/port-map-removal.js';
import type { GatewayEntity } from './gateway.entity.js';

/** Before a gateway is deleted: nothing may be left that it forwards to. */
@Injectable()
export class GatewayRemoval {
  constructor(
    private readonly components: ComponentRelease,
    private readonly maps: PortMapRemoval,
  ) {}

  /** Locks what the gateway's components hold, before any row is locked. */
  async lockHeldBy(unit: Unit, gatewayId: string): Promise<void> {
    await this.components.lockHeldBy(unit, await this.componentsOf(unit, gatewayId));
  }

  private async componentsOf(unit: Unit, gatewayId: string): Promise<string[]> {
    const rows = await unit.query<{ id: string }>('SELECT id FROM component WHERE gateway_id = $1 ORDER BY id', [
      gatewayId,
    ]);
    return rows.map(({ id }) => id);
  }

  /** Refuses while it has components or port maps; with `force` ends them all, confirmed or not. */
  async emptied(unit: Unit, gateway: GatewayEntity, force: boolean, by: string): Promise<void> {
    const components = await this.componentsOf(unit, gateway.id);
    const maps = await unit.query<{ id: string }>('SELECT id FROM port_map WHERE gateway_id = $1 ORDER BY id', [
      gateway.id,
    ]);
    if (components.length + maps.length > 0 && !force) {
      throw new Problem(
        'in-use',
        `The gateway ${JSON.stringify(gateway.name)} has ${components.length} components and ${maps.length} port maps. Delete them first, or use ?force=true.`,
      );
    }
    for (const id of components) await this.components.release(unit, id, { by, reason: 'gateway deleted' });
    await this.maps.begin(
      unit,
      maps.map(({ id }) => ({ id, by, reason: 'gateway deleted' })),
    );
    await this.maps.finish(
      unit,
      maps.map((map) => map.id),
    );
  }
}
