import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { owns } from '../../platform/auth/principal.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { invalidField, notFound, Problem } from '../../platform/problem/problem.js';
import { Claims } from '../allocation/claims.js';
import type { GroupCommit } from '../allocation/group-commit.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { GatewayLookup } from '../gateways/gateway-lookup.js';
import type { GatewayEntity } from '../gateways/gateway.entity.js';
import { findPool } from '../pools/find-pool.js';
import { targetKey, type Target } from '../reservations/reservation-writer.js';
import { newOwner, requireOwner, type Caller } from '../resource/caller.js';
import { describePatched, requireName, lockForChange, lockForDelete, saveChange } from '../resource/change.js';
import { claimId, isId } from '../resource/id.js';
import { applyHeldAddress } from '../resource/filters.js';
import { list } from '../resource/listing.js';
import { isUnprintable } from '../resource/validators.js';
import { componentClaims, shownComponent, type ComponentRequest } from './component-claims.js';
import { componentDocuments } from './component-documents.js';
import { ComponentKinds } from './component-kinds.js';
import { ComponentRelease } from './component-release.js';
import {
  COMPONENT_SORTS,
  type ComponentChange,
  type ComponentListQuery,
  type ComponentPort,
  type NewComponent,
} from './component.dto.js';
import { ComponentEntity } from './component.entity.js';
import { SubnetEntity } from '../subnets/subnet.entity.js';

