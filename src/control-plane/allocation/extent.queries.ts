/** Makes a space of chunks, all of them free. One round trip, and rows for chunks only: O(1) whatever the size. */
export const CREATE_EXTENT = `
  WITH made AS (
    INSERT INTO space DEFAULT VALUES RETURNING id
  ), chunk AS (
    INSERT INTO space_chunk (space_id, first, last)
    SELECT made.id, c.first, c.last FROM made, unnest($1::numeric[], $2::numeric[]) AS c (first, last)
  ), free AS (
    INSERT INTO free_interval (space_id, first, last)
    SELECT made.id, c.first, c.last FROM made, unnest($1::numeric[], $2::numeric[]) AS c (first, last)
  )
  SELECT id FROM made`;

/** Adds chunks, and what of them is free (a position that still rests is not). Needs no lock: nobody has seen them. */
export const EXTEND_SPACE = `
  WITH chunk AS (
    INSERT INTO space_chunk (space_id, first, last)
    SELECT $1, c.first, c.last FROM unnest($2::numeric[], $3::numeric[]) AS c (first, last)
  )
  INSERT INTO free_interval (space_id, first, last)
  SELECT $1, f.first, f.last FROM unnest($4::numeric[], $5::numeric[]) AS f (first, last)`;

/** Takes ranges out, with what rests in them. Its chunks are locked, and nothing in the ranges is held. */
export const DROP_RANGES = `SELECT space_drop($1, $2, $3)`;

/** Positions of some ranges to which a gateway may still forward. */
export const STILL_FORWARDED = `
  SELECT DISTINCT a.position FROM unnest($2::numeric[], $3::numeric[]) AS r (first, last)
  JOIN resting_address a ON a.space_id = $1 AND a.position >= r.first AND a.position <= r.last
  ORDER BY a.position`;
