/** Takes the turn of this hour; no row when it has been taken. Under the lock of the round. */
export const BEGIN_HOUR = `
  UPDATE capacity_round SET sampled_at = date_trunc('hour', now()) WHERE sampled_at < date_trunc('hour', now())
  RETURNING sampled_at`;

/** One sample of each pool and subnet that has changed since its last: a look at the end of an index each. */
export const SAMPLE_CHANGED = `
  INSERT INTO capacity_sample (resource_id, at, held, free)
  SELECT c.id, date_trunc('hour', now()), c.held, c.free
  FROM (SELECT subnet_id AS id, held, free FROM subnet_capacity
        UNION ALL SELECT pool_id, held, free FROM pool_capacity) AS c
  LEFT JOIN LATERAL (SELECT s.held, s.free FROM capacity_sample s
                     WHERE s.resource_id = c.id ORDER BY s.at DESC LIMIT 1) AS l ON true
  WHERE (l.held, l.free) IS DISTINCT FROM (c.held, c.free)
  ON CONFLICT DO NOTHING`;

/**
 * Removes what is older than $1 days, but for the last one of each resource before that (an hour without a sample is as
 * the one before it), and what is left of resources that are gone.
 */
export const FORGET_SAMPLES = `
  DELETE FROM capacity_sample s
  WHERE (s.at < now() - make_interval(days => $1)
         AND EXISTS (SELECT FROM capacity_sample n WHERE n.resource_id = s.resource_id AND n.at > s.at
                     AND n.at <= now() - make_interval(days => $1)))
     OR NOT EXISTS (SELECT FROM subnet_capacity c WHERE c.subnet_id = s.resource_id
                    UNION ALL SELECT FROM pool_capacity c WHERE c.pool_id = s.resource_id)`;

/** Samples of some resources in the last $2 days, and the last one before; in order. Index look-ups. */
export const SAMPLES = `
  SELECT s.resource_id AS id, extract(epoch FROM s.at)::double precision * 1000 AS at, s.held::text
  FROM unnest($1::text[]) AS r (id)
  CROSS JOIN LATERAL (
    SELECT coalesce(max(b.at), '-infinity') AS at FROM capacity_sample b
    WHERE b.resource_id = r.id AND b.at <= now() - make_interval(days => $2)
  ) AS begin
  JOIN capacity_sample s ON s.resource_id = r.id AND s.at >= begin.at
  ORDER BY s.resource_id, s.at`;

/** The next $2 pools after $1 whose rate may have changed: an idle pool whose rate has come to rest has none. */
export const RATES_DUE = `
  SELECT c.pool_id AS id, c.held::text, extract(epoch FROM now())::double precision * 1000 AS now FROM pool_capacity c
  WHERE c.pool_id > $1
    AND (c.rate IS DISTINCT FROM 0 OR EXISTS (SELECT FROM capacity_sample s
         WHERE s.resource_id = c.pool_id AND s.at >= date_trunc('hour', now())))
  ORDER BY c.pool_id LIMIT $2`;

/** Waits for no row (see ROLL_UP_SUBNETS); who is passed over gets its rate in the next hour. */
export const SET_RATES = `
  WITH given AS (
    SELECT c.pool_id, g.rate FROM unnest($1::text[], $2::double precision[]) AS g (id, rate)
    JOIN pool_capacity c ON c.pool_id = g.id
    WHERE c.rate IS DISTINCT FROM g.rate FOR NO KEY UPDATE OF c SKIP LOCKED
  )
  UPDATE pool_capacity c SET rate = g.rate FROM given g WHERE c.pool_id = g.pool_id`;
