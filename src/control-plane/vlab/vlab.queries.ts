import { HAS_OWN_COMPONENT, MAP_COMPONENT, OWN_COMPONENT } from '../port-maps/same-map.js';
import type { MapFilter } from './vlab-input.js';

/** A port map as the face shows it. */
export interface MapRow {
  id: string;
  name: string;
  address: string;
  targetPort: number;
  connectionPort: number;
  component: string;
  status: string;
}

const MAPS = `
  SELECT p.id, p.name, host(p.address) AS address, p.target_port AS "targetPort",
         p.connection_port AS "connectionPort", ${MAP_COMPONENT} AS component, p.status
  FROM port_map p LEFT JOIN component c ON c.id = p.component_id
  WHERE p.gateway_id = $1 AND p.protocol = 'tcp' AND p.status <> 'removing'`;

/** What each filter adds, and the index that it is looked up in. */
const CONDITIONS: Readonly<Record<keyof MapFilter, (n: number) => string>> = {
  // port_map_by_name
  name: (n) => `p.name COLLATE "C" = $${n} AND (p.name COLLATE "C") <> ''`,
  // port_map_by_own_component; component_by_gateway_and_kind, then port_map_component
  component: (n) => `p.id IN (
    SELECT p.id FROM port_map p WHERE p.gateway_id = $1 AND ${HAS_OWN_COMPONENT} AND ${OWN_COMPONENT} = $${n}
    UNION ALL
    SELECT m.id FROM component k JOIN port_map m ON m.component_id = k.id WHERE k.gateway_id = $1 AND k.kind = $${n})`,
  // port_map_address
  address: (n) => `p.address = $${n}::inet`,
  // port_map_port: (gateway, protocol, connection port)
  connectionPort: (n) => `p.connection_port = $${n}`,
  // none: of a gateway's maps, a scan
  targetPort: (n) => `p.target_port = $${n}`,
};

/** TCP maps of a gateway that are not being removed, oldest first. One statement for each set of filters. */
export function mapsQuery(gateway: string, filter: MapFilter): { sql: string; parameters: unknown[] } {
  const parameters: unknown[] = [gateway];
  const conditions = Object.entries(filter).map(([name, value]) => {
    const n = parameters.push(value);
    return ` AND ${CONDITIONS[name as keyof MapFilter](n)}`;
  });
  return { sql: `${MAPS}${conditions.join('')} ORDER BY p.created_at, p.id`, parameters };
}

/**
 * The gateway of a user: the oldest that is its owner's, whatever the case of the name; an index look-up. `$2`: else the only
 * one there is.
 */
export const GATEWAY_OF = `
  SELECT id, name, owner, host(external_address) AS "externalAddress", pool_id AS "poolId", mode,
         lower(owner) = lower($1) AS "isOwn"
  FROM gateway
  WHERE lower(owner) = lower($1) OR ($2 AND (SELECT count(*) FROM (SELECT FROM gateway LIMIT 2) AS two) = 1)
  ORDER BY lower(owner) = lower($1) DESC, created_at, id LIMIT 1`;

/** What an address ($1) is in a pool ($2): a lease of an owner ($3), or the gateway of a subnet. Index look-ups. */
export const ADDRESS_IN_POOL = `
  SELECT (SELECT l.id FROM lease l JOIN reservation r ON r.id = l.reservation_id
          WHERE l.address = $1::inet AND r.pool_id = $2 AND r.owner = $3 ORDER BY l.id LIMIT 1) AS lease,
         EXISTS (SELECT FROM subnet s WHERE s.pool_id = $2 AND s.gateway_address = $1::inet) AS "isGateway"`;

export const MAP_STATE = `SELECT status, reason FROM port_map WHERE id = $1`;
