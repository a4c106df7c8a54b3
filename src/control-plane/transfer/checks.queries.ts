import { MAX_COUNT } from '../reservations/reservation.dto.js';
import { NOUNS, type Noun } from './columns.js';

/**
 * What is wrong with staged lines, found set by set: each statement adds to bad_line, reads each table once (hash joins) and
 * takes no lock. Quotes of messages are doubled.
 */
const bad = (noun: Noun, field: string, reason: string, from: string): string =>
  `INSERT INTO bad_line (noun, line, field, reason) SELECT ${noun === 'reservation' ? 's.source' : `'${noun}'`}, s.line, '${field}', ${reason} ${from}`;

const ids = (noun: Noun): string[] => [
  bad(
    noun,
    'id',
    `'is that of line ' || d.line`,
    `FROM staged_${noun} s
     JOIN (SELECT id, min(line) AS line FROM staged_${noun} GROUP BY id HAVING count(*) > 1) AS d
       ON d.id = s.id AND d.line <> s.line`,
  ),
  bad(noun, 'id', `'is taken'`, `FROM staged_${noun} s JOIN ${noun} t ON t.id = s.id`),
];

const KNOWN_POOLS = `
  (SELECT id, name, supernets FROM pool UNION ALL SELECT id, name, supernets FROM staged_pool)`;
const KNOWN_SUBNETS = `
  (SELECT id, pool_id, first, last, space_id, false AS is_new FROM subnet
   UNION ALL SELECT id, pool_id, first, last, NULL, true FROM staged_subnet)`;

/** Pools that records name: by id, else by name. */
const RESOLVE_POOLS = [
  `INSERT INTO import_pool (ref)
   SELECT pool_ref FROM staged_subnet UNION SELECT pool_ref FROM import_target WHERE pool_ref IS NOT NULL`,
  `UPDATE import_pool i SET matches = f.matches, pool_id = f.id, supernets = f.supernets
   FROM (SELECT w.ref, count(DISTINCT p.id) AS matches, min(p.id) AS id, min(p.supernets) AS supernets
         FROM import_pool w JOIN ${KNOWN_POOLS} AS p ON p.id = lower(w.ref) GROUP BY w.ref) AS f
   WHERE i.ref = f.ref`,
  `UPDATE import_pool i SET matches = f.matches, pool_id = f.id, supernets = f.supernets
   FROM (SELECT w.ref, count(DISTINCT p.id) AS matches, min(p.id) AS id, min(p.supernets) AS supernets
         FROM import_pool w JOIN ${KNOWN_POOLS} AS p ON p.name = w.ref WHERE w.matches IS NULL GROUP BY w.ref) AS f
   WHERE i.ref = f.ref`,
  `UPDATE staged_subnet s SET pool_id = p.pool_id FROM import_pool p WHERE p.ref = s.pool_ref AND p.matches = 1`,
];

/** Subnets that records name: by id, or by range, in the pool that they name. */
const RESOLVE_SUBNETS = `
  UPDATE import_target t
  SET matches = f.matches, subnet_id = f.id, pool_id = f.pool_id, first = f.first, last = f.last, space_id = f.space_id,
      is_new = f.is_new
  FROM (
    SELECT c.target, count(DISTINCT c.id) AS matches, min(c.id) AS id, min(c.pool_id) AS pool_id, min(c.first) AS first,
           min(c.last) AS last, min(c.space_id) AS space_id, bool_and(c.is_new) AS is_new
    FROM (SELECT w.target, w.pool_ref, s.* FROM import_target w JOIN ${KNOWN_SUBNETS} AS s ON s.id = w.ref_id
          UNION ALL
          SELECT w.target, w.pool_ref, s.* FROM import_target w
          JOIN ${KNOWN_SUBNETS} AS s ON s.first = w.ref_first AND (w.ref_last IS NULL OR s.last = w.ref_last)) AS c
    LEFT JOIN import_pool p ON p.ref = c.pool_ref
    WHERE c.pool_ref IS NULL OR c.pool_id = p.pool_id
    GROUP BY c.target
  ) AS f WHERE f.target = t.target`;

const poolRefs = `FROM staged_subnet s JOIN import_pool p ON p.ref = s.pool_ref`;

