import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { invalidField, notFound, Problem } from '../../platform/problem/problem.js';
import type { Caller } from '../resource/caller.js';
import { isId } from '../resource/id.js';
import { isUnprintable } from '../resource/validators.js';
import { GatewayEntity, GatewayPortsEntity } from './gateway.entity.js';

/** Finds gateways by what people and agents call them. */
@Injectable()
export class GatewayLookup {
  constructor(private readonly database: Database) {}

  /** By id or by name. */
  async find(idOrName: string): Promise<GatewayEntity | null> {
    if (isUnprintable(idOrName)) return null;
    return this.database.read(async (manager) => {
      const byId = isId(idOrName) ? await manager.findOneBy(GatewayEntity, { id: idOrName.toLowerCase() }) : null;
      return byId ?? manager.findOneBy(GatewayEntity, { name: idOrName });
    });
  }

  /** The gateway of a path, as long as the agent's token is for it. */
  async forAgent({ principal }: Caller, idOrName: string): Promise<GatewayEntity> {
    const gateway = await this.find(idOrName);
    if (
      principal.role === 'gateway' &&
      (gateway === null || ![gateway.id, gateway.name].includes(principal.gateway ?? ''))
    ) {
      throw new Problem('forbidden', 'This token is for another gateway.');
    }
    if (gateway === null) throw notFound('gateway', idOrName);
    return gateway;
  }

  /** The gateway that a body names, or by default the caller's own, or the only one. The field for errors is `gateway`. */
  async forClaim({ principal }: Caller, idOrName: string | undefined): Promise<GatewayEntity> {
    if (idOrName !== undefined && idOrName !== '') {
      const gateway = await this.find(idOrName);
      if (gateway === null) throw invalidField('gateway', 'names no gateway');
      return gateway;
    }
    const own = await this.database.read((manager) =>
      manager.find(GatewayEntity, { where: [{ owner: principal.name }], order: { id: 'ASC' }, take: 2 }),
    );
    const candidates =
      own.length > 0
        ? own
        : await this.database.read((manager) => manager.find(GatewayEntity, { order: { id: 'ASC' }, take: 2 }));
    const [first, second] = candidates;
    if (first === undefined) throw invalidField('gateway', 'there is no gateway yet');
    if (second !== undefined) throw invalidField('gateway', 'say which: there is more than one');
    return first;
  }

  ports(manager: EntityManager, gatewayIds: readonly string[]): Promise<GatewayPortsEntity[]> {
    return manager
      .createQueryBuilder(GatewayPortsEntity, 'o')
      .where('o.gateway_id = ANY(:ids)', { ids: gatewayIds })
      .orderBy('o.gateway_id')
      .addOrderBy('o.protocol')
      .getMany();
  }
}
