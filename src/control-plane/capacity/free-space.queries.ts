import { WITHIN } from './capacity.queries.js';

/**
 * Free space of a pool or subnet ($1) by size, from at most $2 intervals of it. Intervals end where a lock ends (a
 * chunk), so neighbours are joined first. In each run of free addresses there are
 * floor((last + 1) / 2^k) - ceil(first / 2^k) aligned blocks of 2^k addresses: `fits` is their sum, `lowest` the first
 * address of the lowest. The row with k null is about the runs: how many, and the longest.
 *
 * O(n log n) for n intervals, with log2 of a run's length rows each; most runs of a fragmented space are short.
 */
const freeSpace = (which: string): string => `
  WITH piece AS MATERIALIZED (
    SELECT s.space_id, family(s.first) AS family, o.first, o.last
    FROM subnet s JOIN open_interval o ON o.space_id = s.space_id WHERE ${which} LIMIT $2
  ), marked AS (
    SELECT p.*, lag(p.last) OVER (PARTITION BY p.space_id ORDER BY p.last) IS DISTINCT FROM p.first - 1 AS begins FROM piece p
  ), numbered AS (
    SELECT m.*, count(*) FILTER (WHERE m.begins) OVER (PARTITION BY m.space_id ORDER BY m.last) AS run FROM marked m
  ), run AS MATERIALIZED (
    SELECT n.family, min(n.first) AS first, max(n.last) AS last, max(n.last) - min(n.first) + 1 AS size
    FROM numbered n GROUP BY n.space_id, n.family, n.run
  ), level AS (
    SELECT r.family, k, b.first, greatest(0, div(r.last + 1, b.size) - div(b.first, b.size)) AS fits
    FROM run r
    CROSS JOIN LATERAL generate_series(0, (ln(r.size) / ln(2::numeric))::integer) AS k
    CROSS JOIN LATERAL (SELECT round(power(2::numeric, k)) AS size) AS p
    CROSS JOIN LATERAL (SELECT p.size, div(r.first + p.size - 1, p.size) * p.size AS first) AS b
  )
  SELECT l.family, l.k, sum(l.fits)::text AS fits, (min(l.first) FILTER (WHERE l.fits > 0))::text AS lowest,
         NULL::text AS last
  FROM level l GROUP BY l.family, l.k HAVING sum(l.fits) > 0
  UNION ALL
  SELECT r.family, NULL, count(*)::text, (array_agg(r.first ORDER BY r.size DESC, r.first))[1]::text,
         (array_agg(r.last ORDER BY r.size DESC, r.first))[1]::text
  FROM run r GROUP BY r.family`;

export const FREE_SPACE = { pool: freeSpace(WITHIN.pool), subnet: freeSpace(WITHIN.subnet) } as const;

const pieces = (which: string): string => `
  SELECT count(*)::int AS n FROM (
    SELECT FROM subnet s JOIN open_interval o ON o.space_id = s.space_id WHERE ${which} LIMIT $2) AS p`;

/** How many intervals there are to look at, counted up to $2. */
export const PIECES = { pool: pieces(WITHIN.pool), subnet: pieces(WITHIN.subnet) } as const;
