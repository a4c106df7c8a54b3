import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Space: a numbered line of positions (the addresses of a subnet, or the ports of a gateway for one protocol) of which
 * some are free. Free space is indexed as intervals and never recomputed from what is used, so that a /30, a /8 and an
 * IPv6 /64 cost the same to create, to take from and to give back.
 *
 * A space is cut into at most 16 chunks. A chunk's row is the lock of everything inside it: whoever changes intervals
 * of a chunk holds it. Locks are taken in the order (space, chunk), so writers cannot deadlock; a taker in a hurry skips
 * locked chunks and never waits.
 */
export class CreateSpace1764000000000 implements MigrationInterface {
  name = 'CreateSpace1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE space (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
      );
      COMMENT ON TABLE space IS 'A numbered line of positions that can be taken: a subnet''s addresses or a gateway''s ports';

      CREATE TABLE space_chunk (
        space_id bigint NOT NULL REFERENCES space ON DELETE CASCADE,
        first numeric(39) NOT NULL,
        last numeric(39) NOT NULL,
        PRIMARY KEY (space_id, last),
        CONSTRAINT space_chunk_order CHECK (first <= last)
      );
      COMMENT ON TABLE space_chunk IS 'The lock of the free intervals between first and last';

      -- Keyed by the END of an interval: lowest-first taking moves only "first", which no index holds, so the update is
      -- heap-only and the head of the index does not fill with dead entries. The free half of each page is for that.
      CREATE TABLE free_interval (
        space_id bigint NOT NULL REFERENCES space ON DELETE CASCADE,
        first numeric(39) NOT NULL,
        last numeric(39) NOT NULL,
        PRIMARY KEY (space_id, last),
        CONSTRAINT free_interval_order CHECK (first <= last)
      ) WITH (fillfactor = 50);
    `);

    await runner.query(`
      -- Adds the positions first...last, all free, to a space. At most 16 chunks, each of at least 8 positions: the cost
      -- does not depend on the size.
      CREATE FUNCTION space_add(p_space bigint, p_first numeric, p_last numeric) RETURNS void
      LANGUAGE plpgsql AS $$
      DECLARE
        v_size numeric := p_last - p_first + 1;
        v_chunks numeric := least(16, greatest(1, div(v_size, 8)));
        v_width numeric := div(v_size + v_chunks - 1, v_chunks);
      BEGIN
        WITH chunk AS (
          INSERT INTO space_chunk (space_id, first, last)
          SELECT p_space, p_first + i * v_width, least(p_last, p_first + (i + 1) * v_width - 1)
          FROM generate_series(0, 15) AS i
          WHERE p_first + i * v_width <= p_last
          RETURNING first, last
        )
        INSERT INTO free_interval (space_id, first, last) SELECT p_space, first, last FROM chunk;
      END $$;

      -- Takes up to p_count positions, lowest first, and returns them as intervals.
      -- p_wait false: chunks that others hold are passed over and nothing ever waits; fewer than asked for means only
      -- "not at once". p_wait true: all chunks are locked first, in order; fewer than asked for means exhausted.
      -- Each chunk is locked by one statement and read by a later one, which under READ COMMITTED sees what the holder
      -- before us committed. One chunk at a time is locked (LIMIT 1): a cursor would lock those it reads ahead.
      CREATE FUNCTION space_take(p_space bigint, p_count bigint, p_wait boolean)
      RETURNS TABLE (first numeric, last numeric)
      LANGUAGE plpgsql AS $$
      DECLARE
        v_need numeric := p_count;
        v_after numeric := -1;
        v_chunk_first numeric;
        v_chunk_last numeric;
        v_interval record;
        v_part numeric;
      BEGIN
        IF p_wait THEN
          PERFORM 1 FROM space_chunk c WHERE c.space_id = p_space ORDER BY c.last FOR UPDATE;
        END IF;
        WHILE v_need > 0 LOOP
          SELECT c.first, c.last INTO v_chunk_first, v_chunk_last
          FROM space_chunk c
          WHERE c.space_id = p_space AND c.last > v_after
            AND EXISTS (SELECT FROM free_interval f
                        WHERE f.space_id = p_space AND f.last >= c.first AND f.last <= c.last)
          ORDER BY c.last LIMIT 1 FOR UPDATE OF c SKIP LOCKED;
          EXIT WHEN NOT FOUND;
          v_after := v_chunk_last;
          FOR v_interval IN
            SELECT f.first AS head, f.last AS tail FROM free_interval f
            WHERE f.space_id = p_space AND f.last >= v_chunk_first AND f.last <= v_chunk_last
            ORDER BY f.last
          LOOP
            v_part := least(v_need, v_interval.tail - v_interval.head + 1);
            IF v_interval.head + v_part > v_interval.tail THEN
              DELETE FROM free_interval f WHERE f.space_id = p_space AND f.last = v_interval.tail;
            ELSE
              UPDATE free_interval f SET first = v_interval.head + v_part
              WHERE f.space_id = p_space AND f.last = v_interval.tail;
            END IF;
            first := v_interval.head;
            last := v_interval.head + v_part - 1;
            RETURN NEXT;
            v_need := v_need - v_part;
            EXIT WHEN v_need = 0;
          END LOOP;
        END LOOP;
      END $$;

      -- Takes exactly the positions asked for, each a point lookup, and returns those that it got. Waits for the chunks
      -- that it needs, in order. A position outside the space is simply not got.
      CREATE FUNCTION space_take_exact(p_space bigint, p_positions numeric[]) RETURNS SETOF numeric
      LANGUAGE plpgsql AS $$
      DECLARE
        v_position numeric;
        v_first numeric;
        v_last numeric;
      BEGIN
        PERFORM 1 FROM space_chunk c
        WHERE c.space_id = p_space AND EXISTS (SELECT FROM unnest(p_positions) p WHERE p BETWEEN c.first AND c.last)
        ORDER BY c.last FOR UPDATE;
        FOR v_position IN SELECT DISTINCT p FROM unnest(p_positions) p ORDER BY p LOOP
          SELECT f.first, f.last INTO v_first, v_last FROM free_interval f
          WHERE f.space_id = p_space AND f.last >= v_position ORDER BY f.last LIMIT 1;
          CONTINUE WHEN NOT FOUND OR v_first > v_position;
          IF v_last = v_position THEN
            IF v_first = v_position THEN
              DELETE FROM free_interval f WHERE f.space_id = p_space AND f.last = v_last;
            ELSE
              UPDATE free_interval f SET last = v_position - 1 WHERE f.space_id = p_space AND f.last = v_last;
            END IF;
          ELSE
            UPDATE free_interval f SET first = v_position + 1 WHERE f.space_id = p_space AND f.last = v_last;
            IF v_first < v_position THEN
              INSERT INTO free_interval (space_id, first, last) VALUES (p_space, v_first, v_position - 1);
            END IF;
          END IF;
          RETURN NEXT v_position;
        END LOOP;
      END $$;

      -- Gives positions back, joining them with their free neighbours of the same chunk (never across chunks: that
      -- keeps the locks apart). Waits for the chunks, in order. A position outside the space is dropped (its range was
      -- taken away meanwhile); one that is free already is an error, since somebody would get it twice.
      CREATE FUNCTION space_give(p_space bigint, p_positions numeric[]) RETURNS void
      LANGUAGE plpgsql AS $$
      DECLARE
        v_position numeric;
        v_chunk_first numeric;
        v_chunk_last numeric;
        v_right_first numeric;
        v_right_last numeric;
        v_left_first numeric;
      BEGIN
        PERFORM 1 FROM space_chunk c
        WHERE c.space_id = p_space AND EXISTS (SELECT FROM unnest(p_positions) p WHERE p BETWEEN c.first AND c.last)
        ORDER BY c.last FOR UPDATE;
        FOR v_position, v_chunk_first, v_chunk_last IN
          SELECT p, c.first, c.last FROM unnest(p_positions) p
          JOIN space_chunk c ON c.space_id = p_space AND p BETWEEN c.first AND c.last ORDER BY p
        LOOP
          SELECT f.first, f.last INTO v_right_first, v_right_last FROM free_interval f
          WHERE f.space_id = p_space AND f.last >= v_position AND f.last <= v_chunk_last ORDER BY f.last LIMIT 1;
          IF v_right_first <= v_position THEN
            RAISE EXCEPTION 'position % of space % is free already', v_position, p_space;
          END IF;
          SELECT f.first INTO v_left_first FROM free_interval f
          WHERE f.space_id = p_space AND f.last = v_position - 1 AND f.last >= v_chunk_first;
          IF v_right_first = v_position + 1 THEN
            IF v_left_first IS NOT NULL THEN
              DELETE FROM free_interval f WHERE f.space_id = p_space AND f.last = v_position - 1;
            END IF;
            UPDATE free_interval f SET first = coalesce(v_left_first, v_position)
            WHERE f.space_id = p_space AND f.last = v_right_last;
          ELSIF v_left_first IS NOT NULL THEN
            UPDATE free_interval f SET last = v_position WHERE f.space_id = p_space AND f.last = v_position - 1;
          ELSE
            INSERT INTO free_interval (space_id, first, last) VALUES (p_space, v_position, v_position);
          END IF;
        END LOOP;
      END $$;

      -- Takes the positions first...last out of a space for good. False, and nothing changed, when one is not free.
      CREATE FUNCTION space_remove(p_space bigint, p_first numeric, p_last numeric) RETURNS boolean
      LANGUAGE plpgsql AS $$
      DECLARE
        v_free numeric;
        v_all numeric;
      BEGIN
        PERFORM 1 FROM space_chunk c
        WHERE c.space_id = p_space AND c.last >= p_first AND c.first <= p_last ORDER BY c.last FOR UPDATE;
        SELECT coalesce(sum(least(c.last, p_last) - greatest(c.first, p_first) + 1), 0) INTO v_all
        FROM space_chunk c WHERE c.space_id = p_space AND c.last >= p_first AND c.first <= p_last;
        SELECT coalesce(sum(least(f.last, p_last) - greatest(f.first, p_first) + 1), 0) INTO v_free
        FROM free_interval f WHERE f.space_id = p_space AND f.last >= p_first AND f.first <= p_last;
        IF v_free <> v_all THEN
          RETURN false;
        END IF;
        WITH cut AS (
          DELETE FROM free_interval f
          WHERE f.space_id = p_space AND f.last >= p_first AND f.first <= p_last RETURNING f.first, f.last
        )
        INSERT INTO free_interval (space_id, first, last)
        SELECT p_space, cut.first, p_first - 1 FROM cut WHERE cut.first < p_first
        UNION ALL SELECT p_space, p_last + 1, cut.last FROM cut WHERE cut.last > p_last;
        -- A chunk that loses an end is changed in place, so that whoever waits for its row wakes holding it.
        DELETE FROM space_chunk c WHERE c.space_id = p_space AND c.first >= p_first AND c.last <= p_last;
        INSERT INTO space_chunk (space_id, first, last)
        SELECT p_space, c.first, p_first - 1 FROM space_chunk c
        WHERE c.space_id = p_space AND c.first < p_first AND c.last > p_last;
        UPDATE space_chunk c SET first = p_last + 1
        WHERE c.space_id = p_space AND c.first <= p_last AND c.last > p_last;
        UPDATE space_chunk c SET last = p_first - 1
        WHERE c.space_id = p_space AND c.first < p_first AND c.last >= p_first;
        RETURN true;
      END $$;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
