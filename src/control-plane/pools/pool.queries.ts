/** The lowest subnet of a pool that lies in none of some networks. O(subnets of the pool); only administrators ask. */
export const OUTSIDE_SUPERNETS = `
  SELECT host(s.first) AS first, host(s.last) AS last FROM subnet s
  WHERE s.pool_id = $1
    AND NOT EXISTS (SELECT FROM unnest($2::cidr[]) AS n WHERE n >>= s.first AND n >>= s.last)
  ORDER BY s.first LIMIT 1`;
