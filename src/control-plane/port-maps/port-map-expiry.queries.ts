const DUE = `expires_at <= clock_timestamp() AND status <> 'removing'`;

/** Maps whose time has come, the longest due first. An index of those alone that have an end; nothing is locked yet. */
export const MAPS_DUE = `SELECT id FROM port_map WHERE ${DUE} ORDER BY expires_at LIMIT $1`;

/** Those of some that are due still, locked in order, once the chunks of their ports are. */
export const MAPS_STILL_DUE = `SELECT id FROM port_map WHERE id = ANY($1) AND ${DUE} ORDER BY id FOR UPDATE`;
