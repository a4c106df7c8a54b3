/** Puts an event aside; again after a crash without effect. */
export const PARK = `
  INSERT INTO parked_event (position, event_id, type, subject, bytes, reason) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (position) DO UPDATE SET reason = excluded.reason, bytes = excluded.bytes`;

/** How many are parked after $1 up to $2: a range of the key. */
export const COUNT_PARKED = `SELECT count(*)::int AS parked FROM parked_event WHERE position > $1 AND position <= $2`;

/** A page of $2 after position $1, in order. */
export const LIST_PARKED = `
  SELECT event_id AS id, position::double precision, type, subject, bytes, reason, parked_at AS "parkedAt"
  FROM parked_event WHERE position > $1 ORDER BY position LIMIT $2`;
