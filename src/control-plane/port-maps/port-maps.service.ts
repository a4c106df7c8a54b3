import { Injectable } from '@nestjs/common';
import { MAX_SIZE, type Protocol } from '../../contract/desired-state.js';
import { ruleId } from '../../contract/rule-id.js';
import { checkedAddress, formatAddress, storedAddress, type Address } from '../../ip/address.js';
import { checkedCidr } from '../../ip/cidr.js';
import { contains } from '../../ip/range.js';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { invalidField, notFound, Problem } from '../../platform/problem/problem.js';
import { sizeOf, type Claim, type Terms } from '../allocation/need.js';
import { Claims, type ClaimKind, type ClaimRequest } from '../allocation/claims.js';
import type { GroupCommit } from '../allocation/group-commit.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork } from '../events/unit-of-work.js';
import { GatewayLookup } from '../gateways/gateway-lookup.js';
import { GatewayEntity, type GatewayPortsEntity } from '../gateways/gateway.entity.js';
import { recordMapChange } from '../history/record.js';
import { newOwner, requireOwner, type Caller } from '../resource/caller.js';
import { describeNew, describePatched, lockForChange, saveChange } from '../resource/change.js';
import { claimId, isId, pathId } from '../resource/id.js';
import { applyWithin } from '../resource/filters.js';
import { list } from '../resource/listing.js';
import { PortMapRemoval } from './port-map-removal.js';
import { NO_TERMS, termsAfter, type PortMapTerms } from './port-map-terms.js';
import { insertPortMaps, PENDING } from './port-map-writer.js';
import {
  PORT_MAP_SORTS,
  PortMapDocument,
  type NewPortMap,
  type PortMapChange,
  type PortMapListQuery,
} from './port-map.dto.js';
import { PortMapEntity } from './port-map.entity.js';
import { portProblem } from './port-problem.js';
import { sameMaps, subjectKey, type MapSubject } from './same-map.js';

interface Request extends ClaimRequest {
  gateway: GatewayEntity;
  body: NewPortMap;
  owner: string;
  terms: PortMapTerms;
  /** One map is enough for it: a second request is answered with the first one's. Ports are then drawn at random. */
  subject?: MapSubject;
}

interface Context {
  ports: GatewayPortsEntity[];
  leases: Map<string, LeaseRow>;
  /** Maps that are there, by `subjectKey`. */
  same: Map<string, PortMapDocument>;
}

interface LeaseRow {
  id: string;
  address: string;
  owner: string;
}

/** Leases to lead to, kept from being released until we commit. */
const LEASES_TO_MAP = `
  SELECT l.id, host(l.address) AS address, r.owner
  FROM lease l JOIN reservation r ON r.id = l.reservation_id
  WHERE l.id = ANY($1) ORDER BY l.id FOR KEY SHARE OF l`;

/** A bookmark of a map that is gone must not lead straight to the machine of the next one. */
const AT_RANDOM: Terms = { policy: 'random', reuseEarly: false };

const leaseOf = ({ body }: Request, { leases }: Context): LeaseRow | undefined =>
  leases.get(body.lease?.toLowerCase() ?? '');

const portMapClaims = (gateways: GatewayLookup): ClaimKind<Request, Context> => ({
  table: 'port_map',
  context: async (unit, requests) => {
    const [first] = requests;
    const wanted = requests.flatMap(({ body }) => body.lease?.toLowerCase() ?? []);
    // First, before the ports are locked.
    const same = await sameMaps(
      unit,
      requests.flatMap(({ subject }) => subject ?? []),
    );
    const leases = wanted.length === 0 ? [] : await unit.query<LeaseRow>(LEASES_TO_MAP, [wanted]);
    return {
      ports: first === undefined ? [] : await gateways.ports(unit.transaction.manager, [first.gateway.id]),
      leases: new Map(leases.map((lease) => [lease.id, lease])),
      same,
    };
  },
  same: ({ subject }) => subject && subjectKey(subject),
  needs: (request, context) => {
    requireLease(request, leaseOf(request, context));
    const there = request.subject && context.same.get(subjectKey(request.subject));
    if (there !== undefined) return shown(there);
    const need = portNeed(context.ports, request.body);
    return [request.subject === undefined ? need : { ...need, terms: AT_RANDOM }];
  },
  cost: (claim) => ({ addresses: 0, portMaps: claim.reduce((sum, need) => sum + sizeOf(need), 0) }),
  refusal: ({ body }, { ports }, { reason }) => portProblem(ports, body.protocol ?? 'tcp', reason, body.size),
  write: (unit, granted, context) => {
    const rows = granted.map(({ request, taken }) => {
      const { id, caller, owner, gateway, body, terms } = request;
      const lease = leaseOf(request, context);
      return {
        id,
        owner,
        by: caller.principal.name,
        traceparent: caller.traceparent,
        gateway,
        protocol: body.protocol ?? ('tcp' as const),
        connectionPort: Number(taken[0]?.[0]?.position),
        address: lease?.address ?? formatAddress(checkedAddress(body.address ?? '')),
        targetPort: body.targetPort,
        size: body.size ?? 1,
        leaseId: lease?.id ?? null,
        componentId: null,
        ...describeNew(body),
        ...terms,
      };
    });
    return insertPortMaps(unit, rows).map(shown);
  },
});

