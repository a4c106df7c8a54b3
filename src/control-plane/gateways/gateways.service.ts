import { Injectable } from '@nestjs/common';
import type { Protocol } from '../../contract/desired-state.js';
import { formatAddress, checkedAddress } from '../../ip/address.js';
import { canonicalCidr } from '../../ip/cidr.js';
import { Database } from '../../platform/database/database.js';
import { violates } from '../../platform/database/database-error.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { invalidField, notFound, Problem } from '../../platform/problem/problem.js';
import { Allocation } from '../allocation/allocation.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import { findPool } from '../pools/find-pool.js';
import { newOwner, type Caller } from '../resource/caller.js';
import {
  describeNew,
  describePatched,
  requireName,
  lockForChange,
  lockForDelete,
  saveChange,
} from '../resource/change.js';
import { chosenId } from '../resource/id.js';
import { Idempotency } from '../resource/idempotency.js';
import { insertNew } from '../resource/insert.js';
import { list } from '../resource/listing.js';
import { GatewayLookup } from './gateway-lookup.js';
import { GatewayRemoval } from './gateway-removal.js';
import {
  GatewayDocument,
  type GatewayChange,
  GATEWAY_SORTS,
  type GatewayListQuery,
  type NewGateway,
  type PortRange,
} from './gateway.dto.js';
import { GatewayEntity, GatewayPortsEntity } from './gateway.entity.js';

const DEFAULT_PORTS: PortRange = { first: 50_000, last: 50_100 };

