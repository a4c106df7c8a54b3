import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a subnet leaves out, and where a pool carves its subnets from.
 *
 * A pool's supernets less its subnets are kept as free blocks: the largest aligned blocks there are, as a buddy allocator
 * has them. A subnet of a given prefix length is found with one look into an index, and made and deleted with as many rows
 * as an address has bits, however many subnets the pool has. Triggers keep them, so whatever writes a subnet (a request, a
 * cascade, an import, a process of the version before) keeps them right.
 */
export class ExclusionsAndSupernets1764100003000 implements MigrationInterface {
  name = 'ExclusionsAndSupernets1764100003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE subnet
        ADD COLUMN IF NOT EXISTS exclusions json NOT NULL DEFAULT
          '{"first":0,"last":0,"ranges":[],"network":false,"broadcast":false,"anycast":false}',
        ADD COLUMN IF NOT EXISTS gateway_address host_address;
      ALTER TABLE subnet DROP CONSTRAINT IF EXISTS subnet_gateway_address;
      ALTER TABLE subnet ADD CONSTRAINT subnet_gateway_address CHECK (gateway_address BETWEEN first AND last);
      COMMENT ON COLUMN subnet.exclusions IS 'What of first...last is not in the space, besides gateway_address';

      ALTER TABLE pool ADD COLUMN IF NOT EXISTS supernets cidr[] NOT NULL DEFAULT '{}';

      CREATE TABLE IF NOT EXISTS free_block (
        pool_id resource_id NOT NULL REFERENCES pool ON DELETE CASCADE,
        block cidr NOT NULL,
        PRIMARY KEY (pool_id, block)
      );
      COMMENT ON TABLE free_block IS 'The supernets of a pool less its subnets, in blocks as large as can be';
      -- best fit: the longest prefix that is no longer than the one asked for, of these the lowest
      CREATE INDEX IF NOT EXISTS free_block_fit ON free_block (pool_id, family(block), masklen(block) DESC, block);
    `);

    await runner.query(`
      -- Takes the ranges out of a space for good, whatever state their positions are in. The caller has locked the chunks
      -- (all of them, in order) and has seen that nobody holds a position of the ranges. A quarantine ends with that.
      CREATE OR REPLACE FUNCTION space_drop(p_space bigint, p_firsts numeric[], p_lasts numeric[]) RETURNS void
      LANGUAGE plpgsql AS $$
      DECLARE
        v_first numeric;
        v_last numeric;
      BEGIN
        FOR v_first, v_last IN SELECT r.first, r.last FROM unnest(p_firsts, p_lasts) AS r (first, last) ORDER BY r.first
        LOOP
          DELETE FROM quarantine q WHERE q.space_id = p_space AND q.position >= v_first AND q.position <= v_last;
          WITH cut AS (
            DELETE FROM free_interval f
            WHERE f.space_id = p_space AND f.last >= v_first AND f.last <= coalesce(
                (SELECT g.last FROM free_interval g WHERE g.space_id = p_space AND g.last >= v_last ORDER BY g.last LIMIT 1),
                v_last)
              AND f.first <= v_last
            RETURNING f.first, f.last
          )
          INSERT INTO free_interval (space_id, first, last)
          SELECT p_space, cut.first, v_first - 1 FROM cut WHERE cut.first < v_first
          UNION ALL SELECT p_space, v_last + 1, cut.last FROM cut WHERE cut.last > v_last;
          -- A chunk that loses an end is changed in place, so that whoever waits for its row wakes holding it.
          DELETE FROM space_chunk c WHERE c.space_id = p_space AND c.first >= v_first AND c.last <= v_last;
          INSERT INTO space_chunk (space_id, first, last)
          SELECT p_space, c.first, v_first - 1 FROM space_chunk c
          WHERE c.space_id = p_space AND c.first < v_first AND c.last > v_last;
          UPDATE space_chunk c SET first = v_last + 1
          WHERE c.space_id = p_space AND c.first <= v_last AND c.last > v_last;
          UPDATE space_chunk c SET last = v_first - 1
          WHERE c.space_id = p_space AND c.first < v_first AND c.last >= v_first;
        END LOOP;
      END $$;
    `);

    await runner.query(`
      -- First and last address of a network, as single hosts.
      CREATE OR REPLACE FUNCTION host_min(p_net inet) RETURNS inet LANGUAGE sql IMMUTABLE AS
        $$ SELECT host(network(p_net))::inet $$;
      CREATE OR REPLACE FUNCTION host_max(p_net inet) RETURNS inet LANGUAGE sql IMMUTABLE AS
        $$ SELECT host(broadcast(p_net))::inet $$;

