import { canonicalCidr } from '../../ip/cidr.js';
import { JsonText } from '../../platform/json/json-text.js';
import { PortMapDocument } from './port-map.dto.js';
import type { PortMapEntity } from './port-map.entity.js';

/** Columns of a port map (alias p) and of its gateway (alias g), named as in PortMapEntity. */
export const PORT_MAP_COLUMNS = `
  p.id, p.name, p.tags, p.metadata, p.version, p.created_at AS "createdAt", p.updated_at AS "updatedAt", p.owner,
  p.gateway_id AS "gatewayId", p.protocol, p.connection_port AS "connectionPort", host(p.address) AS address,
  p.target_port AS "targetPort", p.size, p.lease_id AS "leaseId", p.component_id AS "componentId", p.rule_id AS "ruleId",
  p.sources::text[] AS sources, p.expires_at AS "expiresAt",
  p.status, p.reason, host(g.external_address) AS "externalAddress"`;

/** What it was before a statement that has that row as `was`. */
export const STATUS_BEFORE = `was.status AS "statusBefore", was.reason AS "reasonBefore"`;

export interface StatusBefore {
  statusBefore: PortMapEntity['status'];
  reasonBefore: PortMapEntity['reason'];
}

export const statusBefore = (row: StatusBefore): Pick<PortMapDocument, 'status' | 'reason'> => ({
  status: row.statusBefore,
  reason: row.reasonBefore,
});

export type PortMapRow = Omit<PortMapEntity, 'metadata'> & { metadata: string; externalAddress: string };

/** The document of a row that a hand-written statement returned. */
export function portMapDocument(row: PortMapRow): PortMapDocument {
  return PortMapDocument.from(
    { ...row, metadata: new JsonText(row.metadata), sources: row.sources.map(canonicalCidr) },
    row.externalAddress,
  );
}
