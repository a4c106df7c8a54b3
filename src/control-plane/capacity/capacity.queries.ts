/**
 * Figures of subnets, all in one statement and so of one moment: size of the range; what of it is in no chunk is
 * excluded; free and resting are counted; what remains is held. Nothing that allocates writes for this.
 */
const figuresOf = (usable: string, open: string, resting: string, subnets: string): string => `
  SELECT s.id, s.pool_id, r.size, coalesce(o.n, 0) AS free, coalesce(w.n, 0) AS resting,
         r.size - coalesce(u.n, 0) AS excluded
  FROM subnet s
  CROSS JOIN LATERAL (SELECT address_position(s.last) - address_position(s.first) + 1 AS size) AS r
  LEFT JOIN ${usable}
  LEFT JOIN ${open}
  LEFT JOIN ${resting}
  ${subnets}`;

const SUM = 'sum(t.last - t.first + 1) AS n';

/** Of every subnet: one scan each of chunks, free intervals and resting positions, O(intervals). */
const ALL_FIGURES = figuresOf(
  `(SELECT t.space_id, ${SUM} FROM space_chunk t GROUP BY t.space_id) AS u ON u.space_id = s.space_id`,
  `(SELECT t.space_id, ${SUM} FROM open_interval t GROUP BY t.space_id) AS o ON o.space_id = s.space_id`,
  `(SELECT t.space_id, count(*) AS n FROM resting_position t GROUP BY t.space_id) AS w ON w.space_id = s.space_id`,
  '',
);

/** Of a few subnets: their intervals only, by primary key. */
const someFigures = (which: string): string =>
  figuresOf(
    `LATERAL (SELECT ${SUM} FROM space_chunk t WHERE t.space_id = s.space_id) AS u ON true`,
    `LATERAL (SELECT ${SUM} FROM open_interval t WHERE t.space_id = s.space_id) AS o ON true`,
    `LATERAL (SELECT count(*) AS n FROM resting_position t WHERE t.space_id = s.space_id) AS w ON true`,
    `WHERE ${which}`,
  );

/** Which subnets a report is about; $1 is the id. */
export const WITHIN = { pool: 's.pool_id = $1', subnet: 's.id = $1' } as const;
export type Subject = keyof typeof WITHIN;

export const EXISTS = {
  pool: 'SELECT 1 FROM pool WHERE id = $1',
  subnet: 'SELECT 1 FROM subnet WHERE id = $1',
} as const;

const now = (which: string): string => `
  SELECT coalesce(sum(f.size), 0)::text AS size, coalesce(sum(f.size - f.excluded - f.free - f.resting), 0)::text AS held,
         coalesce(sum(f.free), 0)::text AS free, coalesce(sum(f.resting), 0)::text AS resting,
         coalesce(sum(f.excluded), 0)::text AS excluded, now() AS "measuredAt"
  FROM (${someFigures(which)}) AS f`;

/** The figures of a pool or a subnet at this moment. */
export const FIGURES_NOW = { pool: now(WITHIN.pool), subnet: now(WITHIN.subnet) } as const;

const SHOWN = `
  c.size::text, c.held::text, c.free::text, c.resting::text, c.excluded::text, c.utilization,
  greatest(m.measured_at, r.created_at) AS "measuredAt"`;

/** What the roll-up knows of some resources. A new one was measured when it was made. */
export const KEPT_FIGURES = {
  pool: `SELECT c.pool_id AS id, ${SHOWN} FROM pool_capacity c JOIN pool r ON r.id = c.pool_id, capacity_round m
         WHERE c.pool_id = ANY($1)`,
  subnet: `SELECT c.subnet_id AS id, ${SHOWN} FROM subnet_capacity c JOIN subnet r ON r.id = c.subnet_id, capacity_round m
           WHERE c.subnet_id = ANY($1)`,
} as const;

/** How the last round went, and how far the stream of events is. */
export const LOOK = `
  SELECT r.position, t.position AS told, r.took_ms AS "tookMs",
         extract(epoch FROM clock_timestamp() - r.measured_at)::double precision * 1000 AS "ageMs"
  FROM capacity_round r, relay t WHERE t.name = 'sequencer'`;

/** The same under the lock that makes one process at a time measure; no row when another does. Nobody queues. */
export const LOCK_ROUND = `${LOOK} FOR UPDATE OF r SKIP LOCKED`;

/**
 * Measures all subnets and writes those whose figures have changed. It waits for no row: who deletes a subnet has its row
 * here, and waits for nothing of ours then; so neither can block the other.
 */
export const ROLL_UP_SUBNETS = `
  WITH measured AS (${ALL_FIGURES}), changed AS (
    SELECT c.subnet_id, m.size, m.free, m.resting, m.excluded
    FROM subnet_capacity c JOIN measured m ON m.id = c.subnet_id
    WHERE (c.size, c.free, c.resting, c.excluded) IS DISTINCT FROM (m.size, m.free, m.resting, m.excluded)
    FOR NO KEY UPDATE OF c SKIP LOCKED
  )
  UPDATE subnet_capacity c
  SET size = n.size, free = n.free, resting = n.resting, excluded = n.excluded
  FROM changed n WHERE c.subnet_id = n.subnet_id`;

/** Pools are the sums of their subnets. Locks as above. */
export const ROLL_UP_POOLS = `
  WITH measured AS (
    SELECT p.id, coalesce(sum(k.size), 0) AS size, coalesce(sum(k.free), 0) AS free,
           coalesce(sum(k.resting), 0) AS resting, coalesce(sum(k.excluded), 0) AS excluded
    FROM pool p LEFT JOIN subnet s ON s.pool_id = p.id LEFT JOIN subnet_capacity k ON k.subnet_id = s.id GROUP BY p.id
  ), changed AS (
    SELECT c.pool_id, m.size, m.free, m.resting, m.excluded
    FROM pool_capacity c JOIN measured m ON m.id = c.pool_id
    WHERE (c.size, c.free, c.resting, c.excluded) IS DISTINCT FROM (m.size, m.free, m.resting, m.excluded)
    FOR NO KEY UPDATE OF c SKIP LOCKED
  )
  UPDATE pool_capacity c
  SET size = n.size, free = n.free, resting = n.resting, excluded = n.excluded
  FROM changed n WHERE c.pool_id = n.pool_id`;

/** Pools that are over a threshold, or were: their rows are locked, so each crossing is told once. */
export const NEAR_THRESHOLDS = `
  SELECT p.id, p.name, p.thresholds, c.crossed, c.size::text, c.held::text, c.free::text, c.resting::text,
         c.excluded::text, c.utilization, now() AS "measuredAt"
  FROM pool_capacity c JOIN pool p ON p.id = c.pool_id
  WHERE c.crossed <> '{}' OR EXISTS (SELECT FROM unnest(p.thresholds) t WHERE c.utilization >= t / 100.0::double precision)
  FOR NO KEY UPDATE OF c SKIP LOCKED`;

export const SET_CROSSED = `UPDATE pool_capacity SET crossed = $2::smallint[] WHERE pool_id = $1`;

/** $1 place in the stream, read before the measuring began; $2 how long that took. */
export const END_ROUND = `UPDATE capacity_round SET position = $1, measured_at = now(), took_ms = $2`;
