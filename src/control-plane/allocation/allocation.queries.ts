/**
 * The functions of migrations CreateSpace and PoliciesAndQuarantine. Each is one round trip; their locks are chunk rows, always in the order
 * (space, chunk), so that takers and givers cannot deadlock.
 */

/** Makes an empty space and answers with its id. */
export const CREATE_SPACE = `INSERT INTO space DEFAULT VALUES RETURNING id`;

/** Adds free positions. O(1): at most 16 rows whatever the size. */
export const ADD_POSITIONS = `SELECT space_add($1, $2, $3)`;

/** Takes positions away if all of them are free. */
export const REMOVE_POSITIONS = `SELECT space_remove($1, $2, $3) AS removed`;

/** Lowest first. O(intervals touched), independent of how full the space is. */
export const TAKE_POSITIONS = `SELECT first, last FROM space_take($1, $2, $3)`;

/** Each at random. O(log n) a position; at most one more interval for each. */
export const TAKE_RANDOM_POSITIONS = `SELECT first, last FROM space_take_random($1, $2, $3)`;

const REST = `owner, released_at::text AS "releasedAt", until::text AS until`;

/** Free, then rested, oldest first; $3: then what still rests. O(positions taken), the chunks' locks apart. */
export const TAKE_RESTED_POSITIONS = `SELECT first, last, ${REST} FROM space_take_rested($1, $2, $3, $4)`;

/** In a row, best fit. One scan of the free intervals, and with $4 of what rests. */
export const TAKE_BLOCK = `SELECT first, last, ${REST} FROM space_take_block($1, $2, $3, $4, $5, $6)`;

/** Point lookups. */
export const TAKE_THESE_POSITIONS = `
  SELECT place AS position, taken, due, ${REST}, until AS ends FROM space_take_these($1, $2::numeric[], $3::text[])`;

/**
 * What rests in some spaces, that with the oldest first: index look-ups, and at most 1000 entries read a space, since
 * nobody needs to know more exactly how many it is that they cannot have.
 */
export const RESTING_IN = `
  SELECT s.space::text, rest.count, rest.until
  FROM unnest($1::bigint[]) AS s (space)
  CROSS JOIN LATERAL (
    SELECT q.until FROM quarantine q WHERE q.space_id = s.space ORDER BY q.until, q.position LIMIT 1) AS oldest
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS count, min(k.until) AS until
    FROM (SELECT q.until FROM quarantine q WHERE q.space_id = s.space AND q.until > now()
          ORDER BY q.until, q.position LIMIT 1000) AS k) AS rest
  ORDER BY oldest.until, s.space`;

/** Many given positions in one statement; answers with those that could not be had. */
export const TAKE_SORTED = `SELECT space_take_sorted($1, $2::numeric[], $3::text[])::text AS position`;

/** Joins with free neighbours. */
export const GIVE_POSITIONS = `SELECT space_give($1, $2::numeric[])`;

/** Goes on with rests that were interrupted, as they were. */
export const REST_AGAIN = `SELECT space_rest($1, $2::numeric[], $3::text[], $4::timestamptz[], $5::timestamptz[])`;

/** Begins rests; $4: seconds. */
export const BEGIN_REST = `
  SELECT space_rest($1, array_agg(r.position), array_agg(r.owner), array_agg(now()),
                    array_agg(now() + r.seconds * interval '1 second'))
  FROM unnest($2::numeric[], $3::text[], $4::int[]) AS r (position, owner, seconds)`;

/**
 * Subnets' spaces in which a rest has ended. One index look-up for each space that has anything at rest. Where the least
 * recently released goes first, what has rested stays in line instead of becoming free.
 */
export const SPACES_TO_WAKE = `
  WITH RECURSIVE resting (space_id) AS (
    (SELECT q.space_id FROM quarantine q ORDER BY q.space_id LIMIT 1)
    UNION ALL
    SELECT (SELECT q.space_id FROM quarantine q WHERE q.space_id > r.space_id ORDER BY q.space_id LIMIT 1)
    FROM resting r WHERE r.space_id IS NOT NULL
  )
  SELECT r.space_id::text AS space FROM resting r
  JOIN subnet s ON s.space_id = r.space_id JOIN pool p ON p.id = s.pool_id
  WHERE p.policy <> 'least-recently-released'
    AND EXISTS (SELECT FROM quarantine q WHERE q.space_id = r.space_id AND q.until <= now())`;

/** Makes up to $2 positions free that have rested; skips chunks that others hold. */
export const WAKE_POSITIONS = `SELECT space_wake($1, $2) AS woken`;

/** Locks every chunk of some spaces, in order. */
export const LOCK_SPACES = `
  SELECT 1 FROM space_chunk WHERE space_id = ANY($1::bigint[]) ORDER BY space_id, last FOR UPDATE`;

/** Locks the chunks of some positions, in order. Each is an index look-up. */
export const LOCK_POSITIONS = `
  SELECT 1 FROM space_chunk c
  WHERE (c.space_id, c.last) IN (
    SELECT t.space, chunk.last FROM unnest($1::bigint[], $2::numeric[]) AS t (space, position)
    CROSS JOIN LATERAL (SELECT k.last FROM space_chunk k
                        WHERE k.space_id = t.space AND k.last >= t.position ORDER BY k.last LIMIT 1) AS chunk)
  ORDER BY c.space_id, c.last FOR UPDATE OF c`;

/** Number of free positions. */
export const COUNT_FREE = `
  SELECT coalesce(sum(last - first + 1), 0)::text AS free FROM free_interval WHERE space_id = $1`;
