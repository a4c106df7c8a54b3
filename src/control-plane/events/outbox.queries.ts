/** One row for all events of a transaction. */
export const APPEND_BATCH = `INSERT INTO outbox_packed (events, body) VALUES ($1, $2)`;

/** As APPEND_BATCH, for events that change the desired state of some gateways ($3). */
export const APPEND_DESIRED_BATCH = `
  WITH batch AS (INSERT INTO outbox_packed (events, body) VALUES ($1, $2) RETURNING id)
  INSERT INTO outbox_desired (batch_id, desired_by) SELECT batch.id, g.id FROM batch, unnest($3::text[]) AS g (id)`;

/** Gives positions to up to $1 rows; null when another process is at it (see migration BatchOutbox). */
export const SEQUENCE = `SELECT outbox_sequence($1) AS batches`;

/** Batches with events after a position, in order: an index scan of as many rows as are asked for. */
export const BATCHES_AFTER = `
  SELECT last_position AS "lastPosition", events, body, created_at AS time
  FROM outbox_packed WHERE last_position > $1 ORDER BY last_position LIMIT $2`;

/**
 * As BATCHES_AFTER, but no more rows than have $3 bytes of text together (one at least), however many are asked for; with
 * how much the row and those before it have. The size of a text is known without reading it.
 */
export const BATCHES_WITHIN = `
  SELECT last_position AS "lastPosition", events, body, created_at AS time, upto::integer AS "bytesUpTo"
  FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY last_position) AS upto
        FROM (SELECT * FROM outbox_packed WHERE last_position > $1 ORDER BY last_position LIMIT $2) AS next) AS b
  WHERE upto - octet_length(body) < $3 ORDER BY last_position`;

/**
 * The highest position given out, and the place before the oldest event that is kept: null when none is. One step into the
 * index of positions.
 */
export const KEPT = `
  SELECT r.position AS last,
         (SELECT last_position - events FROM outbox_packed WHERE last_position > 0 ORDER BY last_position LIMIT 1) AS start
  FROM relay r WHERE r.name = 'sequencer'`;
