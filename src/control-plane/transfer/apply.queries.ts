import { batches, cidr, common, stamps } from '../events/cascade.queries.js';
import type { Noun } from './columns.js';

/** Subnets that were there before and get leases: their chunks are locked before any row is written. */
export const SPACES_TO_LOCK = `
  SELECT DISTINCT t.space_id::text AS space FROM import_target t JOIN staged_reservation r ON r.target = t.target
  WHERE t.matches = 1 AND NOT t.is_new`;

/** Once their chunks are locked no subnet can go any more; those that went before are told. */
export const GONE_SUBNETS = `
  INSERT INTO bad_line (noun, line, field, reason)
  SELECT s.source, s.line, 'subnet', 'names no subnet' FROM staged_reservation s JOIN import_target t ON t.target = s.target
  WHERE t.matches = 1 AND NOT t.is_new AND NOT EXISTS (SELECT FROM subnet x WHERE x.id = t.subnet_id)`;

export const INSERT_POOLS = `
  INSERT INTO pool (id, name, tags, metadata, policy, quarantine, reuse_early, supernets, thresholds, created_at, updated_at)
  SELECT id, name, tags, metadata, policy, quarantine, reuse_early, supernets, thresholds, $1, $1 FROM staged_pool ORDER BY n`;

/** Subnets to come after the number $1, $2 of them, as the shape of a row is read. */
export const NEXT_SUBNETS = `
  SELECT n, host(first) AS first, host(last) AS last, exclusions, host(gateway_address) AS "gatewayAddress"
  FROM staged_subnet WHERE n > $1 ORDER BY n LIMIT $2`;

export const SET_SPACES = `
  UPDATE staged_subnet s SET space_id = r.space
  FROM unnest($1::integer[], $2::bigint[]) AS r (n, space) WHERE s.n = r.n`;

/** Triggers keep the free blocks of their pools' supernets: a piece at a time. */
export const INSERT_SUBNETS = `
  INSERT INTO subnet (id, name, tags, metadata, pool_id, space_id, first, last, exclusions, gateway_address, created_at,
                      updated_at)
  SELECT id, name, tags, metadata, pool_id, space_id, first, last, exclusions, gateway_address, $3, $3
  FROM staged_subnet WHERE n > $1 AND n <= $2 ORDER BY n`;

export const TARGET_NEW_SPACES = `
  UPDATE import_target t SET space_id = s.space_id FROM staged_subnet s WHERE t.is_new AND s.id = t.subnet_id`;

export const INSERT_RESERVATIONS = `
  INSERT INTO reservation (id, name, tags, metadata, pool_id, subnet_id, owner, expires_at, ttl_seconds, notice_at,
                           created_at, updated_at)
  SELECT s.id, s.name, s.tags, s.metadata, t.pool_id, t.subnet_id, s.owner, s.expires_at, s.ttl_seconds, s.notice_at, $3, $3
  FROM staged_reservation s JOIN import_target t ON t.target = s.target WHERE s.n > $1 AND s.n <= $2 ORDER BY s.n`;

const PIECE = `
  FROM staged_lease s JOIN staged_reservation r ON r.id = s.reservation_ref JOIN import_target t ON t.target = r.target
  WHERE s.n > $1 AND s.n <= $2`;

/** The positions of a piece of leases, but of those that cannot be in their subnet. */
export const POSITIONS_OF_PIECE = `
  SELECT t.space_id::text AS space, array_agg(s.position::text ORDER BY s.position) AS positions,
         array_agg(r.owner ORDER BY s.position) AS owners
  ${PIECE} AND t.matches = 1 AND t.space_id IS NOT NULL AND s.address >= t.first AND s.address <= t.last
  GROUP BY t.space_id ORDER BY t.space_id`;

