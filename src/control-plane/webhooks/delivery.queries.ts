/** Webhooks with something to do that no process is at work on. A look at two short tables and the heads of an index. */
export const WITH_WORK = `
  SELECT p.webhook_id AS id FROM webhook_progress p JOIN webhook w ON w.id = p.webhook_id
  WHERE w.enabled AND coalesce(p.held_until < clock_timestamp(), true) AND coalesce(p.rests_until < clock_timestamp(), true)
    AND (p.position < (SELECT position FROM relay WHERE name = 'sequencer')
         OR EXISTS (SELECT FROM webhook_event e WHERE e.webhook_id = p.webhook_id AND dead_at IS NULL AND next_at <= now()))`;

/** Takes the lease of webhook $1 for holder $2 and $3 ms, under the next epoch; of two at once the second gets nothing. */
export const TAKE = `
  UPDATE webhook_progress SET holder = $2, epoch = epoch + 1, held_until = clock_timestamp() + $3 * interval '1 millisecond'
  WHERE webhook_id = (SELECT webhook_id FROM webhook_progress
                      WHERE webhook_id = $1 AND coalesce(held_until < clock_timestamp(), true) FOR UPDATE SKIP LOCKED)
  RETURNING epoch`;

/** No row when another epoch has begun. */
export const KEEP = `
  UPDATE webhook_progress SET held_until = clock_timestamp() + $3 * interval '1 millisecond'
  WHERE webhook_id = $1 AND epoch = $2 RETURNING epoch`;

export const RELEASE = `UPDATE webhook_progress SET held_until = NULL WHERE webhook_id = $1 AND epoch = $2`;

/** What the lease's holder goes by: where it is, what the outbox still has, and the webhook as it is now. Rows by their key. */
export const STAND = `
  SELECT p.position::double precision, p.failures, p.failing_since AS "failingSince", s.position::double precision AS swept,
         coalesce(p.rests_until > clock_timestamp(), false) AS rests,
         (SELECT count(*)::int FROM webhook_event e WHERE e.webhook_id = p.webhook_id AND dead_at IS NULL) AS waiting,
         w.url, w.types, w.subjects, w.owners, w.enabled, w.secret,
         CASE WHEN w.old_secret_until > now() THEN w.old_secret END AS "oldSecret"
  FROM webhook_progress p JOIN webhook w ON w.id = p.webhook_id, relay s
  WHERE p.webhook_id = $1 AND p.epoch = $2 AND s.name = 'swept'`;

/** Of each resource the first that waits, if it is due: those behind it wait for it. */
export const DUE = `
  SELECT position::double precision, event_id AS id, type, subject, body, attempts
  FROM (SELECT DISTINCT ON (subject) * FROM webhook_event WHERE webhook_id = $1 AND dead_at IS NULL
        ORDER BY subject, position) AS heads
  WHERE next_at <= clock_timestamp() ORDER BY position LIMIT $2`;

/** The resources of which something waits. */
export const WAITING_SUBJECTS = `SELECT DISTINCT subject FROM webhook_event WHERE webhook_id = $1 AND dead_at IS NULL`;

/**
 * Locks progress until the end of the transaction; no row when another epoch has begun: then nothing may be noted. The
 * webhook first, as who changes or deletes it does.
 */
export const FENCE = `
  SELECT p.epoch FROM webhook w JOIN webhook_progress p ON p.webhook_id = w.id
  WHERE w.id = $1 AND p.epoch = $2 FOR KEY SHARE OF w FOR UPDATE OF p`;

/** Puts events aside: parallel arrays of position, id, type, subject, body, attempts, delay in ms (null: no further attempt), error. */
export const PUT_ASIDE = `
  INSERT INTO webhook_event (webhook_id, position, event_id, type, subject, body, attempts, next_at, dead_at, error)
  SELECT $1, a.position, a.id, a.type, a.subject, a.body, a.attempts,
         clock_timestamp() + coalesce(a.delay, 0) * interval '1 millisecond', CASE WHEN a.delay IS NULL THEN now() END, a.error
  FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::float8[], $9::text[])
       AS a (position, id, type, subject, body, attempts, delay, error)
  ON CONFLICT (webhook_id, position) DO NOTHING`;

/** The next attempt $3 ms from now; null: that was the last one. */
export const TRIED = `
  UPDATE webhook_event SET attempts = attempts + 1, error = $4,
    next_at = clock_timestamp() + coalesce($3::float8, 0) * interval '1 millisecond',
    dead_at = CASE WHEN $3::float8 IS NULL THEN now() END
  WHERE webhook_id = $1 AND position = $2`;

export const DELIVERED = `DELETE FROM webhook_event WHERE webhook_id = $1 AND position = $2`;

/** $2: new position or null; $3: some attempt succeeded; $4: failures in a row by now; $5: rest in ms; $6: what failed last. */
export const PROGRESS = `
  UPDATE webhook_progress SET
    position = coalesce($2::bigint, position), failures = $4,
    last_delivered_at = CASE WHEN $3 THEN now() ELSE last_delivered_at END,
    failing_since = CASE WHEN $4 = 0 THEN NULL WHEN $3 THEN now() ELSE coalesce(failing_since, now()) END,
    rests_until = CASE WHEN $5::float8 > 0 THEN clock_timestamp() + $5::float8 * interval '1 millisecond' END,
    last_error = coalesce($6, last_error)
  WHERE webhook_id = $1`;

/** The outbox no longer has what is after its position, up to $2. */
export const SKIP_MISSED = `
  UPDATE webhook_progress SET missed = missed + $2::bigint - position, position = $2
  WHERE webhook_id = $1 AND epoch = $3 AND position < $2`;

/** Dead letters older than $1 days. */
export const SWEEP_DEAD = `DELETE FROM webhook_event WHERE dead_at < now() - $1 * interval '1 day'`;

/** The receiver is back: what waits need not wait longer. */
export const TRY_WAITING = `UPDATE webhook_event SET next_at = now() WHERE webhook_id = $1 AND dead_at IS NULL`;
