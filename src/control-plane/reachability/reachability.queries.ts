import { TELL_AGAIN_SECONDS } from '../../contract/reachability.js';

/** A gateway repeats itself in time; what it has not said for this long is not known any more. */
const FRESH = `r.told_at > now() - interval '${3 * TELL_AGAIN_SECONDS} seconds'`;

/**
 * The latest word on each address counts. Answers with those whose state changed, and with who is told of it: the owner of
 * the port maps that lead there, where it is one. One index look-up for each address; rows are locked in order of addresses,
 * so two reports cannot deadlock. The earlier state is read from the very row that is written over.
 */
export const TELL = `
  WITH told AS (
    INSERT INTO reachability AS r (gateway_id, address, state, since, checked_at, seen_at, rtt_us, ports)
    SELECT $1, t.address, t.state, t.since, t.checked_at, t.seen_at, t.rtt_us, t.ports
    FROM unnest($2::inet[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::integer[], $8::jsonb[])
      AS t (address, state, since, checked_at, seen_at, rtt_us, ports)
    ORDER BY t.address
    ON CONFLICT (gateway_id, address) DO UPDATE
      SET was = r.state, state = excluded.state, since = excluded.since, checked_at = excluded.checked_at,
          seen_at = coalesce(excluded.seen_at, r.seen_at), rtt_us = excluded.rtt_us, ports = excluded.ports, told_at = now()
    RETURNING *)
  SELECT host(t.address) AS address, coalesce(t.was, 'unknown') AS was, t.state, t.since, t.checked_at AS "checkedAt",
         t.seen_at AS "seenAt", t.rtt_us AS "rttUs", t.ports, m.leases,
         CASE WHEN m.owners = 1 THEN m.owner END AS owner
  FROM told t CROSS JOIN LATERAL (
    SELECT count(DISTINCT p.owner) AS owners, min(p.owner) AS owner,
           coalesce(array_agg(DISTINCT p.lease_id::text) FILTER (WHERE p.lease_id IS NOT NULL), '{}') AS leases
    FROM port_map p WHERE p.gateway_id = $1 AND p.address = t.address) m
  WHERE t.state IS DISTINCT FROM coalesce(t.was, 'unknown')
  ORDER BY t.address`;

/** Addresses that the gateway does not look at any more. */
export const FORGET = `DELETE FROM reachability WHERE gateway_id = $1 AND address = ANY($2::inet[])`;

const ROW = `
  r.gateway_id AS gateway, host(r.address) AS address, CASE WHEN ${FRESH} THEN r.state ELSE 'unknown' END AS state,
  r.since, r.checked_at AS "checkedAt", r.seen_at AS "seenAt", r.rtt_us AS "rttUs", r.ports`;

/** A page in the order of (address, gateway), after $4 and $5; the index gives the order, filters read on. */
export const PAGE = `
  SELECT ${ROW} FROM reachability r
  WHERE ($1::text IS NULL OR r.gateway_id = $1)
    AND ($2::text IS NULL OR CASE WHEN ${FRESH} THEN r.state ELSE 'unknown' END = $2)
    AND ($3::inet IS NULL OR r.address = $3)
    AND ($4::inet IS NULL OR (r.address, r.gateway_id::text) > ($4, $5::text))
  ORDER BY r.address, r.gateway_id LIMIT $6`;

/** What the gateways that lead to a lease, or whose networks hold its address, know of it. No row: no such lease. */
export const OF_LEASE = `
  SELECT host(l.address) AS address, coalesce(jsonb_agg(k ORDER BY k.gateway) FILTER (WHERE k.gateway IS NOT NULL), '[]') AS results
  FROM lease l LEFT JOIN LATERAL (
    SELECT ${ROW} FROM reachability r JOIN gateway g ON g.id = r.gateway_id
    WHERE r.address = l.address
      AND (l.address <<= ANY(g.networks::inet[]) OR EXISTS (SELECT FROM port_map p WHERE p.lease_id = l.id AND p.gateway_id = g.id))) k ON true
  WHERE l.id = $1 GROUP BY l.id, l.address`;

/** Of a gateway's addresses, those of which it is known whether they answer. */
export const KNOWN = `
  SELECT host(r.address) AS address, r.state = 'reachable' AS answers FROM reachability r
  WHERE r.gateway_id = $1 AND r.address = ANY($2::inet[]) AND r.state <> 'unknown' AND ${FRESH}`;

/**
 * Leases of a pool whose address is known not to answer, and has not for $2 days; a lease that is younger is given its time.
 * In the order of addresses after $3: by the index over addresses, one look for a lease at each.
 */
export const SILENT = `
  SELECT host(l.address) AS address, l.subnet_id AS subnet, l.id AS lease, l.reservation_id AS reservation, v.owner,
         r.gateway_id AS gateway, coalesce(r.seen_at, r.since) AS since, r.seen_at AS "seenAt"
  FROM reachability r JOIN lease l ON l.address = r.address JOIN subnet s ON s.id = l.subnet_id
       JOIN reservation v ON v.id = l.reservation_id
  WHERE s.pool_id = $1 AND r.state = 'unreachable' AND ${FRESH}
    AND greatest(coalesce(r.seen_at, r.since), l.created_at) <= now() - make_interval(days => $2)
    AND ($3::inet IS NULL OR r.address > $3)
    AND NOT EXISTS (SELECT FROM reachability o WHERE o.address = r.address AND o.gateway_id <> r.gateway_id
                    AND (o.state = 'reachable' OR o.gateway_id < r.gateway_id AND o.state = 'unreachable'))
  ORDER BY r.address LIMIT $4`;

/**
 * Addresses of a pool's subnets that answer although no lease of any pool holds them and no port map leads to them. Those
 * that the pool never hands out, its routers among them, are left out.
 */
export const UNHELD = `
  SELECT DISTINCT ON (r.address) host(r.address) AS address, s.id AS subnet, NULL AS lease, NULL AS reservation,
         NULL AS owner, r.gateway_id AS gateway, r.since, r.seen_at AS "seenAt"
  FROM reachability r JOIN subnet s ON r.address BETWEEN s.first AND s.last
  WHERE s.pool_id = $1 AND r.state = 'reachable' AND ${FRESH}
    AND r.since <= now() - make_interval(days => $2)
    AND ($3::inet IS NULL OR r.address > $3)
    AND NOT EXISTS (SELECT FROM lease l WHERE l.address = r.address)
    AND NOT EXISTS (SELECT FROM port_map p WHERE p.gateway_id = r.gateway_id AND p.address = r.address)
  ORDER BY r.address, r.gateway_id LIMIT $4`;

export const POOL_EXISTS = `SELECT FROM pool WHERE id = $1`;