const SUBNETS = [
  bad('subnet', 'pool', `'names no pool'`, `${poolRefs} WHERE p.matches IS NULL`),
  bad('subnet', 'pool', `'is the name of more than one pool: use its id'`, `${poolRefs} WHERE p.matches > 1`),
  bad(
    'subnet',
    'start',
    `'overlaps the subnet of line ' || o.line`,
    `FROM (SELECT line, first, max(last) OVER w AS reach, pool_id
           FROM staged_subnet WHERE pool_id IS NOT NULL
           WINDOW w AS (PARTITION BY pool_id, family(first) ORDER BY first, line ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS s
     CROSS JOIN LATERAL (SELECT b.line FROM staged_subnet b
                         WHERE b.pool_id = s.pool_id AND b.line <> s.line AND b.first <= s.first AND b.last >= s.first
                         ORDER BY b.line LIMIT 1) AS o
     WHERE s.reach >= s.first`,
  ),
  bad(
    'subnet',
    'start',
    `'overlaps the subnet ' || host(o.first) || ' to ' || host(o.last) || ' of the pool'`,
    `FROM staged_subnet s
     CROSS JOIN LATERAL (SELECT t.first, t.last FROM subnet t
                         WHERE t.pool_id = s.pool_id AND inetrange(t.first, t.last, '[]') && inetrange(s.first, s.last, '[]')
                         ORDER BY t.first LIMIT 1) AS o`,
  ),
  bad(
    'subnet',
    'start',
    `'must lie within one of the supernets of the pool'`,
    `${poolRefs} WHERE p.matches = 1 AND p.supernets <> '{}'
       AND NOT EXISTS (SELECT FROM unnest(p.supernets) AS n WHERE n >>= s.first AND n >>= s.last)`,
  ),
];

/** Each reservation with how many leases of the file name it. */
const HOLDINGS = `
  FROM staged_reservation s
  LEFT JOIN (SELECT reservation_ref, count(*) AS count FROM staged_lease WHERE NOT by_name GROUP BY reservation_ref) AS l
    ON l.reservation_ref = s.id`;

const targets = (noun: Noun): string[] => [
  bad(
    noun,
    'pool',
    `CASE WHEN p.matches > 1 THEN 'is the name of more than one pool: use its id' ELSE 'names no pool' END`,
    `FROM staged_${noun} s JOIN import_target t ON t.target = s.target
     JOIN import_pool p ON p.ref = t.pool_ref WHERE p.matches IS DISTINCT FROM 1`,
  ),
  bad(
    noun,
    'subnet',
    `CASE WHEN t.matches > 1 THEN 'is that of more than one subnet: use its id, or give the pool too'
       WHEN t.pool_ref IS NULL THEN 'names no subnet' ELSE 'names no subnet of this pool' END`,
    `FROM staged_${noun} s JOIN import_target t ON t.target = s.target
     LEFT JOIN import_pool p ON p.ref = t.pool_ref
     WHERE t.matches <> 1 AND (t.pool_ref IS NULL OR p.matches = 1)`,
  ),
];

/** References by name become ids, where the name is that of one reservation of the file. */
const RESOLVE_NAMES = `
  UPDATE staged_lease s SET reservation_ref = r.id, by_name = false
  FROM (SELECT name, min(id) AS id FROM staged_reservation GROUP BY name HAVING count(*) = 1) AS r
  WHERE s.by_name AND r.name = s.reservation_ref`;

const RESERVATIONS = [
  ...targets('reservation'),
  bad('reservation', 'id', `'has no lease in the file'`, `${HOLDINGS} WHERE l.count IS NULL`),
  bad('reservation', 'id', `'has more than ${MAX_COUNT} leases'`, `${HOLDINGS} WHERE l.count > ${MAX_COUNT}`),
];

const WITH_SUBNET = `
  FROM staged_lease s JOIN staged_reservation r ON r.id = s.reservation_ref JOIN import_target t ON t.target = r.target`;

const LEASES = [
  bad(
    'lease',
    'reservation',
    `CASE WHEN EXISTS (SELECT FROM staged_reservation r WHERE s.by_name AND r.name = s.reservation_ref)
       THEN 'is the name of more than one reservation of the file: use its id' ELSE 'names no reservation of the file' END`,
    `FROM staged_lease s
     WHERE s.by_name OR NOT EXISTS (SELECT FROM staged_reservation r WHERE r.id = s.reservation_ref)`,
  ),
  bad(
    'lease',
    'subnet',
    `'must be the subnet of its reservation'`,
    `${WITH_SUBNET} JOIN import_target o ON o.target = s.target
     WHERE o.matches = 1 AND t.matches = 1 AND o.subnet_id <> t.subnet_id`,
  ),
  bad(
    'lease',
    'address',
    `'must lie in the subnet, ' || host(t.first) || ' to ' || host(t.last)`,
    `${WITH_SUBNET} WHERE t.matches = 1 AND (s.address < t.first OR s.address > t.last)`,
  ),
  bad(
    'lease',
    'address',
    `'is that of line ' || d.line`,
    `${WITH_SUBNET}
     JOIN (SELECT t.subnet_id, s.position, min(s.line) AS line ${WITH_SUBNET} WHERE t.matches = 1
           GROUP BY t.subnet_id, s.position HAVING count(*) > 1) AS d
       ON d.subnet_id = t.subnet_id AND d.position = s.position AND d.line <> s.line`,
  ),
];

/** In this order. */
export const CHECKS: readonly string[] = [
  ...NOUNS.flatMap(ids),
  ...RESOLVE_POOLS,
  RESOLVE_SUBNETS,
  ...SUBNETS,
  RESOLVE_NAMES,
  ...RESERVATIONS,
  ...targets('lease'),
  ...LEASES,
];