@Injectable()
export class PortMapsService {
  private readonly queue: GroupCommit<Request, Reply>;

  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
    private readonly gateways: GatewayLookup,
    private readonly removal: PortMapRemoval,
    claims: Claims,
  ) {
    this.queue = claims.queue(portMapClaims(gateways));
  }

  list(query: PortMapListQuery): Promise<Reply> {
    return list(this.database, {
      entity: PortMapEntity,
      key: 'portMaps',
      query,
      whole: false,
      sorts: PORT_MAP_SORTS,
      where: (builder) => {
        const { gateway, owner, address, component, status, within, connectionPort } = query;
        applyWithin(builder, 'r.address', within);
        if (connectionPort !== undefined) {
          // The first condition is for the index: no map has more ports.
          builder
            .andWhere('r.connection_port BETWEEN :lowest AND :connectionPort', {
              connectionPort,
              lowest: connectionPort - MAX_SIZE + 1,
            })
            .andWhere('r.connection_port + r.size > :connectionPort');
        }
        if (gateway !== undefined) builder.andWhere('r.gateway_id = :gateway', { gateway });
        if (owner !== undefined) builder.andWhere('r.owner = :owner', { owner });
        if (address !== undefined) {
          builder.andWhere('r.address = :address::inet', { address: formatAddress(checkedAddress(address)) });
        }
        if (component !== undefined) builder.andWhere('r.component_id = :component', { component });
        if (status !== undefined) builder.andWhere('r.status = :status', { status });
      },
      documents: (rows) => this.documents(rows),
    });
  }

  private async documents(rows: readonly PortMapEntity[]): Promise<PortMapDocument[]> {
    const ids = [...new Set(rows.map((row) => row.gatewayId))];
    const gateways = await this.database.query<{ id: string; address: string }>(
      'SELECT id, host(external_address) AS address FROM gateway WHERE id = ANY($1)',
      [ids],
    );
    const addresses = new Map(gateways.map(({ id, address }) => [id, address]));
    return rows.map((row) => PortMapDocument.from(row, addresses.get(row.gatewayId) ?? ''));
  }

  async show(id: string): Promise<Reply> {
    const map = await this.database.read((manager) => manager.findOneBy(PortMapEntity, { id: pathId('port map', id) }));
    if (map === null) throw notFound('port map', id);
    const [body] = await this.documents([map]);
    return reply({ version: map.version, body });
  }

  /**
   * Takes the connection port asked for, or the lowest free one. Concurrent requests for a gateway share a transaction. With
   * a subject, a map that is there for it already is the answer.
   */
  async create(caller: Caller, body: NewPortMap, subject?: MapSubject): Promise<Reply> {
    const gateway = await this.gateways.forClaim(caller, body.gateway);
    if ((body.lease === undefined) === (body.address === undefined)) {
      throw invalidField('address', 'give either an address or a lease');
    }
    requirePorts(body);
    if (body.lease !== undefined && !isId(body.lease)) throw invalidField('lease', 'names no lease');
    if (body.address !== undefined) requireReachable(gateway, body.address);
    // Apart, since all that are taken in one statement are taken in the same way.
    return this.queue.submit(subject === undefined ? gateway.id : `${gateway.id} once`, {
      caller,
      gateway,
      body,
      ...claimId(body.id),
      owner: newOwner(caller, body.owner),
      terms: termsAfter(NO_TERMS, body, gateway.externalAddress, new Date()),
      ...(subject !== undefined && { subject }),
    });
  }

  /**
   * Changes name, tags, metadata and terms. Where a map leads never changes: make another and delete this one. Other sources
   * are another rule, which the gateway has yet to confirm.
   */
  update(caller: Caller, id: string, body: PortMapChange): Promise<Reply> {
    return this.units.run(async (unit) => {
      const before = await lockForChange(unit, PortMapEntity, 'port map', pathId('port map', id), caller);
      requireOwner(caller, before.owner);
      const { externalAddress } = await unit.transaction.manager.findOneByOrFail(GatewayEntity, {
        id: before.gatewayId,
      });
      const described = describePatched(before, body, caller);
      const terms = termsAfter(before, body, externalAddress, new Date());
      const { protocol, connectionPort, address, targetPort, size } = before;
      const rule = ruleId({ protocol, connectionPort, address, targetPort, size, sources: terms.sources });
      const isNewRule = rule !== before.ruleId;
      if (isNewRule && before.status === 'removing') throw new Problem('in-use', 'The port map is being removed.');
      recordMapChange(unit, before.id, caller.principal.name, before, described);
      const was = PortMapDocument.from(before, externalAddress);
      const map = await saveChange(unit, PortMapEntity, before, {
        ...described,
        ...terms,
        ...(isNewRule && { ruleId: rule, status: 'pending', reason: PENDING }),
      });
      const data = PortMapDocument.from(map, externalAddress);
      const { id: mapId, owner } = map;
      const event = { noun: 'port-map', verb: 'updated', id: mapId, owner, data: withChanges(was, data) } as const;
      unit.emit(isNewRule ? { ...event, desiredBy: map.gatewayId } : event);
      return shown(data);
    }, caller);
  }

  /** The map stops to be desired at once; its port is free again when the gateway confirms that the rule is gone. */
  delete(caller: Caller, id: string): Promise<Reply> {
    return this.units.run(async (unit) => {
      await this.removal.lockSpace(unit, [pathId('port map', id)]);
      const map = await lockForChange(unit, PortMapEntity, 'port map', pathId('port map', id), caller);
      requireOwner(caller, map.owner);
      await this.removal.begin(unit, [{ id: map.id, by: caller.principal.name, reason: null }]);
      return reply({ location: '/port-maps' });
    }, caller);
  }
}

