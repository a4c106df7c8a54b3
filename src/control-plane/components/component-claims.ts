import { createHash } from 'node:crypto';
import { storedAddress } from '../../ip/address.js';
import { JsonText, writeJson } from '../../platform/json/json-text.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';
import { sizeOf, type Claim, type Need } from '../allocation/need.js';
import type { ClaimKind, ClaimRequest, Granted } from '../allocation/claims.js';
import type { Unit } from '../events/unit-of-work.js';
import type { GatewayLookup } from '../gateways/gateway-lookup.js';
import type { GatewayEntity, GatewayPortsEntity } from '../gateways/gateway.entity.js';
import { NO_TERMS } from '../port-maps/port-map-terms.js';
import { insertPortMaps, type GrantedPortMap } from '../port-maps/port-map-writer.js';
import { portProblem } from '../port-maps/port-problem.js';
import { NEVER } from '../reservations/expiry.js';
import { addressNeed, addressProblem } from '../reservations/address-need.js';
import {
  insertReservations,
  targetSubnets,
  type Target,
  type TargetSubnet,
} from '../reservations/reservation-writer.js';
import { arrayLiteral } from '../../platform/database/array-literal.js';
import { describeNew } from '../resource/change.js';
import { newId } from '../resource/id.js';
import { componentDocuments } from './component-documents.js';
import { ComponentDocument, type ComponentPort, type NewComponent } from './component.dto.js';
import { ComponentEntity } from './component.entity.js';
import { DELETE_COMPONENTS, FIND_BY_NAMES, INSERT_COMPONENTS, SET_RESERVATIONS } from './component.queries.js';

export interface ComponentRequest extends ClaimRequest {
  gateway: GatewayEntity;
  target: Target;
  body: NewComponent;
  ports: readonly ComponentPort[];
  owner: string;
}

interface Existing {
  id: string;
  request: string;
  /** Its document; undefined for one that another request of the same batch is just making. */
  document: ComponentDocument | undefined;
}

interface Context {
  subnets: TargetSubnet[];
  ports: GatewayPortsEntity[];
  /** Ids that this batch has inserted. */
  fresh: Set<string>;
  /** Components that were there, by owner and name. */
  existing: Map<string, Existing>;
}

const PROTOCOLS = ['tcp', 'udp'] as const;
const nameKey = (owner: string, name: string): string => JSON.stringify([owner, name]);
const countOf = ({ body }: ComponentRequest): number => body.count ?? 1;

/** The same for the same request: name and everything that was asked, defaults filled in. */
export function requestHash({ body, gateway, target, ports, owner }: ComponentRequest): string {
  const asked = [
    owner,
    body.name,
    body.kind,
    gateway.id,
    target,
    body.count ?? 1,
    ports.map(({ protocol, targetPort, connectionPort }) => [protocol ?? 'tcp', targetPort, connectionPort ?? null]),
    body.tags ?? [],
    body.metadata ?? JsonText.null,
  ];
  return createHash('sha256').update(writeJson(asked)).digest('hex');
}

export const shownComponent = (body: ComponentDocument): Reply =>
  reply({ location: `/components/${body.id}`, version: body.version, body });

/**
 * A component is claimed in one transaction: its name, its addresses, its ports, its events. The name goes first: who
 * inserts it makes the component, everybody else gets what is there (the same request) or component-exists.
 */
export const componentClaims = (gateways: GatewayLookup): ClaimKind<ComponentRequest, Context> => ({
  table: 'component',

  same: requestHash,

  context: async (unit, requests, wait) => {
    const [first] = requests;
    if (first === undefined) throw new Error('an empty batch');
    const fresh = await insertNames(unit, requests);
    const existing = await findNames(
      unit,
      requests.filter(({ id }) => !fresh.has(id)),
      fresh,
    );
    const { family } = storedAddress(first.gateway.externalAddress);
    const all = await targetSubnets(unit, first.target, wait);
    const subnets = all.filter((subnet) => subnet.family === family);
    if (all.length > 0 && subnets.length === 0) {
      throw invalidField(
        first.target.noun,
        `has no IPv${family} addresses, and the gateway's external address is IPv${family}`,
      );
    }
    return { subnets, ports: await gateways.ports(unit.transaction.manager, [first.gateway.id]), fresh, existing };
  },

  needs: (request, context, wait) => {
    if (context.fresh.has(request.id)) return needsOf(request, context, wait);
    const there = context.existing.get(nameKey(request.owner, request.body.name));
    if (there === undefined)
      throw new Problem('unavailable', 'The component of this name has just been deleted. Try again.');
    if (there.request !== requestHash(request)) {
      throw new Problem(
        'component-exists',
        `${request.owner} has another component named ${JSON.stringify(request.body.name)} already.`,
      );
    }
    if (there.document === undefined)
      throw new Problem('unavailable', 'The same request is just being carried out. Try again.');
    return shownComponent(there.document);
  },

  cost: ([addresses, ...ports]) => ({
    addresses: addresses === undefined ? 0 : sizeOf(addresses),
    portMaps: ports.reduce((sum, need) => sum + sizeOf(need), 0),
  }),

  refusal: (request, context, refusal) => {
    const { need, reason } = refusal;
    if (need === 0) return addressProblem(request.target, context.subnets, { count: countOf(request) }, refusal);
    return portProblem(context.ports, PROTOCOLS[(need - 1) % 2] ?? 'tcp', reason);
  },

  dropped: (unit, refused) => {
    unit.write(DELETE_COMPONENTS, [refused.map(({ id }) => id)]);
  },

  write: (unit, granted, context) => writeComponents(unit, granted, context),
});