      -- The fewest blocks that make up a range, at most two of each length: while the smallest network around a part is
      -- larger than the part, it is cut in the middle.
      CREATE OR REPLACE FUNCTION blocks_of(p_first inet, p_last inet) RETURNS SETOF cidr LANGUAGE sql IMMUTABLE AS $$
        WITH RECURSIVE part AS (
          SELECT p_first AS first, p_last AS last, inet_merge(p_first, p_last) AS net
          UNION ALL
          SELECT half.first, half.last, inet_merge(half.first, half.last)
          FROM part p
          CROSS JOIN LATERAL (SELECT host_max(set_masklen(p.net, masklen(p.net) + 1)) AS middle
                              WHERE p.first <> host_min(p.net) OR p.last <> host_max(p.net)) AS m
          CROSS JOIN LATERAL (VALUES (p.first, m.middle), (m.middle + 1, p.last)) AS half (first, last)
        )
        SELECT net FROM part WHERE first = host_min(net) AND last = host_max(net)
      $$;

      -- Takes a range out of the free blocks of a pool; what is left of a block stays free in smaller ones. The caller
      -- holds the pool's row.
      CREATE OR REPLACE FUNCTION block_take(p_pool text, p_first inet, p_last inet) RETURNS void
      LANGUAGE plpgsql AS $$
      DECLARE
        v_block cidr;
      BEGIN
        FOR v_block IN
          -- They do not overlap: of those that begin before the range only the last one can reach into it.
          DELETE FROM free_block f
          WHERE f.pool_id = p_pool AND f.block <= p_last AND f.block >= coalesce(
              (SELECT g.block FROM free_block g WHERE g.pool_id = p_pool AND g.block <= p_first ORDER BY g.block DESC LIMIT 1),
              p_first)
            AND host_max(f.block) >= p_first
          RETURNING f.block
        LOOP
          IF host_min(v_block) < p_first THEN
            INSERT INTO free_block (pool_id, block) SELECT p_pool, blocks_of(host_min(v_block), p_first - 1);
          END IF;
          IF host_max(v_block) > p_last THEN
            INSERT INTO free_block (pool_id, block) SELECT p_pool, blocks_of(p_last + 1, host_max(v_block));
          END IF;
        END LOOP;
      END $$;

      -- Gives a range of a supernet back, joining each block with its other half as long as that is free too. The caller
      -- holds the pool's row.
      CREATE OR REPLACE FUNCTION block_give(p_pool text, p_supernet cidr, p_first inet, p_last inet) RETURNS void
      LANGUAGE plpgsql AS $$
      DECLARE
        v_block cidr;
        v_whole cidr;
        v_other cidr;
      BEGIN
        FOR v_block IN SELECT blocks_of(p_first, p_last) LOOP
          WHILE masklen(v_block) > masklen(p_supernet) LOOP
            v_whole := set_masklen(v_block, masklen(v_block) - 1);
            v_other := set_masklen(
              (CASE WHEN host(v_whole) = host(v_block) THEN network(host_max(v_whole)) ELSE network(host_min(v_whole)) END)::cidr,
              masklen(v_block));
            DELETE FROM free_block f WHERE f.pool_id = p_pool AND f.block = v_other;
            EXIT WHEN NOT FOUND;
            v_block := v_whole;
          END LOOP;
          INSERT INTO free_block (pool_id, block) VALUES (p_pool, v_block);
        END LOOP;
      END $$;
    `);

    await runner.query(`
      -- In a pool with supernets one writer at a time. Before the row is written: whoever waits for the exclusion of
      -- overlaps then waits for one that needs no lock of ours any more. A share of the pool's row first, so that supernets
      -- cannot come to it meanwhile. A pool that is being deleted takes its blocks along.
      CREATE OR REPLACE FUNCTION subnet_lock_blocks() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        v_pool text := CASE TG_OP WHEN 'DELETE' THEN OLD.pool_id ELSE NEW.pool_id END;
        v_supernets cidr[];
      BEGIN
        SELECT p.supernets INTO v_supernets FROM pool p WHERE p.id = v_pool FOR KEY SHARE;
        IF v_supernets <> '{}' THEN
          PERFORM FROM pool p WHERE p.id = v_pool FOR NO KEY UPDATE;
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
      END $$;