/** Why positions ($4) of a space ($3) could not be had; what is known to be wrong with a line already is enough. */
export const TELL_MISSED = `
  INSERT INTO bad_line (noun, line, field, reason)
  SELECT 'lease', s.line, 'address', CASE
    WHEN EXISTS (SELECT FROM lease l WHERE l.subnet_id = t.subnet_id AND l.address = s.address) THEN 'is held'
    WHEN q.until IS NOT NULL THEN 'rests until ' || to_char(q.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                                  || ': only its last owner may have it before'
    WHEN EXISTS (SELECT FROM resting_address a WHERE a.space_id = t.space_id AND a.position = s.position)
      THEN 'rests: a gateway may still forward to it'
    WHEN NOT EXISTS (SELECT FROM space_chunk c
                     WHERE c.space_id = t.space_id AND c.first <= s.position AND c.last >= s.position)
      THEN 'is excluded from the subnet, or is its gateway address'
    ELSE 'is held' END
  FROM staged_lease s JOIN staged_reservation r ON r.id = s.reservation_ref JOIN import_target t ON t.target = r.target
  LEFT JOIN quarantine q ON q.space_id = t.space_id AND q.position = s.position
  WHERE s.n > $1 AND s.n <= $2 AND t.space_id = $3 AND s.position = ANY($4::numeric[])
    AND NOT EXISTS (SELECT FROM bad_line b WHERE b.noun = 'lease' AND b.line = s.line)`;

/** UNIQUE (subnet, address) is the last word. */
export const INSERT_LEASES = `
  INSERT INTO lease (id, name, tags, metadata, subnet_id, reservation_id, address, created_at, updated_at)
  SELECT s.id, s.name, s.tags, s.metadata, t.subnet_id, r.id, s.address, $3, $3 ${PIECE} ORDER BY s.n`;

const lease = (alias: string, reservation: string): string => `
  json_build_object(${common(alias)}, 'subnet', ${alias}.subnet_id, 'reservation', ${alias}.reservation_id,
                    'address', host(${alias}.address), 'expiresAt', ${reservation}.expires_at, ${stamps(alias)})`;

/** Events of a piece (after $1, to $3), the rows of which are there; $2 did it. Those of reservations have their leases, so they are weighed. */
export const TELL: Readonly<Record<Noun, string>> = {
  pool: batches(`
    SELECT 'ipam.pool.created' AS type, 'pools/' || p.id AS subject, NULL::text AS owner,
           json_build_object(${common('p')}, 'policy', p.policy, 'quarantine', p.quarantine, 'reuseEarly', p.reuse_early,
                             'supernets', p.supernets, 'thresholds', p.thresholds, ${stamps('p')}) AS data
    FROM staged_pool s JOIN pool p ON p.id = s.id WHERE s.n > $1 AND s.n <= $3 ORDER BY s.n`),
  subnet: batches(`
    SELECT 'ipam.subnet.created' AS type, 'subnets/' || u.id AS subject, NULL::text AS owner,
           json_build_object(${common('u')}, 'pool', u.pool_id, 'start', host(u.first), 'end', host(u.last),
                             'family', family(u.first), 'cidr', ${cidr('u')}, 'gatewayAddress', host(u.gateway_address),
                             'exclusions', u.exclusions, ${stamps('u')}) AS data
    FROM staged_subnet s JOIN subnet u ON u.id = s.id WHERE s.n > $1 AND s.n <= $3 ORDER BY s.n`),
  reservation: batches(
    `
    SELECT 'ipam.reservation.created' AS type, 'reservations/' || v.id AS subject, v.owner,
           json_build_object(${common('v')}, 'subnet', v.subnet_id, 'pool', v.pool_id, 'owner', v.owner,
                             'leases', l.documents, 'expiresAt', v.expires_at, 'ttl', v.ttl_seconds,
                             'poolMetadata', p.metadata, 'subnetMetadata', u.metadata, ${stamps('v')}) AS data,
           sum(1 + l.count) OVER (ORDER BY s.n) / 500 AS share
    FROM staged_reservation s JOIN reservation v ON v.id = s.id JOIN subnet u ON u.id = v.subnet_id
    JOIN pool p ON p.id = v.pool_id
    CROSS JOIN LATERAL (SELECT json_agg(${lease('k', 'v')} ORDER BY k.address) AS documents, count(*) AS count
                        FROM lease k WHERE k.reservation_id = v.id) AS l
    WHERE s.n > $1 AND s.n <= $3 ORDER BY s.n`,
    'div(e.share, 1)',
  ),
  lease: batches(`
    SELECT 'ipam.lease.created' AS type, 'leases/' || k.id AS subject, v.owner, ${lease('k', 'v')} AS data
    FROM staged_lease s JOIN lease k ON k.id = s.id JOIN reservation v ON v.id = k.reservation_id
    WHERE s.n > $1 AND s.n <= $3 ORDER BY s.n`),
};

/** The next that is due because of what was imported. */
export const NEXT_DUE = `SELECT min(expires_at) AS "expiresAt", min(notice_at) AS "noticeAt" FROM staged_reservation`;