@Injectable()
export class ComponentsService {
  private readonly queue: GroupCommit<ComponentRequest, Reply>;

  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly gateways: GatewayLookup,
    private readonly release: ComponentRelease,
    private readonly kinds: ComponentKinds,
    claims: Claims,
  ) {
    this.queue = claims.queue(componentClaims(gateways));
  }

  list(query: ComponentListQuery): Promise<Reply> {
    return list(this.database, {
      entity: ComponentEntity,
      key: 'components',
      query,
      whole: false,
      sorts: COMPONENT_SORTS,
      where: (builder) => {
        applyHeldAddress(builder, 'r.reservation_id', query);
        const { owner, kind, gateway } = query;
        if (owner !== undefined) builder.andWhere('r.owner = :owner', { owner });
        if (kind !== undefined) builder.andWhere('r.kind = :kind', { kind });
        if (gateway !== undefined) builder.andWhere('r.gateway_id = :gateway', { gateway });
      },
      documents: (rows) => componentDocuments(this.database, rows),
    });
  }

  /** Claims addresses and ports under a name, all or nothing; the same request again is answered with the same claim. */
  async create(caller: Caller, body: NewComponent): Promise<Reply> {
    requireName(body.name);
    if (body.kind === '') throw invalidField('kind', 'must not be empty');
    const owner = newOwner(caller, body.owner);
    const ports = checkedPorts(body, this.kinds);
    const gateway = await this.gateways.forClaim(caller, body.gateway);
    const target = await this.target(body, gateway);
    return this.queue.submit(`${gateway.id} ${targetKey(target)}`, {
      caller,
      ...claimId(body.id),
      gateway,
      target,
      body,
      ports,
      owner,
    });
  }

  private async target(body: NewComponent, gateway: GatewayEntity): Promise<Target> {
    if (body.subnet !== undefined && body.pool !== undefined)
      throw invalidField('subnet', 'give a pool or a subnet, not both');
    if (body.subnet !== undefined) {
      const id = body.subnet.toLowerCase();
      const there = isId(id) && (await this.database.read((manager) => manager.existsBy(SubnetEntity, { id })));
      if (!there) throw invalidField('subnet', 'names no subnet');
      return { noun: 'subnet', id };
    }
    if (body.pool !== undefined) {
      const name = body.pool;
      const pool = await this.database.read((manager) => findPool(manager, 'pool', name));
      return { noun: 'pool', id: pool.id };
    }
    if (gateway.poolId === null) {
      throw invalidField(
        'pool',
        `give a pool or a subnet: the gateway ${JSON.stringify(gateway.name)} has no pool of its own`,
      );
    }
    return { noun: 'pool', id: gateway.poolId };
  }

  /** By id, or by name: the caller's own first. */
  private async find({ principal }: Caller, idOrName: string): Promise<ComponentEntity> {
    if (isUnprintable(idOrName)) throw notFound('component', idOrName);
    const byId = isId(idOrName)
      ? await this.database.read((m) => m.findOneBy(ComponentEntity, { id: idOrName.toLowerCase() }))
      : null;
    if (byId !== null) return byId;
    const named = await this.database.read((m) =>
      m.find(ComponentEntity, { where: { name: idOrName }, order: { id: 'ASC' }, take: 100 }),
    );
    const own = named.filter(({ owner }) => owner === principal.name);
    const mine = own.length > 0 ? own : named.filter(({ owner }) => owns(principal, owner));
    const [first, second] = mine.length > 0 ? mine : named;
    if (first === undefined) throw notFound('component', idOrName);
    if (second !== undefined)
      throw new Problem('in-use', `Several owners have a component named ${JSON.stringify(idOrName)}: use its id.`);
    return first;
  }

  async show(caller: Caller, idOrName: string): Promise<Reply> {
    const component = await this.find(caller, idOrName);
    const [body] = await componentDocuments(this.database, [component]);
    return reply({ version: component.version, body });
  }

  async update(caller: Caller, idOrName: string, body: ComponentChange): Promise<Reply> {
    const { id } = await this.find(caller, idOrName);
    if (body.name === '' || body.name === null) throw invalidField('name', 'must not be empty');
    return this.units.run(async (unit) => {
      const before = await lockForChange(unit, ComponentEntity, 'component', id, caller);
      requireOwner(caller, before.owner);
      if (body.name !== undefined && body.name !== before.name)
        throw invalidField('name', 'cannot change: it is what the claim is for');
      const { tags, metadata } = before;
      const component = await saveChange(unit, ComponentEntity, before, describePatched(before, body, caller));
      const [data] = await componentDocuments(unit, [component]);
      if (data === undefined) throw notFound('component', id);
      const told = withChanges({ tags, metadata }, data);
      unit.emit({ noun: 'component', verb: 'updated', id, owner: component.owner, data: told });
      return shownComponent(data);
    }, caller);
  }

  /** Releases everything that it claimed. */
  async delete(caller: Caller, idOrName: string): Promise<Reply> {
    const { id } = await this.find(caller, idOrName);
    return this.units.run(async (unit) => {
      await this.release.lockHeldBy(unit, [id]);
      const component = await lockForDelete(unit, ComponentEntity, 'component', id, caller);
      requireOwner(caller, component.owner);
      await this.release.release(unit, id, { by: caller.principal.name, reason: 'component deleted' });
      return reply({ location: '/components' });
    }, caller);
  }
}

/** The ports to map: those asked for, or those of the kind. */
function checkedPorts(body: NewComponent, kinds: ComponentKinds): readonly ComponentPort[] {
  if (body.ports === undefined) {
    const kind = kinds.find(body.kind);
    if (kind === undefined)
      throw invalidField('ports', `say which: ${JSON.stringify(body.kind)} is not a kind with known ports`);
    return kind.ports.filter((port) => port.create).map(({ targetPort, protocol }) => ({ targetPort, protocol }));
  }
  const asked = new Set<string>();
  for (const [index, { protocol, connectionPort }] of body.ports.entries()) {
    if (connectionPort === undefined) continue;
    if ((body.count ?? 1) > 1)
      throw invalidField(`ports.${index}.connectionPort`, 'cannot be chosen for more than one address');
    const key = `${protocol ?? 'tcp'} ${connectionPort}`;
    if (asked.has(key)) throw invalidField(`ports.${index}.connectionPort`, 'is asked for twice');
    asked.add(key);
  }
  return body.ports;
}
