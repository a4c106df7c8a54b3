/** The fullest $1 pools: the end of an index. */
export const FULLEST_POOLS = `
  SELECT p.id, p.name, c.held::double precision, c.free::double precision, c.resting::double precision,
         c.excluded::double precision, c.utilization, c.rate
  FROM pool_capacity c JOIN pool p ON p.id = c.pool_id ORDER BY c.utilization DESC, c.pool_id DESC LIMIT $1`;

/** How many pools there are, and how the roll-up does. */
export const ROUND = `
  SELECT (SELECT count(*) FROM pool_capacity)::int AS pools, r.took_ms / 1000 AS took,
         extract(epoch FROM now() - r.measured_at)::double precision AS age
  FROM capacity_round r`;

/**
 * What waits in the outbox: rows without a position, counted up to $1, and events that NATS has not stored; with the age of
 * the oldest of each. How many events it keeps, how many are parked (counted up to $1), and who
 * publishes. Index look-ups.
 */
export const OUTBOX = `
  SELECT pg_total_relation_size('outbox_packed')::double precision AS bytes,
         (SELECT count(*) FROM (SELECT FROM outbox_packed WHERE last_position IS NULL LIMIT $1) AS w)::int AS unsequenced,
         (SELECT extract(epoch FROM now() - b.created_at)::double precision
          FROM outbox_packed b WHERE b.last_position IS NULL ORDER BY b.id LIMIT 1) AS "sequencerLag",
         greatest(0, s.position - n.position)::double precision AS unpublished,
         (s.position - w.position)::double precision AS kept,
         n.epoch::double precision AS epoch, n.held_until > clock_timestamp() AS held, n.holder,
         (SELECT count(*) FROM (SELECT FROM parked_event LIMIT $1) AS p)::int AS parked,
         (SELECT extract(epoch FROM now() - b.created_at)::double precision
          FROM outbox_packed b WHERE b.last_position > n.position ORDER BY b.last_position LIMIT 1) AS "natsLag"
  FROM relay s, relay n, relay w WHERE s.name = 'sequencer' AND n.name = 'nats' AND w.name = 'swept'`;
