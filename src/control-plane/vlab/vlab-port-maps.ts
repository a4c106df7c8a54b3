import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { JsonText, writeJson } from '../../platform/json/json-text.js';
import { Problem } from '../../platform/problem/problem.js';
import { EventSignal } from '../events/event-signal.js';
import { PortMapsService } from '../port-maps/port-maps.service.js';
import type { Caller } from '../resource/caller.js';
import { newId } from '../resource/id.js';
import type { UsersGateway } from './vlab-gateways.js';
import type { MapFilter, MapWish } from './vlab-input.js';
import { VlabRefusal } from './vlab-refusal.js';
import { ADDRESS_IN_POOL, MAP_STATE, mapsQuery, type MapRow } from './vlab.queries.js';

interface MapState {
  status: string;
  reason: string | null;
}

export interface PortMapSettings {
  /** How long the gateway may take to do what it is told. */
  applySeconds: number;
}

/** Port maps as the vLab face has them (contracts/vlab.md section 5), on the service that the native API uses too. */
@Injectable()
export class VlabPortMaps {
  constructor(
    private readonly database: Database,
    private readonly portMaps: PortMapsService,
    private readonly signal: EventSignal,
    private readonly settings: PortMapSettings,
  ) {}

  /** The oldest first; none when no filter can fit. */
  async list(gateway: UsersGateway, filter: MapFilter | undefined): Promise<MapRow[]> {
    if (filter === undefined) return [];
    const { sql, parameters } = mapsQuery(gateway.id, filter);
    return this.database.query<MapRow>(sql, parameters);
  }

  /**
   * The connection port of a map that traffic passes: a new one, or one that is there for the same name, component, address
   * and port. One that its gateway does not apply in time is taken back.
   */
  async map(gateway: UsersGateway, { name, component, address, targetPort }: MapWish): Promise<number> {
    if (gateway.mode === 'plan') {
      throw new VlabRefusal(500, `The gateway ${gateway.name} only plans its rules: no traffic would pass`);
    }
    const caller = callerFor(gateway);
    const target = await this.target(gateway, address);
    const id = newId();
    const { body } = await this.portMaps.create(
      caller,
      { id, gateway: gateway.id, name, metadata: new JsonText(writeJson({ component })), ...target, targetPort },
      { gateway: gateway.id, name, component, address, targetPort },
    );
    const map = JSON.parse(writeJson(body)) as { id: string; connectionPort: number };
    const state = await this.settled(map.id, (now) => now === undefined || ['active', 'failed'].includes(now.status));
    if (state?.status === 'active') return map.connectionPort;
    if (map.id === id) await this.remove(caller, id);
    const why = state === undefined ? 'it was deleted meanwhile' : (state.reason ?? state.status);
    throw new VlabRefusal(500, `The gateway ${gateway.name} did not apply the port map in time: ${why}`);
  }

  /** Ends a map; waits a while until the gateway has taken its rule out, and does not mind when that is away. */
  async unmap(gateway: UsersGateway, connectionPort: number): Promise<void> {
    const [map] = connectionPort < 1 || connectionPort > 65_535 ? [] : await this.list(gateway, { connectionPort });
    if (map === undefined || !(await this.remove(callerFor(gateway), map.id))) {
      throw new VlabRefusal(404, 'No such port mapping record');
    }
    await this.settled(map.id, (state) => state === undefined);
  }

  /** A lease of the owner, with which the map ends; else the plain address, which must lie in the gateway's networks. */
  private async target(gateway: UsersGateway, address: string): Promise<{ lease: string } | { address: string }> {
    const { poolId, owner, externalAddress } = gateway;
    const [found] = await this.database.query<{ lease: string | null; isGateway: boolean }>(ADDRESS_IN_POOL, [
      ...[address, poolId, owner],
    ]);
    if (address === externalAddress || found?.isGateway === true) {
      throw new VlabRefusal(
        400,
        `target_addr must be a machine behind the gateway, not the gateway itself: ${address}`,
      );
    }
    return found?.lease == null ? { address } : { lease: found.lease };
  }

  /** False when it is gone already. */
  private async remove(caller: Caller, id: string): Promise<boolean> {
    try {
      await this.portMaps.delete(caller, id);
      return true;
    } catch (error) {
      if (error instanceof Problem && error.code === 'not-found') return false;
      throw error;
    }
  }

  /** The state of a map (undefined: gone) once it is as wanted, or after the time. Waiting holds no connection. */
  private async settled(id: string, isWanted: (state: MapState | undefined) => boolean): Promise<MapState | undefined> {
    const deadline = Date.now() + this.settings.applySeconds * 1000;
    for (;;) {
      // Listen before looking, or a change between the two would be slept through.
      const stop = new AbortController();
      const woken = this.signal.next(Math.max(0, deadline - Date.now()), stop.signal);
      try {
        const [state] = await this.database.query<MapState>(MAP_STATE, [id]);
        if (isWanted(state) || Date.now() >= deadline) return state;
        await woken;
      } finally {
        stop.abort();
      }
    }
  }
}

/** The owner of the gateway, as the native API would see it: it may change what is its own. */
const callerFor = ({ owner }: UsersGateway): Caller => ({
  principal: { name: owner, role: 'member' },
  bodyType: 'json',
});
