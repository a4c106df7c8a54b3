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

/** The leases of some reservations, locked, with what is needed to give their addresses back. */
export const LEASES_OF_RESERVATIONS = `
  SELECT l.id, l.name, l.tags, l.metadata, l.version, l.created_at AS "createdAt", l.updated_at AS "updatedAt",
         l.subnet_id AS "subnetId", l.reservation_id AS "reservationId", host(l.address) AS address,
         s.space_id AS "spaceId"
  FROM lease l JOIN subnet s ON s.id = l.subnet_id
  WHERE l.reservation_id = ANY($1) ORDER BY l.id FOR UPDATE OF l`;

/** The lease is going; the map stays until its gateway has forgotten it. */
export const DETACH_MAPS = `UPDATE port_map SET lease_id = NULL WHERE id = ANY($1)`;

export const DELETE_LEASES = `DELETE FROM lease WHERE id = ANY($1)`;

/** Port maps that point to some leases, or to leases below a subnet or pool. */
export const MAPS_OF_LEASES = {
  leases: `SELECT p.id FROM port_map p WHERE p.lease_id = ANY($1)`,
  subnet: `SELECT p.id FROM port_map p JOIN lease l ON l.id = p.lease_id WHERE l.subnet_id = ANY($1)`,
  pool: `SELECT p.id FROM port_map p JOIN lease l ON l.id = p.lease_id
         JOIN subnet s ON s.id = l.subnet_id WHERE s.pool_id = ANY($1)`,
} as const;

/** Keeps an address from being given out while maps to it may still be in a gateway's kernel. */
export const REST_ADDRESSES = `
  INSERT INTO resting_address (space_id, position, port_map_id)
  SELECT space_id, position, port_map_id FROM unnest($1::bigint[], $2::numeric[], $3::text[]) AS r (space_id, position, port_map_id)`;