async function insertNames(unit: Unit, requests: readonly ComponentRequest[]): Promise<Set<string>> {
  const described = requests.map(({ body }) => describeNew(body));
  const rows = await unit.query<{ id: string }>(INSERT_COMPONENTS, [
    requests.map(({ id }) => id),
    described.map(({ name }) => name),
    described.map(({ tags }) => arrayLiteral(tags)),
    described.map(({ metadata }) => metadata.text),
    requests.map(({ owner }) => owner),
    requests.map(({ body }) => body.kind),
    requests.map(({ gateway }) => gateway.id),
    requests.map(requestHash),
    new Date(),
  ]);
  return new Set(rows.map(({ id }) => id));
}

async function findNames(
  unit: Unit,
  requests: readonly ComponentRequest[],
  fresh: Set<string>,
): Promise<Map<string, Existing>> {
  if (requests.length === 0) return new Map();
  const rows = await unit.query<{ id: string; owner: string; name: string; request: string }>(FIND_BY_NAMES, [
    requests.map(({ owner }) => owner),
    requests.map(({ body }) => body.name),
  ]);
  const complete = rows.filter(({ id }) => !fresh.has(id)).map(({ id }) => id);
  const entities = await unit.transaction.manager
    .createQueryBuilder(ComponentEntity, 'c')
    .where('c.id = ANY(:complete)', { complete })
    .getMany();
  const documents = new Map((await componentDocuments(unit, entities)).map((document) => [document.id, document]));
  return new Map(
    rows.map(({ id, owner, name, request }) => [nameKey(owner, name), { id, request, document: documents.get(id) }]),
  );
}

/** Addresses; then ports asked for by number, tcp and udp; then any ports, tcp and udp. Empty needs are met by nothing. */
function needsOf(request: ComponentRequest, context: Context, wait: boolean): Claim {
  const needs: Need[] = [addressNeed(context.subnets, { count: countOf(request) }, request.owner, wait)];
  for (const protocol of PROTOCOLS) {
    const range = rangeOf(context, protocol);
    const numbers = portsOf(request, protocol).flatMap(({ connectionPort }) => connectionPort ?? []);
    if (numbers.some((number) => number < range.first || number > range.last)) {
      throw invalidField(
        'ports',
        `connectionPort must be one of the gateway's ${protocol} ports, ${range.first} to ${range.last}`,
      );
    }
    needs.push({ spaces: [range.spaceId], positions: numbers.map(BigInt) });
  }
  for (const protocol of PROTOCOLS) {
    const free = portsOf(request, protocol).filter(({ connectionPort }) => connectionPort === undefined);
    needs.push({ spaces: [rangeOf(context, protocol).spaceId], count: free.length * countOf(request) });
  }
  return needs;
}

const portsOf = ({ ports }: ComponentRequest, protocol: string): ComponentPort[] =>
  ports.filter((port) => (port.protocol ?? 'tcp') === protocol);

function rangeOf({ ports }: Context, protocol: string): GatewayPortsEntity {
  const range = ports.find((port) => port.protocol === protocol);
  if (range === undefined) throw invalidField('gateway', 'was deleted meanwhile');
  return range;
}

async function writeComponents(
  unit: Unit,
  granted: readonly Granted<ComponentRequest>[],
  { subnets }: Context,
): Promise<Reply[]> {
  if (granted.length === 0) return [];
  const reservations = insertReservations(
    unit,
    subnets,
    granted.map(({ request: { caller, owner, body }, taken }) => ({
      id: newId(),
      owner,
      by: caller.principal.name,
      traceparent: caller.traceparent,
      name: body.name,
      tags: [],
      metadata: JsonText.null,
      expiry: NEVER,
      taken: taken[0] ?? [],
    })),
  ).map(({ document }) => document);
  unit.write(SET_RESERVATIONS, [granted.map(({ request }) => request.id), reservations.map(({ id }) => id)]);

  const maps: GrantedPortMap[] = granted.flatMap(({ request, taken }, number) => {
    const free = { tcp: taken[3] ?? [], udp: taken[4] ?? [] };
    const next = { tcp: 0, udp: 0 };
    return (reservations[number]?.leases ?? []).flatMap((lease) =>
      request.ports.map((port) => {
        const protocol = port.protocol ?? 'tcp';
        const connectionPort = port.connectionPort ?? Number(free[protocol][next[protocol]++]?.position);
        const { caller, owner, gateway, body } = request;
        const { address, id: leaseId } = lease;
        return {
          ...{
            id: newId(),
            name: body.name,
            tags: [],
            metadata: JsonText.null,
            owner,
            by: caller.principal.name,
            traceparent: caller.traceparent,
            gateway,
            protocol,
            connectionPort,
            size: 1,
          },
          ...{ address, targetPort: port.targetPort, leaseId, componentId: request.id },
          ...NO_TERMS,
        };
      }),
    );
  });
  const portMaps = insertPortMaps(unit, maps);
  const entities = await unit.transaction.manager
    .createQueryBuilder(ComponentEntity, 'c')
    .where('c.id = ANY(:ids)', { ids: granted.map(({ request }) => request.id) })
    .getMany();
  return granted.map(({ request }, number) => {
    const entity = entities.find(({ id }) => id === request.id);
    if (entity === undefined) throw new Error('a component vanished inside its own transaction');
    const data = ComponentDocument.from(
      entity,
      reservations[number]?.leases ?? [],
      portMaps.filter((map) => map.component === request.id),
    );
    const { principal, traceparent } = request.caller;
    const { id, owner } = data;
    unit.emit({ noun: 'component', verb: 'created', id, owner, actor: principal.name, traceparent, data });
    return shownComponent(data);
  });
}
