import { LEASE_COLUMNS, RESERVATION_COLUMNS } from '../reservations/reservation.queries.js';

/** Spaces of a pool's subnets, or of one subnet. */
export const SPACES_OF = {
  pool: `SELECT space_id FROM subnet WHERE pool_id = $1`,
  subnet: `SELECT space_id FROM subnet WHERE id = $1`,
} as const;

/** Addresses that some reservations hold, and the maps that go with them or with a component ($2). */
export const HELD_ADDRESSES = `
  SELECT s.space_id AS space, host(l.address) AS address
  FROM lease l JOIN subnet s ON s.id = l.subnet_id WHERE l.reservation_id = ANY($1)`;
export const HELD_MAPS = `
  SELECT p.id FROM port_map p
  WHERE p.component_id = ANY($2) OR p.lease_id IN (SELECT l.id FROM lease l WHERE l.reservation_id = ANY($1))`;

/** Some reservations, locked in order, with the metadata above them. */
export const LOCK_RESERVATIONS = `
  SELECT ${RESERVATION_COLUMNS}
  FROM reservation r JOIN subnet s ON s.id = r.subnet_id JOIN pool p ON p.id = s.pool_id
  WHERE r.id = ANY($1) ORDER BY r.id FOR UPDATE OF r`;

/** The leases of some reservations, locked in order, with what is needed to give their addresses back. */
export const LEASES_OF_RESERVATIONS = `
  SELECT ${LEASE_COLUMNS}, s.space_id AS "spaceId"
  FROM lease l JOIN subnet s ON s.id = l.subnet_id
  WHERE l.reservation_id = ANY($1) ORDER BY l.reservation_id, l.address FOR UPDATE OF l`;

/** Port maps that point to leases of some reservations. */
export const MAPS_OF_RESERVATIONS = `
  SELECT p.id, l.reservation_id AS "reservationId"
  FROM lease l JOIN port_map p ON p.lease_id = l.id WHERE l.reservation_id = ANY($1)`;

/** The lease is going; the map stays until its gateway has forgotten it. */
export const DETACH_MAPS = `UPDATE port_map SET lease_id = NULL WHERE id = ANY($1)`;

export const DELETE_LEASES = `DELETE FROM lease WHERE id = ANY($1)`;
export const DELETE_RESERVATIONS = `DELETE FROM reservation WHERE id = ANY($1)`;

/** Port maps that point to leases below a subnet or pool. */
export const MAPS_OF_LEASES = {
  subnet: `SELECT p.id FROM port_map p JOIN lease l ON l.id = p.lease_id WHERE l.subnet_id = $1`,
  pool: `SELECT p.id FROM port_map p JOIN lease l ON l.id = p.lease_id
         JOIN subnet s ON s.id = l.subnet_id WHERE s.pool_id = $1`,
} as const;

/** Keeps an address from being given out while maps to it may still be in a gateway's kernel. */
export const REST_ADDRESSES = `
  INSERT INTO resting_address (space_id, position, port_map_id)
  SELECT space_id, position, port_map_id FROM unnest($1::bigint[], $2::numeric[], $3::text[]) AS r (space_id, position, port_map_id)`;
