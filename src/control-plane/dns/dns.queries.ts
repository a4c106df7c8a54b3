/** When names were last worked out, and whether anything was told since: every change of a lease, reservation or pool is. */
export const LOOK = `
  SELECT r.position, t.position AS told, r.took_ms AS "tookMs", r.duid,
         extract(epoch FROM clock_timestamp() - r.planned_at)::double precision * 1000 AS "ageMs"
  FROM dns_round r, relay t WHERE t.name = 'sequencer'`;

/** The same under the lock that makes one process at a time plan; no row when another does. Nobody queues. */
export const LOCK_ROUND = `${LOOK} FOR UPDATE OF r SKIP LOCKED`;

/** $1 is the place in the stream that was read before the planning. */
export const END_ROUND = `
  UPDATE dns_round SET position = $1, took_ms = $2, planned_at = clock_timestamp()`;

/** The zones that pools name. Where two of them differ about the key, that of the older pool counts. */
export const PLAN_ZONES = `
  INSERT INTO dns_zone AS z (server, zone, key)
  SELECT DISTINCT ON (p.dns->>'server', one.zone) p.dns->>'server', one.zone, p.dns->>'key'
  FROM pool p, LATERAL (
    SELECT p.dns->>'zone' AS zone UNION SELECT jsonb_array_elements_text(p.dns->'reverseZones')
  ) AS one
  WHERE p.dns IS NOT NULL
  ORDER BY p.dns->>'server', one.zone, p.created_at, p.id
  ON CONFLICT (server, zone) DO UPDATE SET key = excluded.key, next_at = now(), failures = 0
  WHERE z.key <> excluded.key`;

const LABEL = `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`;

/**
 * What every name shall tell, out of the rows as they are; writes only what differs. A lease is called as itself, or else as
 * its reservation. Names that are no host names are not told. Of two reservations that want one name, the one that has it
 * keeps it, else the older one gets it; all leases of that one are told.
 *
 * Cost: reads the leases of pools with a zone, no others, in two hash joins and a sort; so it runs when something has changed,
 * a twentieth of the time at most. It locks rows of dns_name only, which nobody but the turn's holder and a publisher writes:
 * no claim ever waits for it.
 */
export const PLAN_NAMES = `
  WITH lease_name AS MATERIALIZED (
    SELECT p.dns->>'server' AS server, p.dns->>'zone' AS zone, (p.dns->>'ttl')::integer AS ttl,
           p.dns->'reverseZones' AS reverse, r.id AS holder, r.created_at, l.address,
           lower(coalesce(nullif(l.name, ''), r.name)) || '.' || (p.dns->>'zone') AS name
    FROM pool p JOIN reservation r ON r.pool_id = p.id JOIN lease l ON l.reservation_id = r.id
    WHERE p.dns IS NOT NULL AND lower(coalesce(nullif(l.name, ''), r.name)) ~ '^${LABEL}(\\.${LABEL})*$'
  ), claimed AS (
    SELECT n.*, first_value(n.holder) OVER (PARTITION BY n.server, n.zone, n.name
             ORDER BY (d.holder IS NOT DISTINCT FROM n.holder AND d.wanted <> '{}') DESC NULLS LAST, n.created_at, n.holder) AS winner
    FROM lease_name n LEFT JOIN dns_name d ON (d.server, d.zone, d.name) = (n.server, n.zone, n.name)
    WHERE length(n.name) <= 253
  ), told AS MATERIALIZED (SELECT * FROM claimed WHERE holder = winner),
  wanted AS MATERIALIZED (
    SELECT server, zone, name, min(ttl) AS ttl, holder,
           array_agg(DISTINCT CASE family(address) WHEN 4 THEN 'A ' ELSE 'AAAA ' END || host(address)) AS records
    FROM told GROUP BY server, zone, name, holder
    UNION ALL
    (SELECT DISTINCT ON (t.server, z.zone, reverse_name(t.address))
           t.server, z.zone, reverse_name(t.address), t.ttl, t.holder, ARRAY['PTR ' || t.name || '.']
    FROM told t, LATERAL (
      SELECT one AS zone FROM jsonb_array_elements_text(t.reverse) AS one
      WHERE right(reverse_name(t.address), length(one) + 1) = '.' || one
      ORDER BY length(one) DESC LIMIT 1
    ) AS z
    ORDER BY t.server, z.zone, reverse_name(t.address), t.created_at, t.holder, t.name)
  ), gone AS (
    UPDATE dns_name d SET wanted = '{}', holder = NULL, next_at = now(), failures = 0, problem = NULL
    WHERE d.wanted <> '{}'
      AND NOT EXISTS (SELECT FROM wanted w WHERE (w.server, w.zone, w.name) = (d.server, d.zone, d.name))
  )
  INSERT INTO dns_name AS d (server, zone, name, ttl, holder, wanted)
  SELECT server, zone, name, ttl, holder, records FROM wanted
  ON CONFLICT (server, zone, name) DO UPDATE
  SET ttl = excluded.ttl, holder = excluded.holder, wanted = excluded.wanted, next_at = now(), failures = 0, problem = NULL
  WHERE (d.ttl, d.holder, d.wanted) IS DISTINCT FROM (excluded.ttl, excluded.holder, excluded.wanted)`;

