import type { Protocol } from '../../contract/desired-state.js';
import { ruleId } from '../../contract/rule-id.js';
import type { Unit } from '../events/unit-of-work.js';
import { arrayLiteral } from '../../platform/database/array-literal.js';
import type { Described } from '../resource/change.js';
import { PortMapDocument } from './port-map.dto.js';
import { PortMapEntity } from './port-map.entity.js';
import type { PortMapTerms } from './port-map-terms.js';

/** A map whose port has been taken, not yet written. */
export interface GrantedPortMap extends Described, PortMapTerms {
  id: string;
  owner: string;
  /** Name of the principal who asked for it. */
  by: string;
  /** Trace context of the request. */
  traceparent: string | undefined;
  gateway: { id: string; externalAddress: string };
  protocol: Protocol;
  connectionPort: number;
  address: string;
  targetPort: number;
  size: number;
  leaseId: string | null;
  componentId: string | null;
}

/** All maps of a batch. That no two have a port of a gateway in common is the database's last word. */
const INSERT_PORT_MAPS = `
  INSERT INTO port_map (id, name, tags, metadata, owner, gateway_id, protocol, connection_port, address, target_port,
                        lease_id, component_id, rule_id, sources, expires_at, size, status, reason, created_at,
                        updated_at)
  SELECT id, name, tags::text[], metadata, owner, gateway_id, protocol, connection_port, address, target_port,
         lease_id, component_id, rule_id, sources::cidr[], expires_at, size, 'pending', $17, $18, $18
  FROM unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::text[], $6::text[], $7::text[], $8::integer[],
              $9::inet[], $10::integer[], $11::text[], $12::text[], $13::text[],
              $14::text[], $15::timestamptz[], $16::integer[])
    AS m (id, name, tags, metadata, owner, gateway_id, protocol, connection_port, address, target_port, lease_id,
          component_id, rule_id, sources, expires_at, size)`;

export const PENDING = 'the gateway has not applied it yet';

/** Writes port maps, tells them, and answers with their documents, in order. */
export function insertPortMaps(unit: Unit, granted: readonly GrantedPortMap[]): PortMapDocument[] {
  if (granted.length === 0) return [];
  const now = new Date();
  const rules = granted.map(ruleId);
  unit.write(INSERT_PORT_MAPS, [
    granted.map((map) => map.id),
    granted.map((map) => map.name),
    granted.map((map) => arrayLiteral(map.tags)),
    granted.map((map) => map.metadata.text),
    granted.map((map) => map.owner),
    granted.map((map) => map.gateway.id),
    granted.map((map) => map.protocol),
    granted.map((map) => map.connectionPort),
    granted.map((map) => map.address),
    granted.map((map) => map.targetPort),
    granted.map((map) => map.leaseId),
    granted.map((map) => map.componentId),
    rules,
    granted.map((map) => arrayLiteral(map.sources)),
    granted.map((map) => map.expiresAt),
    granted.map((map) => map.size),
    PENDING,
    now,
  ]);
  return granted.map((map, index) => {
    const { gateway, by: actor, traceparent, ...columns } = map;
    const entity = Object.assign(new PortMapEntity(), columns, {
      gatewayId: gateway.id,
      ruleId: rules[index] ?? '',
      status: 'pending' as const,
      reason: PENDING,
      version: 1,
      createdAt: now,
      updatedAt: now,
    });
    const data = PortMapDocument.from(entity, gateway.externalAddress);
    const { id, owner } = map;
    unit.emit({ noun: 'port-map', verb: 'created', id, owner, actor, traceparent, desiredBy: gateway.id, data });
    return data;
  });
}
