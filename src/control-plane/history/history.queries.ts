import { MAX_SIZE } from '../../contract/desired-state.js';
import { ADDRESSES, PORTS, sinceOf, type Kind } from './segment.queries.js';

/** How the history of one place, an address or a port of one, is read. */
interface Reading extends Kind {
  /** Finds the place (alias h): a prefix of the primary key. */
  found: string;
  /** Filters of alias h, each null for all: the pool or gateway, and the owners. */
  wanted: string;
  /** Columns besides space and times, in the history and in `alive` alike. */
  columns: readonly string[];
  /** Who has it at present, as a row of the history without times, but with created_at. */
  alive: string;
}

/** Parameters, from number n on: the pool, owners, the address. */
const addressReading = (n: number): Reading => ({
  ...ADDRESSES,
  found: `h.address = $${n + 2}::inet`,
  wanted: `($${n}::text IS NULL OR h.pool_id = $${n}) AND ($${n + 1}::text[] IS NULL OR h.owner = ANY($${n + 1}))`,
  columns: [
    ...['address', 'pool_id', 'subnet_id', 'lease_id', 'reservation_id', 'owner', 'name', 'tags', 'metadata'],
    ...['reservation_name', 'reservation_tags', 'reservation_metadata'],
  ],
  alive: `
    SELECT s.space_id, l.created_at, l.address, s.pool_id, l.subnet_id, l.id AS lease_id, l.reservation_id, r.owner,
           l.name, l.tags, l.metadata,
           r.name AS reservation_name, r.tags AS reservation_tags, r.metadata AS reservation_metadata
    FROM lease l JOIN reservation r ON r.id = l.reservation_id JOIN subnet s ON s.id = l.subnet_id
    WHERE l.address = $${n + 2}::inet`,
});

/** Parameters, from number n on: the gateway, owners, the external address, protocol, port. */
const portReading = (n: number): Reading => ({
  ...PORTS,
  found: `h.address = $${n + 2}::inet AND h.protocol = $${n + 3} AND h.port = $${n + 4}::integer`,
  wanted: `($${n}::text IS NULL OR h.gateway_id = $${n}) AND ($${n + 1}::text[] IS NULL OR h.owner = ANY($${n + 1}))`,
  columns: [
    ...['address', 'protocol', 'port', 'gateway_id', 'port_map_id', 'component_id', 'owner'],
    ...['target_address', 'target_port', 'name', 'tags', 'metadata'],
  ],
  // A map that is being removed still has its port.
  alive: `
    SELECT o.space_id, p.created_at, g.external_address AS address, p.protocol, $${n + 4}::integer AS port,
           p.gateway_id, p.id AS port_map_id, coalesce(p.component_id, p.ended_component_id) AS component_id, p.owner,
           p.address AS target_address, p.target_port + $${n + 4}::integer - p.connection_port AS target_port,
           p.name, p.tags, p.metadata
    FROM gateway g JOIN port_map p ON p.gateway_id = g.id
    JOIN gateway_ports o ON o.gateway_id = p.gateway_id AND o.protocol = p.protocol
    WHERE g.external_address = $${n + 2}::inet AND p.protocol = $${n + 3}
      -- for the index: no map has more ports
      AND p.connection_port BETWEEN $${n + 4}::integer - ${MAX_SIZE - 1} AND $${n + 4}::integer
      AND p.connection_port + p.size > $${n + 4}::integer`,
});

const listed = (alias: string, columns: readonly string[]): string =>
  columns.map((column) => `${alias}.${column}`).join(', ');

const present = (reading: Reading): string => `
  SELECT v.space_id, ${listed('v', reading.columns)}, ${sinceOf(reading)} AS since, NULL::timestamptz AS until,
         NULL::boolean AS released, NULL::text AS ended_by, NULL::text AS reason
  FROM (${reading.alive}) AS v`;

const past = ({ columns }: Reading): string =>
  `h.space_id, ${listed('h', columns)}, h.since, h.until, h.released, h.ended_by, h.reason`;

/** Addresses as text without a prefix length. */
const shown = ({ columns }: Reading): string =>
  columns
    .map((column) => (column.endsWith('address') ? `host(h.${column}) AS ${column}` : `h.${column}`))
    .concat('h.space_id, h.since, h.until, h.released, h.ended_by, h.reason')
    .join(', ');

