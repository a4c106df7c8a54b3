/**
 * Events of what disappears with its parent, written by the database itself: the documents are those of the DTOs, built
 * in SQL, since the rows may be millions. Run before the parent is deleted, in the same transaction.
 */
export const common = (alias: string): string =>
  `'id', ${alias}.id, 'name', ${alias}.name, 'tags', ${alias}.tags, 'metadata', ${alias}.metadata`;
export const stamps = (alias: string): string =>
  `'createdAt', ${alias}.created_at, 'updatedAt', ${alias}.updated_at, 'version', ${alias}.version`;

/** Who ended it and why. */
const ending = `'releasedBy', $2::text, 'reason', $3::text`;

/** The network that a subnet exactly is, or null. */
export const cidr = (alias: string): string =>
  `(SELECT text(n) FROM inet_merge(${alias}.first, ${alias}.last) AS n
    WHERE host_min(n) = ${alias}.first AND host_max(n) = ${alias}.last)`;

/**
 * The trace context of the events that `batches` writes until the end of the transaction: a setting of PostgreSQL's, since the
 * statements are for those without one too. $1 is the context.
 */
export const SET_TRACE = `SELECT set_config('berth.traceparent', $1, true)`;

/**
 * Rows of the outbox, of up to 500 events each, from a query with the columns type, subject, owner, data; $2 did it. The order of
 * the numbering is that of the rows, so each group is a run of them. `group` may name a column of the query instead that
 * numbers the rows of the outbox, where events differ much in size.
 */
export const batches = (events: string, group = '(e.n - 1) / 500'): string => `
  INSERT INTO outbox_packed (events, body)
  SELECT count(*), string_agg(
    E'\\x1e' || json_build_object('id', gen_random_uuid(), 'type', e.type, 'subject', e.subject, 'owner', e.owner,
                                 'actor', $2::text,
                                 'traceparent', nullif(current_setting('berth.traceparent', true), ''))::text
    || E'\\x1f' || e.data::text, '' ORDER BY e.n)
  FROM (SELECT q.*, row_number() OVER () AS n FROM (${events}) AS q) AS e
  GROUP BY ${group} ORDER BY ${group}`;

const leases = (where: string): string =>
  batches(`
  SELECT 'ipam.lease.deleted' AS type, 'leases/' || l.id AS subject, r.owner,
         json_build_object(${common('l')}, 'subnet', l.subnet_id, 'reservation', l.reservation_id,
                           'address', host(l.address), 'expiresAt', r.expires_at, ${stamps('l')}, ${ending}) AS data
  FROM lease l JOIN subnet s ON s.id = l.subnet_id JOIN reservation r ON r.id = l.reservation_id WHERE ${where}`);

const reservations = (where: string): string =>
  batches(`
  SELECT 'ipam.reservation.deleted' AS type, 'reservations/' || r.id AS subject, r.owner,
         json_build_object(${common('r')}, 'subnet', r.subnet_id, 'pool', r.pool_id, 'owner', r.owner,
                           'expiresAt', r.expires_at, 'ttl', r.ttl_seconds, ${stamps('r')}, ${ending}) AS data
  FROM reservation r WHERE ${where}`);

const subnets = (where: string): string =>
  batches(`
  SELECT 'ipam.subnet.deleted' AS type, 'subnets/' || s.id AS subject, NULL::text AS owner,
         json_build_object(${common('s')}, 'pool', s.pool_id, 'start', host(s.first), 'end', host(s.last),
                           'family', family(s.first), 'cidr', ${cidr('s')}, 'gatewayAddress', host(s.gateway_address),
                           'exclusions', s.exclusions, ${stamps('s')}) AS data
  FROM subnet s WHERE ${where}`);

/** Ends below a parent ($1), with who ($2) and why ($3). */
export const CASCADE_ENDS = {
  pool: [leases('s.pool_id = $1'), reservations('r.pool_id = $1')],
  subnet: [leases('l.subnet_id = $1'), reservations('r.subnet_id = $1')],
} as const;

/** What goes with a pool ($1), with who ($2). */
export const CASCADE_SUBNETS = subnets('s.pool_id = $1');
