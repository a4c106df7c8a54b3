/**
 * Keeps a report. A row's figures only grow, so the same report again, or an older one that arrives late, changes nothing.
 * What a map is called comes from the map while it is there, else from the report; a map of another gateway is passed over.
 * Rows are locked in order, so that two reports cannot deadlock; no row of a map is locked.
 */
export const KEEP_USAGE = `
  INSERT INTO port_map_usage AS u (gateway_id, map_id, day, epoch, owner, map_name, component, connections, packets, bytes,
                                   last_used, clients, other_connections)
  SELECT $1::resource_id, r.id, r.day, $2::text, coalesce(p.owner, r.owner), CASE WHEN p.id IS NULL THEN r.name ELSE p.name END,
         CASE WHEN p.id IS NULL THEN r.component ELSE c.name END,
         r.connections, r.packets, r.bytes, r.last_used, r.clients, r.others
  FROM unnest($3::text[], $4::date[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[], $9::jsonb[],
              $10::bigint[], $11::text[], $12::text[], $13::text[])
         AS r (id, day, connections, packets, bytes, last_used, clients, others, owner, name, component)
       LEFT JOIN port_map p ON p.id = r.id
       LEFT JOIN component c ON c.id = p.component_id
  WHERE p.id IS NULL OR p.gateway_id = $1::resource_id
  ORDER BY r.id, r.day
  ON CONFLICT (map_id, day, epoch, gateway_id) DO UPDATE SET
    connections = greatest(u.connections, excluded.connections),
    packets = greatest(u.packets, excluded.packets),
    bytes = greatest(u.bytes, excluded.bytes),
    last_used = greatest(u.last_used, excluded.last_used),
    clients = CASE WHEN excluded.connections >= u.connections THEN excluded.clients ELSE u.clients END,
    other_connections = greatest(u.other_connections, excluded.other_connections)`;

/** Components of that name: those there are, and those of which only usage is left. Two index look-ups. */
export const COMPONENTS_NAMED = `
  SELECT c.owner, c.name FROM component c WHERE c.name = $1 OR c.id = $2
  UNION SELECT u.owner, u.component FROM port_map_usage u WHERE u.component = $1
  ORDER BY owner LIMIT 100`;

/** The last $3 days of a component: an index scan over its maps' rows of these days. */
export const USAGE_OF_COMPONENT = `
  SELECT map_id AS "portMap", map_name AS name, to_char(day, 'YYYY-MM-DD') AS day, connections::float8 AS connections,
         packets::float8 AS packets, bytes::float8 AS bytes, last_used AS "lastUsed", clients,
         other_connections::float8 AS "otherConnections"
  FROM port_map_usage
  WHERE owner = $1 AND component = $2 AND day > (now() AT TIME ZONE 'UTC')::date - $3::integer
  ORDER BY day DESC, map_id`;

/** Last used, whenever that was: the rows that are kept of one component. */
export const LAST_USED = `SELECT max(last_used) AS "lastUsed" FROM port_map_usage WHERE owner = $1 AND component = $2`;

/** Sums of the days that are kept, of maps that are there or were: the primary key's rows of each. */
export const COUNTERS = `
  SELECT m.id AS "portMap", coalesce(sum(u.connections), 0)::float8 AS connections,
         coalesce(sum(u.packets), 0)::float8 AS packets, coalesce(sum(u.bytes), 0)::float8 AS bytes,
         max(u.last_used) AS "lastUsed"
  FROM unnest($1::text[]) WITH ORDINALITY AS m (id, position) LEFT JOIN port_map_usage u ON u.map_id = m.id
  GROUP BY m.id HAVING count(u.map_id) > 0 OR EXISTS (SELECT FROM port_map p WHERE p.id = m.id)
  ORDER BY min(m.position)`;

/** Days older than $1 days, $2 rows at once, by the index on the day; rows that another deletes are passed over. */
export const FORGET_USAGE = `
  WITH old AS (
    SELECT u.ctid FROM port_map_usage u WHERE u.day < (now() AT TIME ZONE 'UTC')::date - $1::integer ORDER BY u.day LIMIT $2
    FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM port_map_usage u WHERE u.ctid = ANY(ARRAY(SELECT old.ctid FROM old)) RETURNING 1
  )
  SELECT count(*)::integer AS gone FROM gone`;