@Injectable()
export class GatewaysService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly idempotency: Idempotency,
    private readonly allocation: Allocation,
    private readonly lookup: GatewayLookup,
    private readonly removal: GatewayRemoval,
  ) {}

  list(query: GatewayListQuery): Promise<Reply> {
    return list(this.database, {
      entity: GatewayEntity,
      key: 'gateways',
      query,
      whole: false,
      sorts: GATEWAY_SORTS,
      where: (builder) => {
        if (query.owner !== undefined) builder.andWhere('r.owner = :owner', { owner: query.owner });
      },
      documents: async (rows) => {
        const ports = await this.database.read((manager) =>
          this.lookup.ports(
            manager,
            rows.map((row) => row.id),
          ),
        );
        return rows.map((row) =>
          GatewayDocument.from(
            row,
            ports.filter((port) => port.gatewayId === row.id),
          ),
        );
      },
    });
  }

  create(caller: Caller, body: NewGateway): Promise<Reply> {
    requireName(body.name);
    return this.idempotency.run(caller, async (unit) => {
      const gateway = await refusingName(
        insertNew(unit, GatewayEntity, {
          id: chosenId(body.id),
          ...describeNew(body),
          owner: newOwner(caller, body.owner),
          externalAddress: formatAddress(checkedAddress(body.externalAddress)),
          networks: (body.networks ?? []).map(canonicalCidr),
          poolId: await this.poolId(unit, body.pool),
          mode: null,
          observedGeneration: null,
          lastSeenAt: null,
        }),
        body.name,
      );
      for (const protocol of ['tcp', 'udp'] as const) {
        const { first, last } = checkedRange(protocol, body.ports?.[protocol] ?? DEFAULT_PORTS);
        const spaceId = await this.allocation.create(unit, BigInt(first), BigInt(last));
        await unit.transaction.manager.insert(GatewayPortsEntity, {
          gatewayId: gateway.id,
          protocol,
          first,
          last,
          spaceId,
        });
      }
      return this.shown(unit, gateway, 'created');
    });
  }

  async show(idOrName: string): Promise<Reply> {
    const gateway = await this.lookup.find(idOrName);
    if (gateway === null) throw notFound('gateway', idOrName);
    const ports = await this.database.read((manager) => this.lookup.ports(manager, [gateway.id]));
    return reply({ version: gateway.version, body: GatewayDocument.from(gateway, ports) });
  }

  async update(caller: Caller, idOrName: string, body: GatewayChange): Promise<Reply> {
    const id = await this.idOf(idOrName);
    if (body.name === '' || body.name === null) throw invalidField('name', 'must not be empty');
    return this.units.run(async (unit) => {
      const before = await lockForChange(unit, GatewayEntity, 'gateway', id, caller);
      const was = GatewayDocument.from(before, await this.lookup.ports(unit.transaction.manager, [id]));
      await this.resize(unit, id, body);
      const gateway = await refusingName(
        saveChange(unit, GatewayEntity, before, {
          ...describePatched(before, body, caller),
          owner: body.owner === undefined ? before.owner : newOwner(caller, body.owner),
          networks: body.networks?.map(canonicalCidr) ?? before.networks,
          poolId: body.pool === undefined ? before.poolId : await this.poolId(unit, body.pool),
        }),
        body.name ?? '',
      );
      return this.shown(unit, gateway, 'updated', was);
    }, caller);
  }

  async delete(caller: Caller, idOrName: string, force: boolean): Promise<Reply> {
    const id = await this.idOf(idOrName);
    return this.units.run(async (unit) => {
      const ports = await this.lookup.ports(unit.transaction.manager, [id]);
      await this.removal.lockHeldBy(unit, id);
      // Against takers, before we look whether anything is left.
      await this.allocation.lock(
        unit,
        ports.map((port) => port.spaceId),
      );
      const gateway = await lockForDelete(unit, GatewayEntity, 'gateway', id, caller);
      await this.removal.emptied(unit, gateway, force, caller.principal.name);
      await unit.transaction.manager.delete(GatewayEntity, { id });
      unit.emit({
        noun: 'gateway',
        verb: 'deleted',
        id,
        owner: gateway.owner,
        data: GatewayDocument.from(gateway, ports),
      });
      return reply({ location: '/gateways' });
    }, caller);
  }

  private async idOf(idOrName: string): Promise<string> {
    const gateway = await this.lookup.find(idOrName);
    if (gateway === null) throw notFound('gateway', idOrName);
    return gateway.id;
  }

  private async resize(unit: Unit, id: string, body: GatewayChange): Promise<void> {
    for (const ports of await this.lookup.ports(unit.transaction.manager, [id])) {
      const asked = body.ports?.[ports.protocol];
      if (asked === undefined) continue;
      const { first, last } = checkedRange(ports.protocol, asked);
      const before = [BigInt(ports.first), BigInt(ports.last)] as const;
      if (!(await this.allocation.resize(unit, ports.spaceId, before, [BigInt(first), BigInt(last)]))) {
        throw new Problem('range-in-use', `A ${ports.protocol} port in use would fall out of the range.`);
      }
      await unit.transaction.manager.update(
        GatewayPortsEntity,
        { gatewayId: id, protocol: ports.protocol },
        { first, last },
      );
    }
  }

  private async poolId(unit: Unit, idOrName: string | null | undefined): Promise<string | null> {
    if (idOrName === undefined || idOrName === null || idOrName === '') return null;
    return (await findPool(unit.transaction.manager, 'pool', idOrName)).id;
  }

  /** Everything about a gateway is part of its desired state: address and networks shape its hook rules. */
  private async shown(
    unit: Unit,
    gateway: GatewayEntity,
    verb: 'created' | 'updated',
    was?: GatewayDocument,
  ): Promise<Reply> {
    const body = GatewayDocument.from(gateway, await this.lookup.ports(unit.transaction.manager, [gateway.id]));
    const { id, owner } = gateway;
    const data = was === undefined ? body : withChanges(was, body);
    unit.emit({ noun: 'gateway', verb, id, owner, desiredBy: id, data });
    return reply({ location: `/gateways/${gateway.id}`, version: gateway.version, body });
  }
}

async function refusingName<T>(work: Promise<T>, name: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (violates(error, 'gateway_name'))
      throw new Problem('duplicate-name', `There is a gateway named ${JSON.stringify(name)} already.`);
    throw error;
  }
}

function checkedRange(protocol: Protocol, range: PortRange): PortRange {
  if (range.first > range.last) throw invalidField(`ports.${protocol}.last`, 'must not be below first');
  return range;
}
