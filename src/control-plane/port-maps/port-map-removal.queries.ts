import { PORT_MAP_COLUMNS, STATUS_BEFORE } from './port-map-rows.js';

/** Positions that maps hold: their ports, and addresses that rest because of them. */
export const POSITIONS_OF_MAPS = `
  SELECT o.space_id AS space, n::text AS position
  FROM port_map p JOIN gateway_ports o ON o.gateway_id = p.gateway_id AND o.protocol = p.protocol,
       generate_series(p.connection_port, p.connection_port + p.size - 1) AS n
  WHERE p.id = ANY($1)
  UNION ALL
  SELECT r.space_id, r.position::text FROM resting_address r WHERE r.port_map_id = ANY($1)`;

/** Locks maps, in order, so that two removals of overlapping sets cannot deadlock. */
export const LOCK_MAPS = `SELECT id FROM port_map WHERE id = ANY($1) ORDER BY id FOR UPDATE`;

/** Those ($1) that were not yet being removed begin to be; who ($2) ended each and why ($3) stays with it until it is forgotten. */
export const BEGIN_REMOVAL = `
  UPDATE port_map p
  SET status = 'removing', reason = 'deleted; the gateway has not confirmed yet that its rule is gone',
      ended_by = e.ended_by, end_reason = e.reason, ended_component_id = p.component_id,
      version = p.version + 1, updated_at = now()
  FROM gateway g, port_map was, unnest($1::text[], $2::text[], $3::text[]) AS e (id, ended_by, reason)
  WHERE g.id = p.gateway_id AND p.id = e.id AND was.id = p.id AND p.status <> 'removing'
  RETURNING ${PORT_MAP_COLUMNS}, ${STATUS_BEFORE}`;

/** Maps with what decides whether they may go at once: a gateway that never spoke to us has applied nothing. */
export const REMOVING_MAPS = `
  SELECT p.id, p.lease_id AS "leaseId", g.last_seen_at IS NULL AS unseen
  FROM port_map p JOIN gateway g ON g.id = p.gateway_id WHERE p.id = ANY($1)`;

export const DELETE_MAPS = `
  DELETE FROM port_map p USING gateway g, gateway_ports o
  WHERE g.id = p.gateway_id AND o.gateway_id = p.gateway_id AND o.protocol = p.protocol
    AND p.id = ANY($1) AND p.status = 'removing'
  RETURNING ${PORT_MAP_COLUMNS}, o.space_id AS "spaceId"`;

/**
 * Every resting row of the addresses that some maps keep from being free, locked in order, rows of other maps included:
 * the last of them to go must see that it is the last.
 */
export const LOCK_RESTING = `
  SELECT 1 FROM resting_address r
  WHERE EXISTS (SELECT FROM resting_address m
                WHERE m.space_id = r.space_id AND m.position = r.position AND m.port_map_id = ANY($1))
  ORDER BY r.space_id, r.position, r.port_map_id FOR UPDATE`;

export const END_RESTING = `
  WITH ended AS (
    DELETE FROM resting_address WHERE port_map_id = ANY($1) RETURNING space_id, position, owner
  )
  SELECT DISTINCT e.space_id AS space, e.position, e.owner, p.quarantine, p.policy FROM ended e
  JOIN subnet s ON s.space_id = e.space_id JOIN pool p ON p.id = s.pool_id
  WHERE NOT EXISTS (SELECT FROM resting_address r
                    WHERE r.space_id = e.space_id AND r.position = e.position AND r.port_map_id <> ALL($1))`;
