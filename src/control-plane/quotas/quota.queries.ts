/** One round trip: locks and counts (function of migration CreateQuotas). Nobody with a quota: one look at an empty table. */
export const QUOTA_ADMISSION = `SELECT * FROM quota_admission($1)`;

const COLUMNS = `
  owner, addresses::float8 AS addresses, port_maps AS "portMaps", per_request AS "perRequest", version,
  created_at AS "createdAt", updated_at AS "updatedAt"`;

export const FIND_QUOTA = `SELECT ${COLUMNS} FROM quota WHERE owner = $1`;

/** The row, for a change of it. Claims do not wait for it: those in progress count as before the change. */
export const LOCK_QUOTA = `SELECT ${COLUMNS} FROM quota WHERE owner = $1 FOR UPDATE`;

/** Keyset by owner. With $3 only the rows of these owners. */
export const LIST_QUOTAS = `
  SELECT ${COLUMNS} FROM quota WHERE owner > $1 AND ($3::text[] IS NULL OR owner = ANY($3)) ORDER BY owner LIMIT $2`;

/** Answers with no row when another request has just made one. */
export const INSERT_QUOTA = `
  INSERT INTO quota (owner, addresses, port_maps, per_request) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`;

export const UPDATE_QUOTA = `
  UPDATE quota SET addresses = $2, port_maps = $3, per_request = $4, version = version + 1, updated_at = now()
  WHERE owner = $1 RETURNING ${COLUMNS}`;

export const DELETE_QUOTA = `DELETE FROM quota WHERE owner = $1`;

/** The quota that counts for an owner: its own, else the one of everybody. */
export const EFFECTIVE_QUOTA = `
  SELECT ${COLUMNS} FROM quota WHERE owner IN ($1, '*') ORDER BY owner = '*' LIMIT 1`;

/** What an owner holds, counted to $2. */
export const HELD = `
  SELECT held_addresses($1, $2)::float8 AS addresses, held_port_maps($1, $2)::float8 AS "portMaps"`;