/**
 * A page, newest first, of what touches $1 to before $2; it begins behind the since $3 and the space $4, and has at most $5.
 *
 * Each space that ever had the place is found by one step in the primary key, and gives at most a page of its own from
 * where the page begins: the last page costs what the first does. The filter by owners is looked at row by row.
 */
const pageOf = (reading: Reading): string => `
  WITH RECURSIVE line (space_id) AS (
    (SELECT h.space_id FROM ${reading.table} h WHERE ${reading.found} ORDER BY h.space_id LIMIT 1)
    UNION ALL
    SELECT (SELECT h.space_id FROM ${reading.table} h WHERE ${reading.found} AND h.space_id > line.space_id
            ORDER BY h.space_id LIMIT 1)
    FROM line WHERE line.space_id IS NOT NULL
  )
  SELECT ${shown(reading)} FROM (
    SELECT * FROM (${present(reading)}) AS h
    WHERE ${reading.wanted} AND h.since < $2::timestamptz AND (h.since, h.space_id) < ($3::timestamptz, $4::bigint)
    UNION ALL
    SELECT segment.* FROM line CROSS JOIN LATERAL (
      SELECT ${past(reading)} FROM ${reading.table} h
      WHERE ${reading.found} AND h.space_id = line.space_id AND ${reading.wanted}
        AND h.since < $2::timestamptz AND h.since <= $3::timestamptz
        AND (h.since, h.space_id) < ($3::timestamptz, $4::bigint)
        -- Those of a space end in the order in which they begin: none before the last that begins by $1 reaches it.
        AND h.until > $1::timestamptz
        AND h.since >= coalesce((SELECT h.since FROM ${reading.table} h
                                 WHERE ${reading.found} AND h.space_id = line.space_id AND h.since <= $1::timestamptz
                                 ORDER BY h.since DESC LIMIT 1), '-infinity')
      ORDER BY h.since DESC LIMIT $5
    ) AS segment
  ) AS h ORDER BY h.since DESC, h.space_id DESC LIMIT $5`;

/** Who had it at $1, in each space: one look-up in the index of the exclusion constraint, which begins with the place. */
const momentOf = (reading: Reading): string => `
  SELECT ${shown(reading)} FROM (
    SELECT * FROM (${present(reading)}) AS h WHERE ${reading.wanted} AND h.since <= $1::timestamptz
    UNION ALL
    SELECT ${past(reading)} FROM ${reading.table} h
    WHERE ${reading.found} AND ${reading.wanted} AND tstzrange(h.since, h.until) @> $1::timestamptz
  ) AS h ORDER BY h.since DESC, h.space_id DESC`;

export const ADDRESS_PAGE = pageOf(addressReading(6));
export const ADDRESS_AT = momentOf(addressReading(2));
export const PORT_PAGE = pageOf(portReading(6));
export const PORT_AT = momentOf(portReading(2));

/**
 * What an address is at present in each subnet that spans it: one look-up a subnet in each of the tables that may have it.
 * `resting`: released, and not free yet. `excluded`: in the range, but never given.
 */
export const ADDRESS_NOW = `
  SELECT s.id AS subnet, s.pool_id AS pool,
         CASE WHEN EXISTS (SELECT FROM lease l WHERE l.subnet_id = s.id AND l.address = $1::inet) THEN 'held'
              WHEN (SELECT f.first <= p.position FROM free_interval f
                    WHERE f.space_id = s.space_id AND f.last >= p.position ORDER BY f.last LIMIT 1) THEN 'free'
              WHEN EXISTS (SELECT FROM resting_address r WHERE r.space_id = s.space_id AND r.position = p.position)
                THEN 'resting'
              -- past its time it only waits for its turn
              WHEN q.until IS NOT NULL THEN CASE WHEN q.until > now() THEN 'resting' ELSE 'free' END
              ELSE 'excluded' END AS state
  FROM subnet s CROSS JOIN (SELECT address_position($1::inet) AS position) AS p
  LEFT JOIN quarantine q ON q.space_id = s.space_id AND q.position = p.position
  WHERE inetrange(s.first, s.last, '[]') @> $1::inet ORDER BY s.space_id`;