      CREATE OR REPLACE FUNCTION subnet_keep_blocks() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        v_pool text := CASE TG_OP WHEN 'DELETE' THEN OLD.pool_id ELSE NEW.pool_id END;
        v_supernets cidr[];
        v_supernet cidr;
      BEGIN
        SELECT p.supernets INTO v_supernets FROM pool p WHERE p.id = v_pool;
        IF v_supernets IS NULL OR v_supernets = '{}' THEN
          RETURN NULL;
        END IF;
        IF TG_OP <> 'INSERT' THEN
          SELECT s INTO v_supernet FROM unnest(v_supernets) AS s WHERE s >>= OLD.first AND s >>= OLD.last;
          PERFORM block_give(v_pool, v_supernet, OLD.first, OLD.last);
        END IF;
        IF TG_OP <> 'DELETE' THEN
          IF NOT EXISTS (SELECT FROM unnest(v_supernets) AS s WHERE s >>= NEW.first AND s >>= NEW.last) THEN
            RAISE EXCEPTION 'subnet outside the supernets of its pool'
              USING ERRCODE = 'check_violation', CONSTRAINT = 'subnet_within_supernet';
          END IF;
          PERFORM block_take(v_pool, NEW.first, NEW.last);
        END IF;
        RETURN NULL;
      END $$;

      CREATE OR REPLACE TRIGGER subnet_lock_blocks BEFORE INSERT OR DELETE ON subnet
        FOR EACH ROW EXECUTE FUNCTION subnet_lock_blocks();
      CREATE OR REPLACE TRIGGER subnet_lock_blocks_changed BEFORE UPDATE OF first, last ON subnet
        FOR EACH ROW WHEN (OLD.first <> NEW.first OR OLD.last <> NEW.last) EXECUTE FUNCTION subnet_lock_blocks();
      CREATE OR REPLACE TRIGGER subnet_keep_blocks AFTER INSERT OR DELETE ON subnet
        FOR EACH ROW EXECUTE FUNCTION subnet_keep_blocks();
      CREATE OR REPLACE TRIGGER subnet_keep_blocks_changed AFTER UPDATE OF first, last ON subnet
        FOR EACH ROW WHEN (OLD.first <> NEW.first OR OLD.last <> NEW.last) EXECUTE FUNCTION subnet_keep_blocks();

      -- O(subnets of the pool), for a change that only an administrator makes. Its writer holds the pool's row FOR UPDATE,
      -- so no subnet comes or goes meanwhile.
      CREATE OR REPLACE FUNCTION pool_keep_blocks() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        v_before cidr[] := CASE TG_OP WHEN 'INSERT' THEN '{}' ELSE OLD.supernets END;
        v_supernet cidr;
      BEGIN
        IF EXISTS (SELECT FROM unnest(NEW.supernets) WITH ORDINALITY AS a (net, n)
                   JOIN unnest(NEW.supernets) WITH ORDINALITY AS b (net, n) ON a.n < b.n AND a.net && b.net) THEN
          RAISE EXCEPTION 'supernets overlap' USING ERRCODE = 'check_violation', CONSTRAINT = 'pool_supernets_disjoint';
        END IF;
        IF EXISTS (SELECT FROM subnet s WHERE s.pool_id = NEW.id AND NOT EXISTS (
                     SELECT FROM unnest(NEW.supernets) AS n WHERE n >>= s.first AND n >>= s.last)) THEN
          RAISE EXCEPTION 'subnet outside the supernets of its pool'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'subnet_within_supernet';
        END IF;
        DELETE FROM free_block f USING unnest(v_before) AS gone
        WHERE gone <> ALL (NEW.supernets) AND f.pool_id = NEW.id AND f.block <<= gone;
        FOR v_supernet IN SELECT s FROM unnest(NEW.supernets) AS s WHERE s <> ALL (v_before) LOOP
          INSERT INTO free_block (pool_id, block) VALUES (NEW.id, v_supernet);
          PERFORM block_take(NEW.id, s.first, s.last) FROM subnet s
          WHERE s.pool_id = NEW.id AND v_supernet >>= s.first AND v_supernet >>= s.last;
        END LOOP;
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER pool_keep_blocks AFTER INSERT ON pool
        FOR EACH ROW WHEN (NEW.supernets <> '{}') EXECUTE FUNCTION pool_keep_blocks();
      CREATE OR REPLACE TRIGGER pool_keep_blocks_changed AFTER UPDATE OF supernets ON pool
        FOR EACH ROW WHEN (OLD.supernets <> NEW.supernets) EXECUTE FUNCTION pool_keep_blocks();
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
