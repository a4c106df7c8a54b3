/**
 * Best fit: of the free blocks that are large enough the smallest, of these the lowest. One look into free_block_fit,
 * however many subnets the pool has. The pool's row is locked by an earlier statement, so this one sees what the lock's
 * last holder made of the blocks, and nobody changes them before we are done.
 */
export const FIT_BLOCK = `
  SELECT host(f.block) AS first FROM free_block f
  WHERE f.pool_id = $1 AND family(f.block) = $2 AND masklen(f.block) <= $3
  ORDER BY masklen(f.block) DESC, f.block LIMIT 1`;

/** The prefix length of the largest free block. The same index, from its other end. */
export const LARGEST_BLOCK = `
  SELECT masklen(f.block) AS length FROM free_block f WHERE f.pool_id = $1 AND family(f.block) = $2
  ORDER BY masklen(f.block) LIMIT 1`;