/** Zones that no pool names and that nothing is left of. */
export const FORGET_ZONES = `
  DELETE FROM dns_zone z
  WHERE NOT EXISTS (SELECT FROM dns_name n WHERE (n.server, n.zone) = (z.server, z.zone))
    AND NOT EXISTS (SELECT FROM pool p WHERE p.dns->>'server' = z.server
                      AND (p.dns->>'zone' = z.zone OR p.dns->'reverseZones' ? z.zone))`;

/** Takes the turn of a zone that has something due, the longest waiting first, for $2 seconds; $1 is this process. */
export const TAKE_ZONE = `
  UPDATE dns_zone SET worker = $1, worked_until = clock_timestamp() + make_interval(secs => $2)
  WHERE (server, zone) = (
    SELECT z.server, z.zone FROM dns_zone z
    WHERE z.next_at <= clock_timestamp() AND z.worked_until <= clock_timestamp()
      AND EXISTS (SELECT FROM dns_name n
                  WHERE n.server = z.server AND n.zone = z.zone AND n.next_at <= clock_timestamp())
    ORDER BY z.worked_until, z.next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING server, zone, key, failures`;

const DUE = `
  SELECT name, ttl, wanted, published IS NOT NULL AS known FROM dns_name
  WHERE server = $1 AND zone = $2 AND next_at <= clock_timestamp()`;

/** What is new goes before what is only looked at again. */
export const NEW_NAMES = `${DUE} AND published IS DISTINCT FROM wanted ORDER BY next_at LIMIT $3`;
export const NAMES_TO_CHECK = `${DUE} ORDER BY next_at LIMIT $3`;

/** $1 to $3 is the name, $4 what was sent, $5 its TTL, $6 in how many seconds it is looked at again. */
export const TOLD = `
  UPDATE dns_name SET published = $4::text[], problem = NULL, failures = 0,
    next_at = CASE WHEN wanted = $4::text[] AND ttl = $5
                   THEN clock_timestamp() + make_interval(secs => $6 * (0.9 + random() / 5)) ELSE clock_timestamp() END
  WHERE server = $1 AND zone = $2 AND name = $3`;

/** It was taken away, and is not wanted again meanwhile. */
export const FORGET_NAME = `
  DELETE FROM dns_name WHERE server = $1 AND zone = $2 AND name = $3 AND wanted = '{}'`;

/** Tried again after 5 s, doubling to an hour. */
export const NOT_TOLD = `
  UPDATE dns_name SET problem = $4, failures = least(failures + 1, 30),
    next_at = clock_timestamp() + make_interval(secs => least(3600, 5 * 2 ^ least(failures, 12)))
  WHERE server = $1 AND zone = $2 AND name = $3`;

/** Ends the turn, if it is still ours: $4 null when the server answered, else what is wrong; then after 1 s, doubling to a minute. */
export const LEAVE_ZONE = `
  UPDATE dns_zone SET worker = NULL, worked_until = clock_timestamp(), problem = $4,
    failures = CASE WHEN $4::text IS NULL THEN 0 ELSE least(failures + 1, 30) END,
    next_at = clock_timestamp()
      + CASE WHEN $4::text IS NULL THEN interval '0' ELSE make_interval(secs => least(60, 2 ^ least(failures, 6))) END,
    answered_at = CASE WHEN $4::text IS NULL THEN clock_timestamp() ELSE answered_at END
  WHERE server = $1 AND zone = $2 AND worker = $3`;

/** For GET /dns-zones and the metrics: counts by state, from the names of each zone. */
export const ZONES = `
  SELECT z.server, z.zone, z.key, z.problem, z.answered_at AS "answeredAt",
         CASE WHEN z.problem IS NULL THEN NULL ELSE z.next_at END AS "nextTryAt",
         coalesce(n.told, 0)::integer AS told, coalesce(n.waiting, 0)::integer AS waiting, coalesce(n.failed, 0)::integer AS failed
  FROM dns_zone z LEFT JOIN (
    SELECT server, zone,
           count(*) FILTER (WHERE problem IS NULL AND published IS NOT DISTINCT FROM wanted) AS told,
           count(*) FILTER (WHERE problem IS NULL AND published IS DISTINCT FROM wanted) AS waiting,
           count(*) FILTER (WHERE problem IS NOT NULL) AS failed
    FROM dns_name GROUP BY server, zone) AS n USING (server, zone)
  ORDER BY z.zone, z.server LIMIT $1`;

/** A few of the names of each zone that cannot be told, in order. */
export const FAILED_NAMES = `
  SELECT z.server, z.zone, n.name, n.problem, n.holder AS reservation
  FROM dns_zone z, LATERAL (
    SELECT name, problem, holder FROM dns_name n
    WHERE n.server = z.server AND n.zone = z.zone AND n.problem IS NOT NULL ORDER BY name LIMIT $1) AS n`;
