/**
 * Removes what is older than $1 days from the low end of the outbox, of up to $2 rows; $3: whether only what NATS has.
 *
 * Always from the low end, up to the first row that is to stay: so one number, `swept`, tells what is gone, and a reader
 * that is behind it knows so. The lock of that row makes one process at a time do it; nobody queues for it. What NATS has
 * not stored stays when a publisher was ever at work here, even for a process that does not know of NATS. Rows are found in
 * the index of positions; those of outbox_desired, by which gateways know their generation, go along, but for the last of
 * each gateway. Nobody else locks any of these rows.
 */
export const SWEEP = `
  WITH turn AS MATERIALIZED (
    SELECT position FROM relay WHERE name = 'swept' FOR UPDATE SKIP LOCKED
  ), first AS MATERIALIZED (
    SELECT b.id, b.last_position, b.created_at < now() - $1 * interval '1 day'
             AND (b.last_position <= n.position OR NOT ($3 OR n.epoch > 0)) AS due
    FROM turn, (SELECT position, epoch FROM relay WHERE name = 'nats') AS n
    CROSS JOIN LATERAL (SELECT id, last_position, created_at FROM outbox_packed
                        WHERE last_position > 0 ORDER BY last_position LIMIT $2) AS b
  ), gone AS (
    DELETE FROM outbox_packed b USING first f
    WHERE b.id = f.id AND f.last_position < coalesce((SELECT min(last_position) FROM first WHERE NOT due), 9223372036854775807)
    RETURNING b.id, b.last_position
  ), desired AS (
    DELETE FROM outbox_desired d USING gone
    WHERE d.batch_id = gone.id
      AND (d.position < (SELECT max(m.position) FROM outbox_desired m WHERE m.desired_by = d.desired_by)
           OR NOT EXISTS (SELECT FROM gateway g WHERE g.id = d.desired_by))
  ), parked AS (
    DELETE FROM parked_event WHERE position <= (SELECT max(last_position) FROM gone)
  ), swept AS (
    UPDATE relay SET position = g.last FROM (SELECT max(last_position) AS last FROM gone) AS g
    WHERE name = 'swept' AND g.last IS NOT NULL
  )
  SELECT count(*)::int AS gone FROM gone`;

/** What SWEEP left as the last of its gateway, and is no more: a range of an index for each gateway. */
export const SWEEP_GENERATIONS = `
  DELETE FROM outbox_desired d
  USING gateway g
  WHERE d.desired_by = g.id AND d.position <= (SELECT position FROM relay WHERE name = 'swept')
    AND d.position < (SELECT max(m.position) FROM outbox_desired m WHERE m.desired_by = g.id)`;
