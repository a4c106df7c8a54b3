import { PORT_MAP_COLUMNS } from '../port-maps/port-map-rows.js';

/**
 * The names of a batch, each taken by whoever comes first; waits where another transaction is just taking one. In order
 * of the names, so that two batches cannot deadlock. Answers with the ids that were inserted.
 */
export const INSERT_COMPONENTS = `
  INSERT INTO component (id, name, tags, metadata, owner, kind, gateway_id, request, created_at, updated_at)
  SELECT id, name, tags::text[], metadata, owner, kind, gateway_id, request, $9, $9
  FROM unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS c (id, name, tags, metadata, owner, kind, gateway_id, request)
  ORDER BY owner, name
  ON CONFLICT (owner, name) DO NOTHING
  RETURNING id`;

/** Components by owner and name, with what decides whether a request is the same again. */
export const FIND_BY_NAMES = `
  SELECT c.id, c.owner, c.name, c.request
  FROM unnest($1::text[], $2::text[]) AS n (owner, name) JOIN component c USING (owner, name)`;

export const SET_RESERVATIONS = `
  UPDATE component c SET reservation_id = r.reservation_id
  FROM unnest($1::text[], $2::text[]) AS r (id, reservation_id) WHERE c.id = r.id`;

export const DELETE_COMPONENTS = `DELETE FROM component WHERE id = ANY($1)`;

export const MAPS_OF_COMPONENTS = `
  SELECT ${PORT_MAP_COLUMNS} FROM port_map p JOIN gateway g ON g.id = p.gateway_id
  WHERE p.component_id = ANY($1) ORDER BY p.component_id, p.id`;
