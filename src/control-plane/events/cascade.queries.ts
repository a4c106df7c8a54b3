/**
 * Events of what disappears with its parent, written by the database itself: the documents are those of the DTOs, built
 * in SQL, since the rows may be millions. Run before the parent is deleted, in the same transaction.
 */
const common = (alias: string): string =>
  `'id', ${alias}.id, 'name', ${alias}.name, 'tags', ${alias}.tags, 'metadata', ${alias}.metadata`;
const stamps = (alias: string): string =>
  `'createdAt', ${alias}.created_at, 'updatedAt', ${alias}.updated_at, 'version', ${alias}.version`;

const leases = (where: string): string => `
  INSERT INTO outbox (id, type, subject, data)
  SELECT gen_random_uuid(), 'ipam.lease.deleted', 'leases/' || l.id,
         json_build_object(${common('l')}, 'subnet', l.subnet_id, 'reservation', l.reservation_id,
                           'address', host(l.address), ${stamps('l')})
  FROM lease l JOIN subnet s ON s.id = l.subnet_id WHERE ${where}`;

const reservations = (where: string): string => `
  INSERT INTO outbox (id, type, subject, owner, data)
  SELECT gen_random_uuid(), 'ipam.reservation.deleted', 'reservations/' || r.id, r.owner,
         json_build_object(${common('r')}, 'subnet', r.subnet_id, 'pool', r.pool_id, 'owner', r.owner, ${stamps('r')})
  FROM reservation r WHERE ${where}`;

const subnets = (where: string): string => `
  INSERT INTO outbox (id, type, subject, data)
  SELECT gen_random_uuid(), 'ipam.subnet.deleted', 'subnets/' || s.id,
         json_build_object(${common('s')}, 'pool', s.pool_id, 'start', host(s.first), 'end', host(s.last),
                           'family', family(s.first), ${stamps('s')})
  FROM subnet s WHERE ${where}`;

export const CASCADE_EVENTS = {
  pool: [leases('s.pool_id = $1'), reservations('r.pool_id = $1'), subnets('s.pool_id = $1')],
  subnet: [leases('l.subnet_id = $1'), reservations('r.subnet_id = $1')],
} as const;
