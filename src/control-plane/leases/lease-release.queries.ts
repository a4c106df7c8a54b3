import { LEASE_COLUMNS, RESERVATION_COLUMNS } from '../reservations/reservation.queries.js';

/** Spaces of a pool's subnets, or of one subnet. */
export const SPACES_OF = {
  pool: `SELECT space_id FROM subnet WHERE pool_id = $1`,
  subnet: `SELECT space_id FROM subnet WHERE id = $1`,
} as const;

/**
 * Locks the chunks of what some reservations ($1) and components ($2) hold, in order: their addresses, the ports of the
 * maps that go with them, and addresses that rest because of these maps. Index look-ups, a few for each position. Should a
 * chunk be cut anew while we wait (space_remove), it may be missed; giving back locks it then, out of order at worst.
 */
export const LOCK_HELD = lockChunks();

/**
 * As LOCK_HELD, and in the same order the chunks of positions that are about to be asked for ($3, $4: space and position)
 * and all chunks of some spaces ($5): who gives back and takes in one transaction must wait for nothing later.
 */
export const LOCK_HELD_AND_WANTED = lockChunks(
  `UNION ALL SELECT w.space, w.position FROM unnest($3::bigint[], $4::numeric[]) AS w (space, position)`,
  `UNION ALL SELECT a.space_id, a.last FROM space_chunk a WHERE a.space_id = ANY($5::bigint[])`,
);

function lockChunks(morePositions = '', moreChunks = ''): string {
  return `
  WITH maps AS (
    SELECT p.id, p.gateway_id, p.protocol, p.connection_port, p.size FROM lease l JOIN port_map p ON p.lease_id = l.id
    WHERE l.reservation_id = ANY($1)
    UNION ALL
    SELECT p.id, p.gateway_id, p.protocol, p.connection_port, p.size FROM port_map p WHERE p.component_id = ANY($2)
  ), held AS (
    SELECT s.space_id, address_position(l.address) AS position
    FROM lease l JOIN subnet s ON s.id = l.subnet_id WHERE l.reservation_id = ANY($1)
    UNION ALL
    SELECT o.space_id, m.connection_port + n
    FROM maps m JOIN gateway_ports o ON o.gateway_id = m.gateway_id AND o.protocol = m.protocol
    CROSS JOIN generate_series(0, m.size - 1) AS n
    UNION ALL
    SELECT r.space_id, r.position FROM maps m JOIN resting_address r ON r.port_map_id = m.id
    ${morePositions}
  )
  SELECT 1 FROM space_chunk c
  WHERE (c.space_id, c.last) IN (
    SELECT h.space_id, chunk.last FROM held h
    CROSS JOIN LATERAL (SELECT k.last FROM space_chunk k
                        WHERE k.space_id = h.space_id AND k.last >= h.position ORDER BY k.last LIMIT 1) AS chunk
    ${moreChunks})
  ORDER BY c.space_id, c.last FOR UPDATE OF c`;
}

const RESERVATIONS = `
  SELECT ${RESERVATION_COLUMNS}, p.quarantine, p.policy
  FROM reservation r JOIN subnet s ON s.id = r.subnet_id JOIN pool p ON p.id = s.pool_id
  WHERE r.id = ANY($1)`;

/** Some reservations, locked in order, with the metadata above them. */
export const LOCK_RESERVATIONS = `${RESERVATIONS} ORDER BY r.id FOR UPDATE OF r`;

/**
 * As LOCK_RESERVATIONS, those whose time has come. The condition is looked at again on the row as it is when the lock is
 * had, so one that was renewed meanwhile is not among them; one that is just being renewed is passed over.
 */
export const LOCK_DUE_RESERVATIONS = `${RESERVATIONS}
  AND r.expires_at <= clock_timestamp() ORDER BY r.id FOR UPDATE OF r SKIP LOCKED`;

/** The leases of some reservations, locked in order, with what is needed to give their addresses back. */
export const LEASES_OF_RESERVATIONS = `
  SELECT ${LEASE_COLUMNS}, s.space_id AS "spaceId"
  FROM lease l JOIN subnet s ON s.id = l.subnet_id
  WHERE l.reservation_id = ANY($1) ORDER BY l.reservation_id, l.address LIMIT $2 FOR UPDATE OF l`;

/** Port maps that point to leases of some reservations. */
export const MAPS_OF_RESERVATIONS = `
  SELECT p.id, l.id AS "leaseId", l.reservation_id AS "reservationId"
  FROM lease l JOIN port_map p ON p.lease_id = l.id WHERE l.reservation_id = ANY($1)`;

/** The lease is going; the map stays until its gateway has forgotten it. */
export const DETACH_MAPS = `UPDATE port_map SET lease_id = NULL WHERE id = ANY($1)`;

export const DELETE_LEASE = `DELETE FROM lease WHERE id = $1`;
export const DELETE_RESERVATIONS = `DELETE FROM reservation WHERE id = ANY($1)`;

export const TOUCH_RESERVATION = `
  UPDATE reservation SET version = version + 1, updated_at = now() WHERE id = $1
  RETURNING version, updated_at AS "updatedAt"`;

/** Port maps that point to leases below a subnet or pool. */
export const MAPS_OF_LEASES = {
  subnet: `SELECT p.id FROM port_map p JOIN lease l ON l.id = p.lease_id WHERE l.subnet_id = $1`,
  pool: `SELECT p.id FROM port_map p JOIN lease l ON l.id = p.lease_id
         JOIN subnet s ON s.id = l.subnet_id WHERE s.pool_id = $1`,
} as const;

const lockBelow = (where: string): readonly [reservations: string, leases: string] => [
  `SELECT 1 FROM reservation r WHERE ${where} ORDER BY r.id FOR UPDATE`,
  `SELECT 1 FROM reservation r JOIN lease l ON l.reservation_id = r.id WHERE ${where}
   ORDER BY l.reservation_id, l.address FOR UPDATE OF l`,
];

/**
 * What is below a subnet or pool that is about to be deleted, in the order in which releases lock it: who renews or changes
 * one of them has done so before its end is told, or finds it gone. The parent's row and its spaces are locked, so
 * nothing comes meanwhile. Costs a write a row, beside the three or more of its end.
 */
export const LOCK_BELOW = {
  subnet: lockBelow('r.subnet_id = $1'),
  pool: lockBelow('r.pool_id = $1'),
} as const;

/** Keeps an address from being given out while maps to it may still be in a gateway's kernel. */
export const REST_ADDRESSES = `
  INSERT INTO resting_address (space_id, position, port_map_id, owner)
  SELECT space_id, position, port_map_id, owner
  FROM unnest($1::bigint[], $2::numeric[], $3::text[], $4::text[]) AS r (space_id, position, port_map_id, owner)`;
