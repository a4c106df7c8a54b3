/** Where a claim on a subnet, or on a pool, may take addresses, with the metadata that the answer shows. */
const TARGET_COLUMNS = `
  s.id, s.pool_id AS "poolId", s.space_id AS "spaceId", family(s.first) AS family, host(s.first) AS first,
  host(s.last) AS last, s.exclusions, host(s.gateway_address) AS "gatewayAddress",
  p.policy, p.reuse_early AS "reuseEarly", p.metadata AS "poolMetadata", s.metadata AS "subnetMetadata"`;

export const SUBNET_TARGET = `
  SELECT ${TARGET_COLUMNS} FROM subnet s JOIN pool p ON p.id = s.pool_id WHERE s.id = $1`;

/**
 * The subnets of a pool in the stable order in which they are tried. Full ones are left out unless the caller waits for
 * locks ($2): what looks full now may be about to get an address back. Where the least recently released address goes
 * first, those that have rested are as good as free.
 */
export const POOL_TARGETS = poolTargets('s.pool_id = $1');

function poolTargets(which: string): string {
  return `
  SELECT ${TARGET_COLUMNS} FROM subnet s JOIN pool p ON p.id = s.pool_id
  WHERE ${which} AND ($2 OR EXISTS (SELECT FROM free_interval f WHERE f.space_id = s.space_id)
    OR p.policy = 'least-recently-released'
       AND EXISTS (SELECT FROM quarantine q WHERE q.space_id = s.space_id AND q.until <= now()))
  ORDER BY s.space_id`;
}

/** As SUBNET_TARGET and POOL_TARGETS, for many at once. */
export const SUBNETS_TARGET = `
  SELECT ${TARGET_COLUMNS} FROM subnet s JOIN pool p ON p.id = s.pool_id WHERE s.id = ANY($1)`;

export const POOLS_TARGETS = poolTargets('s.pool_id = ANY($1)');

export const POOLS_THERE = `SELECT id FROM pool WHERE id = ANY($1)`;

export const POOL_EXISTS = `SELECT 1 FROM pool WHERE id = $1`;

/**
 * All reservations of a batch with their leases, in one statement: sending one costs what five rows do. Tags come as array
 * literals, since arrays of arrays must be square. UNIQUE (subnet_id, address) is the last word.
 */
export const INSERT_RESERVATIONS = `
  WITH made AS (
    INSERT INTO reservation (id, name, tags, metadata, pool_id, subnet_id, owner, expires_at, ttl_seconds, notice_at,
                             created_at, updated_at)
    SELECT id, name, tags::text[], metadata, pool_id, subnet_id, owner, expires_at, ttl_seconds, notice_at, $8, $8
    FROM unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::text[], $6::text[], $7::text[],
                $9::timestamptz[], $10::integer[], $11::timestamptz[])
      AS r (id, name, tags, metadata, pool_id, subnet_id, owner, expires_at, ttl_seconds, notice_at)
  )
  INSERT INTO lease (id, subnet_id, reservation_id, address, created_at, updated_at)
  SELECT id, subnet_id, reservation_id, address, $8, $8
  FROM unnest($12::text[], $13::text[], $14::text[], $15::inet[]) AS l (id, subnet_id, reservation_id, address)`;

export const RESERVATION_COLUMNS = `
  r.id, r.name, r.tags, r.metadata, r.version, r.created_at AS "createdAt", r.updated_at AS "updatedAt",
  r.pool_id AS "poolId", r.subnet_id AS "subnetId", r.owner,
  r.expires_at AS "expiresAt", r.ttl_seconds AS ttl, r.notice_at AS "noticeAt",
  p.metadata AS "poolMetadata", s.metadata AS "subnetMetadata"`;

export const LEASE_COLUMNS = `
  l.id, l.name, l.tags, l.metadata, l.version, l.created_at AS "createdAt", l.updated_at AS "updatedAt",
  l.subnet_id AS "subnetId", l.reservation_id AS "reservationId", host(l.address) AS address`;

/** Leases of some reservations, and the metadata above them. */
export const LEASES_OF = `
  SELECT ${LEASE_COLUMNS} FROM lease l WHERE l.reservation_id = ANY($1) ORDER BY l.reservation_id, l.address`;

/** As LEASES_OF, $2 at most. */
export const LEASES_OF_SOME = `${LEASES_OF} LIMIT $2`;

export const METADATA_ABOVE = `
  SELECT s.id, p.metadata AS "poolMetadata", s.metadata AS "subnetMetadata"
  FROM subnet s JOIN pool p ON p.id = s.pool_id WHERE s.id = ANY($1)`;
