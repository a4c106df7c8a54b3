import { ADDRESSES, NOW, PORTS, sinceOf } from './segment.queries.js';

/**
 * What every statement here relies on: the rows are locked, in an earlier statement, against all who could write the past
 * of the same address or port; so nobody else adds a segment between our reading the last one and writing the next. The
 * exclusion constraint is the last word all the same.
 *
 * The cost of a row, 10,000 at a time into 200,000 (PostgreSQL 18, two busy cores): 5 µs without any index, 9 with the primary
 * key, and with the exclusion constraint, by its key:
 *   address inet_ops, space, range: 38 to 68 (chosen: the address leads, so it also answers "who at this time");
 *   space, address inet_ops, range: 66;   with btree_gist's own operators for inet: 59, and twice the size;
 *   address and space in one bigint, range: 44, but not for IPv6;   both in one text, range: 170;   range first: 317.
 */
const INSERT_ADDRESSES = `
  INSERT INTO address_history (address, space_id, since, until, pool_id, subnet_id, lease_id, reservation_id, owner, name,
                               tags, metadata, reservation_name, reservation_tags, reservation_metadata, released,
                               ended_by, reason)
  SELECT e.address, e.space_id, e.since, ${NOW}, e.pool_id, e.subnet_id, e.id, e.reservation_id, e.owner, e.name, e.tags,
         e.metadata, e.reservation_name, e.reservation_tags, e.reservation_metadata, e.released, e.ended_by, e.reason
  FROM ended e WHERE e.since < ${NOW}`;

/** A lease `v` with what is above it, as its history has it. */
const LEASE_COLUMNS = `
  v.address, v.space_id, v.pool_id, v.subnet_id, v.id, v.reservation_id, v.name, v.tags, v.metadata, v.owner,
  v.reservation_name, v.reservation_tags, v.reservation_metadata, ${sinceOf(ADDRESSES)} AS since`;

const leases = (where: string): string => `
  (SELECT l.address, s.space_id, s.pool_id, l.subnet_id, l.id, l.reservation_id, l.name, l.tags, l.metadata, l.created_at,
          r.owner, r.name AS reservation_name, r.tags AS reservation_tags, r.metadata AS reservation_metadata
   FROM lease l JOIN reservation r ON r.id = l.reservation_id JOIN subnet s ON s.id = l.subnet_id
   WHERE ${where}) AS v`;

/** Leases ($1) that are about to end, each with who ($2) and why ($3). */
export const RECORD_LEASES = `
  WITH ended AS MATERIALIZED (
    SELECT ${LEASE_COLUMNS}, true AS released, e.ended_by, e.reason
    FROM unnest($1::text[], $2::text[], $3::text[]) AS e (lease_id, ended_by, reason)
    JOIN ${leases('l.id = ANY($1)')} ON v.id = e.lease_id
  ) ${INSERT_ADDRESSES}`;

/**
 * Leases of a subnet ($1) that are about to end with it, $5 of them after the address $2, by $3 because of $4. Answers with
 * the last of them. In pieces: a million in one statement would take longer than a statement may.
 */
export const RECORD_LEASES_OF_SUBNET = `
  WITH piece AS (
    SELECT l.id, l.address FROM lease l WHERE l.subnet_id = $1 AND l.address > $2::inet ORDER BY l.address LIMIT $5
  ), ended AS MATERIALIZED (
    SELECT ${LEASE_COLUMNS}, true AS released, $3::text AS ended_by, $4::text AS reason
    FROM ${leases('l.id IN (SELECT id FROM piece)')}
  ), recorded AS (${INSERT_ADDRESSES})
  SELECT host(max(p.address)) AS last FROM piece p`;

/** Below the first address of either family, in PostgreSQL's order of addresses. */
export const BEFORE_ALL = '0.0.0.0/0';

export const SUBNETS_OF = {
  pool: `SELECT id FROM subnet WHERE pool_id = $1 ORDER BY id`,
  subnet: `SELECT id FROM subnet WHERE id = $1`,
} as const;

const changing = (where: string): string => `
  WITH ended AS MATERIALIZED (
    SELECT ${LEASE_COLUMNS}, false AS released, $2::text AS ended_by, $3::text AS reason FROM ${leases(where)}
  ) ${INSERT_ADDRESSES}`;

/** A lease whose description is about to change, or the leases of a reservation whose description is. */
export const RECORD_CHANGE = { lease: changing('l.id = $1'), reservation: changing('l.reservation_id = $1') } as const;

/** Against changes of the leases themselves, which write the same past. After the reservation's row, as everywhere. */
export const LOCK_LEASES = `SELECT 1 FROM lease WHERE reservation_id = $1 ORDER BY address FOR NO KEY UPDATE`;

const recordMaps = (where: string, end: string): string => `
  WITH ended AS MATERIALIZED (
    SELECT v.*, ${sinceOf(PORTS)} AS since
    FROM (SELECT g.external_address AS address, p.protocol, p.connection_port + n AS port, o.space_id, p.created_at,
                 p.gateway_id, p.id, coalesce(p.component_id, p.ended_component_id) AS component_id, p.owner,
                 p.address AS target_address, p.target_port + n AS target_port, p.name, p.tags, p.metadata, ${end}
          FROM port_map p JOIN gateway g ON g.id = p.gateway_id
          JOIN gateway_ports o ON o.gateway_id = p.gateway_id AND o.protocol = p.protocol
          -- each port of a map has a past of its own
          CROSS JOIN generate_series(0, p.size - 1) AS n
          WHERE ${where}) AS v
  )
  INSERT INTO port_history (address, protocol, port, space_id, since, until, gateway_id, port_map_id, component_id, owner,
                            target_address, target_port, name, tags, metadata, released, ended_by, reason)
  SELECT e.address, e.protocol, e.port, e.space_id, e.since, ${NOW}, e.gateway_id, e.id, e.component_id, e.owner,
         e.target_address, e.target_port, e.name, e.tags, e.metadata, e.released, e.ended_by, e.reason
  FROM ended e WHERE e.since < ${NOW}`;

/** Maps ($1) that are being removed and are now to be forgotten; who ended them and why, they know. */
export const RECORD_MAPS = recordMaps(
  `p.id = ANY($1) AND p.status = 'removing'`,
  'true AS released, p.ended_by, p.end_reason AS reason',
);

/** A map whose description is about to change. */
export const RECORD_MAP_CHANGE = recordMaps('p.id = $1', 'false AS released, $2::text AS ended_by, $3::text AS reason');
