import { Injectable } from '@nestjs/common';
import type { ObservedDrift } from '../../contract/desired-state.js';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import type { Unit } from '../events/unit-of-work.js';
import type { DriftDocument, DriftQuery } from './drift.dto.js';
import { ADD_DRIFT, DRIFT_BY_ID, DRIFT_PAGE, FORGET_OLD_DRIFT } from './drift.queries.js';
import { GatewayLookup } from './gateway-lookup.js';
import type { GatewayEntity } from './gateway.entity.js';

const PAGE = 50;

/** What gateways found changed in their kernels by somebody else: kept, told, shown. */
@Injectable()
export class DriftService {
  constructor(
    private readonly database: Database,
    private readonly gateways: GatewayLookup,
  ) {}

  /** Keeps what is new of a report, and tells it. */
  async record(unit: Unit, gateway: GatewayEntity, drift: readonly ObservedDrift[]): Promise<void> {
    if (drift.length === 0) return;
    const added = await unit.query<{ id: string }>(ADD_DRIFT, [
      gateway.id,
      drift.map((one) => one.at),
      drift.map((one) => one.program),
      drift.map((one) => JSON.stringify(one.found)),
      drift.map((one) => one.maps),
      drift.map((one) => one.outcome),
    ]);
    for (const row of await unit.query<DriftDocument>(DRIFT_BY_ID, [added.map(({ id }) => id)])) {
      const { at, program, found, maps, outcome } = row;
      const data = { gateway: gateway.id, name: gateway.name, at, program, found, maps, outcome };
      unit.emit({ noun: 'gateway', verb: 'drift', id: gateway.id, owner: gateway.owner, data });
    }
    unit.write(FORGET_OLD_DRIFT, [gateway.id]);
  }

  async list(name: string, { limit = PAGE, before }: DriftQuery): Promise<Reply> {
    const gateway = await this.gateways.find(name);
    if (gateway === null) throw notFound('gateway', name);
    const rows = await this.database.query<DriftDocument>(DRIFT_PAGE, [gateway.id, before ?? null, limit + 1]);
    const drift = rows.slice(0, limit);
    const last = drift.at(-1);
    return reply({
      body: { drift, ...(rows.length > limit && last !== undefined && { next: last.at.toISOString() }) },
    });
  }
}
