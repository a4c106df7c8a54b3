import { RESERVATION_COLUMNS } from './reservation.queries.js';

const RESERVATIONS = `reservation r JOIN subnet s ON s.id = r.subnet_id JOIN pool p ON p.id = s.pool_id`;

/** In order, so that two batches of the same reservations cannot deadlock. No chunk is needed: nothing is given back. */
export const LOCK_TO_RENEW = `SELECT 1 FROM reservation r WHERE r.id = ANY($1) ORDER BY r.id FOR NO KEY UPDATE`;

/** A statement of its own after the lock: it sees the rows, and the time, as they are when nobody else can change them. */
export const TO_RENEW = `
  SELECT ${RESERVATION_COLUMNS}, clock_timestamp() AS now,
         EXISTS (SELECT FROM component c WHERE c.reservation_id = r.id) AS bound
  FROM ${RESERVATIONS} WHERE r.id = ANY($1)`;

export const RENEW = `
  UPDATE reservation r SET expires_at = n.expires_at, ttl_seconds = n.ttl, notice_at = n.notice_at,
                           version = n.version, updated_at = n.updated_at
  FROM unnest($1::text[], $2::timestamptz[], $3::integer[], $4::timestamptz[], $5::integer[], $6::timestamptz[])
    AS n (id, expires_at, ttl, notice_at, version, updated_at)
  WHERE r.id = n.id`;

/** What decides whether the end of a reservation may be set: the database's time, and whether a component has it. */
export const FACTS_OF_END = `
  SELECT clock_timestamp() AS now, EXISTS (SELECT FROM component c WHERE c.reservation_id = $1) AS bound`;

/**
 * Reservations for which a time has come, the longest due first: so many that they have about $1 leases together, one at
 * least, and 1000 at most. Nothing is locked yet: chunks go first. $2 are passed over.
 */
const due = (column: 'expires_at' | 'notice_at', more = ''): string => `
  SELECT id FROM (
    SELECT d.id, d.at, sum(d.leases) OVER (ORDER BY d.at, d.id) - d.leases AS before
    FROM (SELECT r.id, r.${column} AS at, (SELECT count(*) FROM lease l WHERE l.reservation_id = r.id) AS leases
          FROM reservation r
          WHERE r.${column} <= clock_timestamp() AND r.id <> ALL($2) ${more}
          ORDER BY r.${column} LIMIT 1000) AS d
  ) AS counted WHERE before < $1 ORDER BY at, id`;

export const DUE_TO_END = due('expires_at');
/** What has ended meanwhile needs no notice. */
export const DUE_TO_TELL = due('notice_at', 'AND r.expires_at > clock_timestamp()');

/** Milliseconds until something is to be done, two index look-ups; null when there is nothing. */
export const NEXT_DUE = `
  SELECT extract(epoch FROM least(
    (SELECT expires_at FROM reservation WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1),
    (SELECT notice_at FROM reservation WHERE notice_at IS NOT NULL ORDER BY notice_at LIMIT 1)
  ) - clock_timestamp())::float8 * 1000 AS "inMs"`;

/** One process at a time sweeps, until the end of its transaction; nobody queues for it. */
export const TAKE_TURN = `SELECT pg_try_advisory_xact_lock($1) AS mine`;

/** Those still to be told, locked; what somebody else is just changing comes again. */
export const LOCK_TO_TELL = `
  SELECT ${RESERVATION_COLUMNS} FROM ${RESERVATIONS}
  WHERE r.id = ANY($1) AND r.notice_at <= clock_timestamp() AND r.expires_at > clock_timestamp()
  ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED`;

export const TOLD = `UPDATE reservation SET notice_at = NULL WHERE id = ANY($1)`;
