/** One row for all events of a transaction. */
export const APPEND_BATCH = `INSERT INTO outbox_packed (events, body) VALUES ($1, $2)`;

/** As APPEND_BATCH, for events that change the desired state of some gateways ($3). */
export const APPEND_DESIRED_BATCH = `
  WITH batch AS (INSERT INTO outbox_packed (events, body) VALUES ($1, $2) RETURNING id)
  INSERT INTO outbox_desired (batch_id, desired_by) SELECT batch.id, g.id FROM batch, unnest($3::text[]) AS g (id)`;

/** The row whose lock makes one process at a time work on a reader's behalf; nobody queues for it. */
export const LOCK_RELAY = `SELECT position FROM relay WHERE name = $1 FOR UPDATE SKIP LOCKED`;

/** Gives positions to up to $1 rows; null when another process is at it (see migration BatchOutbox). */
export const SEQUENCE = `SELECT outbox_sequence($1) AS batches`;

export const MOVE_RELAY = `UPDATE relay SET position = $2 WHERE name = $1`;

/** Batches with events after a position, in order: an index scan of as many rows as are asked for. */
export const BATCHES_AFTER = `
  SELECT last_position AS "lastPosition", events, body, created_at AS time
  FROM outbox_packed WHERE last_position > $1 ORDER BY last_position LIMIT $2`;

/** The highest position given out. */
export const LAST_POSITION = `SELECT position FROM relay WHERE name = 'sequencer'`;
