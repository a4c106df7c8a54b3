/**
 * Takes the keys that nobody has; waits where another transaction is just taking one. In order of the keys, so that two
 * batches with the same keys cannot deadlock.
 */
export const CLAIM_KEYS = `
  INSERT INTO idempotency_key (principal, key, fingerprint)
  SELECT principal, key, fingerprint FROM unnest($1::text[], $2::text[], $3::text[]) AS k (principal, key, fingerprint)
  ORDER BY principal, key
  ON CONFLICT DO NOTHING
  RETURNING principal, key`;

export const READ_KEYS = `
  SELECT i.principal, i.key, i.fingerprint, i.location, i.etag, i.body
  FROM unnest($1::text[], $2::text[]) AS k (principal, key) JOIN idempotency_key i USING (principal, key)`;

/** One look by the primary key, without a lock: a key in progress counts as not answered. */
export const IS_ANSWERED = `SELECT 1 FROM idempotency_key WHERE principal = $1 AND key = $2 AND body IS NOT NULL`;

export const STORE_ANSWERS = `
  UPDATE idempotency_key i SET location = a.location, etag = a.etag, body = a.body
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS a (principal, key, location, etag, body)
  WHERE i.principal = a.principal AND i.key = a.key`;

export const DROP_KEYS = `
  DELETE FROM idempotency_key i USING unnest($1::text[], $2::text[]) AS d (principal, key)
  WHERE i.principal = d.principal AND i.key = d.key`;

/** Keys older than a day; a retry comes within minutes. */
export const EXPIRE_KEYS = `DELETE FROM idempotency_key WHERE created_at < now() - interval '1 day'`;
