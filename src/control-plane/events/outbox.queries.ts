/**
 * One insert for all events of a transaction, as its last statement: the rows that the events are about are locked by
 * then, so of one resource `seq` grows in the order of commits. The order of unnest is the order of the identity values.
 */
export const APPEND_EVENTS = `
  INSERT INTO outbox (id, type, subject, owner, desired_by, data)
  SELECT id, type, subject, owner, desired_by, data
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[])
    WITH ORDINALITY AS e (id, type, subject, owner, desired_by, data, n)
  ORDER BY n`;

/** The row whose lock makes one process at a time work on a reader's behalf; nobody queues for it. */
export const LOCK_RELAY = `SELECT position FROM relay WHERE name = $1 FOR UPDATE SKIP LOCKED`;

/**
 * Gives the next positions, in order of seq, to up to $2 events that have none. Safe under the sequencer's row lock:
 * one process at a time. Events that commit later get later positions, whatever their seq.
 */
export const GIVE_POSITIONS = `
  UPDATE outbox o SET position = $1::bigint + n.n
  FROM (SELECT seq, row_number() OVER (ORDER BY seq) AS n
        FROM (SELECT seq FROM outbox WHERE position IS NULL ORDER BY seq LIMIT $2) AS next) AS n
  WHERE o.seq = n.seq
  RETURNING o.position`;

export const MOVE_RELAY = `UPDATE relay SET position = $2 WHERE name = $1`;

/** Wakes listeners in every process. Only the sequencer notifies: NOTIFY in each write would serialise all commits. */
export const NOTIFY_LISTENERS = `SELECT pg_notify('berth_events', $1::text)`;

/** Events after a position, in order: an index scan of as many rows as are asked for. */
export const EVENTS_AFTER = `
  SELECT position, id, type, subject, owner, data, created_at AS time
  FROM outbox WHERE position > $1 ORDER BY position LIMIT $2`;

/** The highest position given out. */
export const LAST_POSITION = `SELECT position FROM relay WHERE name = 'sequencer'`;

/** True while events wait for their position. */
export const HAS_UNSEQUENCED = `SELECT EXISTS (SELECT FROM outbox WHERE position IS NULL) AS waiting`;
