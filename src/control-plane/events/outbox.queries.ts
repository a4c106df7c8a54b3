/** One row for all events of a transaction. */
export const APPEND_BATCH = `INSERT INTO outbox_batch (events, body) VALUES ($1, $2)`;

/** As APPEND_BATCH, for events that change the desired state of some gateways ($3). */
export const APPEND_DESIRED_BATCH = `
  WITH batch AS (INSERT INTO outbox_batch (events, body) VALUES ($1, $2) RETURNING id)
  INSERT INTO outbox_desired (batch_id, desired_by) SELECT batch.id, g.id FROM batch, unnest($3::text[]) AS g (id)`;

/** The row whose lock makes one process at a time work on a reader's behalf; nobody queues for it. */
export const LOCK_RELAY = `SELECT position FROM relay WHERE name = $1 FOR UPDATE SKIP LOCKED`;

/**
 * Gives the next positions, in order of writing, to the events of up to $2 batches that have none. Safe under the
 * sequencer's row lock: one process at a time. What commits later gets later positions, whatever its id.
 */
export const GIVE_POSITIONS = `
  WITH next AS (
    SELECT id, events FROM outbox_batch WHERE last_position IS NULL ORDER BY id LIMIT $2
  ), given AS (
    UPDATE outbox_batch b SET last_position = $1::bigint + n.upto
    FROM (SELECT id, sum(events) OVER (ORDER BY id) AS upto FROM next) AS n
    WHERE b.id = n.id
    RETURNING b.id, b.last_position
  ), desired AS (
    UPDATE outbox_desired d SET position = given.last_position FROM given WHERE d.batch_id = given.id
  )
  SELECT count(*)::int AS batches, max(last_position) AS position FROM given`;

export const MOVE_RELAY = `UPDATE relay SET position = $2 WHERE name = $1`;

/** Wakes listeners in every process. Only the sequencer notifies: NOTIFY in each write would serialise all commits. */
export const NOTIFY_LISTENERS = `SELECT pg_notify('berth_events', $1::text)`;

/** Batches with events after a position, in order: an index scan of as many rows as are asked for. */
export const BATCHES_AFTER = `
  SELECT last_position AS "lastPosition", events, body, created_at AS time
  FROM outbox_batch WHERE last_position > $1 ORDER BY last_position LIMIT $2`;

/** The highest position given out. */
export const LAST_POSITION = `SELECT position FROM relay WHERE name = 'sequencer'`;

/** True while events wait for their position. */
export const HAS_UNSEQUENCED = `SELECT EXISTS (SELECT FROM outbox_batch WHERE last_position IS NULL) AS waiting`;
