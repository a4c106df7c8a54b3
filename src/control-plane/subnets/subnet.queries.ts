/**
 * The lowest address of some ranges that is held. One look into lease_address a range. The chunks of the subnet are locked
 * by an earlier statement, so this one sees every lease there is, and none comes or goes before we are done.
 */
export const FIRST_HELD = `
  SELECT host(l.address) AS address FROM unnest($2::inet[], $3::inet[]) AS r (first, last)
  CROSS JOIN LATERAL (
    SELECT k.address FROM lease k
    WHERE k.subnet_id = $1 AND k.address >= r.first AND k.address <= r.last ORDER BY k.address LIMIT 1) AS l
  ORDER BY l.address LIMIT 1`;
