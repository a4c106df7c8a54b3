/** A page in order of position. */
export const LIST_DEAD = `
  SELECT event_id AS id, position::double precision, type, subject, attempts, error, dead_at AS "deadAt", body AS event
  FROM webhook_event
  WHERE webhook_id = $1 AND dead_at IS NOT NULL AND position > $2
    AND ($4::text IS NULL OR type = $4) AND ($5::text IS NULL OR subject = $5)
  ORDER BY position LIMIT $3`;

/** All, or the one of event $2: as if it had never been tried. Those who deliver note only what they fence. */
export const REPLAY_DEAD = `
  UPDATE webhook_event SET dead_at = NULL, attempts = 0, next_at = now()
  WHERE webhook_id = $1 AND dead_at IS NOT NULL AND ($2::text IS NULL OR event_id = $2) RETURNING position`;

export const DELETE_DEAD = `
  DELETE FROM webhook_event
  WHERE webhook_id = $1 AND dead_at IS NOT NULL AND ($2::text IS NULL OR event_id = $2) RETURNING position`;
