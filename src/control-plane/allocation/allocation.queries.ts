/**
 * The functions of migration CreateSpace. Each is one round trip; their locks are chunk rows, always in the order
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

/** Point lookups. */
export const TAKE_EXACT_POSITIONS = `SELECT position FROM space_take_exact($1, $2::numeric[]) AS position`;

/** Joins with free neighbours. */
export const GIVE_POSITIONS = `SELECT space_give($1, $2::numeric[])`;

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
