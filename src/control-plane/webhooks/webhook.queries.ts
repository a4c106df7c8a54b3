/** How the deliveries of a webhook go. */
export interface ProgressRow {
  id: string;
  position: number;
  missed: number;
  failingSince: Date | null;
  lastError: string | null;
  lastDeliveredAt: Date | null;
  waiting: number;
  deadLetters: number;
}

/** Counted in the two partial indexes: a row for each event that was put aside, of which there are not many. */
export const PROGRESS_OF = `
  SELECT p.webhook_id AS id, p.position::double precision, p.missed::double precision,
         p.failing_since AS "failingSince", p.last_error AS "lastError", p.last_delivered_at AS "lastDeliveredAt",
         (SELECT count(*)::int FROM webhook_event e WHERE e.webhook_id = p.webhook_id AND dead_at IS NULL) AS waiting,
         (SELECT count(*)::int FROM webhook_event e WHERE e.webhook_id = p.webhook_id AND dead_at IS NOT NULL) AS "deadLetters"
  FROM webhook_progress p WHERE p.webhook_id = ANY($1)`;

/** Those who make webhooks take turns, so that the limit holds. The number names the turn among the advisory locks. */
export const COUNT_WEBHOOKS = `
  SELECT (SELECT count(*)::int FROM webhook) AS count FROM (SELECT pg_advisory_xact_lock(7311905)) AS turn`;

/** After $2, or from now on. */
export const BEGIN_PROGRESS = `
  INSERT INTO webhook_progress (webhook_id, position)
  SELECT $1, coalesce($2::bigint, position) FROM relay WHERE name = 'sequencer'`;

/** A webhook that was enabled, or goes elsewhere, is tried afresh, what waits included. */
export const TRY_AFRESH = `
  WITH events AS (UPDATE webhook_event SET next_at = now() WHERE webhook_id = $1 AND dead_at IS NULL)
  UPDATE webhook_progress SET failures = 0, failing_since = NULL, rests_until = NULL WHERE webhook_id = $1`;

/** Whether it was disabled by this: not when somebody else was faster. */
export const DISABLE = `
  UPDATE webhook SET enabled = false, disabled_reason = $2, version = version + 1, updated_at = now()
  WHERE id = $1 AND enabled RETURNING id`;
