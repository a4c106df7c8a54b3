/** Findings that were told before are passed over. */
export const ADD_DRIFT = `
  INSERT INTO gateway_drift (gateway_id, found_at, program, found, maps, outcome)
  SELECT $1, d.at, d.program, ARRAY(SELECT json_array_elements_text(d.found)), d.maps, d.outcome
  FROM unnest($2::timestamptz[], $3::text[], $4::json[], $5::integer[], $6::text[]) AS d (at, program, found, maps, outcome)
  ORDER BY d.at
  ON CONFLICT (gateway_id, found_at) DO NOTHING
  RETURNING id`;

/** Findings of a gateway that are kept; the cost of a look stays that of an index scan over so many. */
export const KEEP = 1_000;

/** The unique index gives the order. */
export const FORGET_OLD_DRIFT = `
  DELETE FROM gateway_drift WHERE gateway_id = $1 AND found_at < (
    SELECT found_at FROM gateway_drift WHERE gateway_id = $1 ORDER BY found_at DESC OFFSET ${KEEP - 1} LIMIT 1)`;

const COLUMNS = `found_at AS at, program, found, maps, outcome`;

export const DRIFT_BY_ID = `SELECT ${COLUMNS} FROM gateway_drift WHERE id = ANY($1) ORDER BY found_at`;

/** A page, the newest first; $2: only those before this time. */
export const DRIFT_PAGE = `
  SELECT ${COLUMNS} FROM gateway_drift
  WHERE gateway_id = $1 AND ($2::timestamptz IS NULL OR found_at < $2)
  ORDER BY found_at DESC LIMIT $3`;