const shown = (body: PortMapDocument): Reply =>
  reply({ location: `/port-maps/${body.id}`, version: body.version, body });

function portNeed(ports: readonly GatewayPortsEntity[], body: NewPortMap): Claim[number] {
  const protocol: Protocol = body.protocol ?? 'tcp';
  const range = ports.find((port) => port.protocol === protocol);
  if (range === undefined) throw invalidField('gateway', 'was deleted meanwhile');
  const { connectionPort, size = 1 } = body;
  if (connectionPort === undefined) {
    return { spaces: [range.spaceId], count: size, ...(size > 1 && { align: 1 }) };
  }
  if (connectionPort < range.first || connectionPort + size - 1 > range.last) {
    const what = size === 1 ? "must be one of the gateway's" : `and the ${size - 1} after it must be of the gateway's`;
    throw invalidField('connectionPort', `${what} ${protocol} ports, ${range.first} to ${range.last}`);
  }
  return {
    spaces: [range.spaceId],
    positions: Array.from({ length: size }, (_, n) => BigInt(connectionPort + n)),
  };
}

/** The last port of a range is a port too. */
function requirePorts({ size = 1, targetPort, connectionPort }: NewPortMap): void {
  for (const [field, first] of Object.entries({ targetPort, connectionPort })) {
    if (first !== undefined && first + size > 65_536) {
      throw invalidField(field, `must be at most ${65_536 - size}, for ${size} ports in a row`);
    }
  }
}

function requireLease({ caller, body, gateway }: Request, lease: LeaseRow | undefined): void {
  if (body.lease === undefined) return;
  if (lease === undefined) throw invalidField('lease', 'names no lease');
  requireOwner(caller, lease.owner);
  requireFamily(gateway, 'lease', storedAddress(lease.address));
}

function requireFamily(gateway: GatewayEntity, field: string, address: Address): void {
  const { family } = storedAddress(gateway.externalAddress);
  if (address.family !== family) {
    throw invalidField(field, `must be IPv${family}, as the gateway's external address is`);
  }
}

/** A plain address must lie in one of the gateway's networks: nobody may aim a gateway at just any machine. */
function requireReachable(gateway: GatewayEntity, text: string): void {
  const address = checkedAddress(text);
  requireFamily(gateway, 'address', address);
  if (gateway.networks.some((network) => contains(checkedCidr(network), address))) return;
  const list = gateway.networks.length === 0 ? 'it has no networks' : `its networks are ${gateway.networks.join(', ')}`;
  throw invalidField('address', `is not one that the gateway ${JSON.stringify(gateway.name)} may reach: ${list}`);
}
