import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How a pool gives addresses, and addresses that rest after their release. A resting position is in `quarantine` and
 * nowhere else; the lock of its row is the row of its chunk, as for free intervals, so everything said about locks in
 * CreateSpace holds here too.
 *
 * Processes of the version before know nothing of quarantine: what they release is free at once, what rests they never
 * give. Only space_remove, which both call, is replaced.
 */
export class PoliciesAndQuarantine1764100002000 implements MigrationInterface {
  name = 'PoliciesAndQuarantine1764100002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE pool
        ADD COLUMN IF NOT EXISTS policy text NOT NULL DEFAULT 'first'
          CONSTRAINT pool_policy CHECK (policy IN ('first', 'random', 'least-recently-released')),
        ADD COLUMN IF NOT EXISTS quarantine integer NOT NULL DEFAULT 0
          CONSTRAINT pool_quarantine CHECK (quarantine BETWEEN 0 AND 31536000),
        ADD COLUMN IF NOT EXISTS reuse_early boolean NOT NULL DEFAULT false;
      COMMENT ON COLUMN pool.quarantine IS 'Seconds that a released address rests; counts for releases from now on';

      -- who released it: its quarantine begins when the last map to it is gone. Empty: released by the version before
      ALTER TABLE resting_address ADD COLUMN IF NOT EXISTS owner text NOT NULL DEFAULT '';

      CREATE TABLE IF NOT EXISTS quarantine (
        space_id bigint NOT NULL REFERENCES space ON DELETE CASCADE,
        position numeric(39) NOT NULL,
        released_at timestamptz NOT NULL,
        until timestamptz NOT NULL,
        -- who may have it back before "until"
        owner text NOT NULL,
        PRIMARY KEY (space_id, position)
      );
      COMMENT ON TABLE quarantine IS 'Released positions that are not free yet, or wait for their turn (least recently released)';
      -- the oldest of a space, and the spaces that have any
      CREATE INDEX IF NOT EXISTS quarantine_until ON quarantine (space_id, until, position);
    `);

    await runner.query(`
      -- A number from 0 to below p_below that nobody can foresee: 180 bits of the server's strong generator (a version 4
      -- UUID has 122, at known places), which is even for every range up to all of IPv6.
      CREATE OR REPLACE FUNCTION space_random(p_below numeric) RETURNS numeric LANGUAGE plpgsql VOLATILE AS $$
      DECLARE
        v_one text := replace(gen_random_uuid()::text, '-', '');
        v_two text := replace(gen_random_uuid()::text, '-', '');
        v_base numeric := 1152921504606846976; -- 2 ^ 60
        v_bits numeric := ('x' || substr(v_one, 1, 12) || substr(v_one, 14, 3))::bit(60)::bigint;
      BEGIN
        v_bits := v_bits * v_base + ('x' || substr(v_one, 18, 15))::bit(60)::bigint;
        v_bits := v_bits * v_base + ('x' || substr(v_two, 18, 15))::bit(60)::bigint;
        RETURN div(p_below * v_bits, v_base * v_base * v_base);
      END $$;

      -- Cuts p_first...p_last out of the free interval p_head...p_tail that has them all. Its chunk must be locked.
      CREATE OR REPLACE FUNCTION space_cut(
        p_space bigint, p_head numeric, p_tail numeric, p_first numeric, p_last numeric
      ) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        IF p_last < p_tail THEN
          UPDATE free_interval f SET first = p_last + 1 WHERE f.space_id = p_space AND f.last = p_tail;
          IF p_head < p_first THEN
            INSERT INTO free_interval (space_id, first, last) VALUES (p_space, p_head, p_first - 1);
          END IF;
        ELSIF p_head < p_first THEN
          UPDATE free_interval f SET last = p_first - 1 WHERE f.space_id = p_space AND f.last = p_tail;
        ELSE
          DELETE FROM free_interval f WHERE f.space_id = p_space AND f.last = p_tail;
        END IF;
      END $$;

      -- Takes up to p_count single positions at random and returns them in the order of the draw. A draw is a position of
      -- the whole space; when it is held, another is drawn: so every free one is as likely as any other. After 16 draws
      -- in vain (at 90 % full, one time in five) the drawn place in a chunk that has something free decides: a free
      -- interval behind a long held stretch is likelier then, but nobody can tell which it will be. Each draw is a few
      -- index look-ups, whatever the size and the fill.
      -- p_wait false: chunks that others hold are passed over. p_wait true: all are locked first.
      CREATE OR REPLACE FUNCTION space_take_random(p_space bigint, p_count bigint, p_wait boolean)
      RETURNS TABLE (first numeric, last numeric)
      LANGUAGE plpgsql AS $$
      DECLARE
        v_firsts numeric[];
        v_lasts numeric[];
        v_total numeric;
        v_place numeric;
        v_chunk_first numeric;
        v_chunk_last numeric;
        v_head numeric;
        v_tail numeric;
        v_found boolean;
      BEGIN
        IF p_wait THEN
          PERFORM 1 FROM space_chunk c WHERE c.space_id = p_space ORDER BY c.last FOR UPDATE;
        END IF;
        SELECT array_agg(c.first ORDER BY c.last), array_agg(c.last ORDER BY c.last), sum(c.last - c.first + 1)
        INTO v_firsts, v_lasts, v_total FROM space_chunk c WHERE c.space_id = p_space;
        IF v_total IS NULL THEN
          RETURN;
        END IF;
        FOR v_nth IN 1..p_count LOOP
          v_found := false;
          FOR v_draw IN 1..16 LOOP
            v_place := space_random(v_total);
            FOR i IN 1..cardinality(v_firsts) LOOP
              v_chunk_last := v_lasts[i];
              IF v_place <= v_lasts[i] - v_firsts[i] THEN
                v_place := v_firsts[i] + v_place;
                EXIT;
              END IF;
              v_place := v_place - (v_lasts[i] - v_firsts[i] + 1);
            END LOOP;
            -- A look first, the lock only where it seems worth it, and then the look that counts.
            CONTINUE WHEN v_place < (SELECT f.first FROM free_interval f
                                     WHERE f.space_id = p_space AND f.last >= v_place ORDER BY f.last LIMIT 1) IS NOT FALSE;
            -- The chunk may have lost its beginning since we looked: what we hold is what the locked row says.
            SELECT c.first INTO v_chunk_first FROM space_chunk c
            WHERE c.space_id = p_space AND c.last = v_chunk_last FOR UPDATE SKIP LOCKED;
            CONTINUE WHEN NOT FOUND OR v_place < v_chunk_first;
            SELECT f.first, f.last INTO v_head, v_tail FROM free_interval f
            WHERE f.space_id = p_space AND f.last >= v_place ORDER BY f.last LIMIT 1;
            v_found := FOUND AND v_head <= v_place;
            EXIT WHEN v_found;
          END LOOP;
          IF NOT v_found THEN
            SELECT c.first, c.last INTO v_chunk_first, v_chunk_last FROM space_chunk c
            WHERE c.space_id = p_space
              AND EXISTS (SELECT FROM free_interval f
                          WHERE f.space_id = p_space AND f.last >= c.first AND f.last <= c.last)
            ORDER BY random() LIMIT 1 FOR UPDATE OF c SKIP LOCKED;
            EXIT WHEN NOT FOUND;
            v_place := v_chunk_first + space_random(v_chunk_last - v_chunk_first + 1);
            SELECT f.first, f.last INTO v_head, v_tail FROM free_interval f
            WHERE f.space_id = p_space AND f.last >= v_place AND f.last <= v_chunk_last ORDER BY f.last LIMIT 1;
            IF NOT FOUND THEN
              SELECT f.first, f.last INTO v_head, v_tail FROM free_interval f
              WHERE f.space_id = p_space AND f.last >= v_chunk_first AND f.last <= v_chunk_last ORDER BY f.last LIMIT 1;
              -- Somebody took the last one before we had the lock.
              EXIT WHEN NOT FOUND;
            END IF;
            v_place := v_head + space_random(v_tail - v_head + 1);
          END IF;
          PERFORM space_cut(p_space, v_head, v_tail, v_place, v_place);
          first := v_place;
          last := v_place;
          RETURN NEXT;
        END LOOP;
      END $$;
    `);

    await runner.query(`
      -- Takes what it can have of exactly these positions, each a point lookup; p_owners says who asks for each. A resting
      -- position goes to its last owner, and after its time to anybody. Returns those that it took, and those that rest
      -- (taken: false), with their rest; what is missing in the answer is held. Waits for the chunks, in order.
      CREATE OR REPLACE FUNCTION space_take_these(p_space bigint, p_positions numeric[], p_owners text[])
      RETURNS TABLE (place numeric, taken boolean, due boolean, owner text, released_at timestamptz, until timestamptz)
      LANGUAGE plpgsql AS $$
      DECLARE
        v_owners text[];
        v_got numeric[];
      BEGIN
        PERFORM 1 FROM space_chunk c
        WHERE c.space_id = p_space AND EXISTS (SELECT FROM unnest(p_positions) p WHERE p BETWEEN c.first AND c.last)
        ORDER BY c.last FOR UPDATE;
        -- Those that are free, all in one statement: each interval goes, and what is left of it between them comes. The
        -- pieces are put after all was cut (the count), since the last one of an interval has the same key.
        WITH hit AS (
          SELECT a.p, f.first, f.last
          FROM (SELECT DISTINCT p FROM unnest(p_positions) AS p) AS a
          CROSS JOIN LATERAL (SELECT i.first, i.last FROM free_interval i
                              WHERE i.space_id = p_space AND i.last >= a.p ORDER BY i.last LIMIT 1) AS f
          WHERE f.first <= a.p
        ), piece AS (
          SELECT coalesce(lag(h.p) OVER (PARTITION BY h.last ORDER BY h.p) + 1, h.first) AS first, h.p - 1 AS last
          FROM hit h
          UNION ALL
          SELECT max(h.p) + 1, h.last FROM hit h GROUP BY h.last
        ), cut AS (
          DELETE FROM free_interval i
          WHERE i.space_id = p_space AND i.last = ANY (ARRAY(SELECT DISTINCT h.last FROM hit h)) RETURNING i.last
        ), put AS (
          INSERT INTO free_interval (space_id, first, last)
          SELECT p_space, n.first, n.last FROM piece n WHERE n.first <= n.last AND (SELECT count(*) FROM cut) > 0
        )
        SELECT coalesce(array_agg(h.p), '{}') INTO v_got FROM hit h;
        RETURN QUERY SELECT p, true, true, NULL::text, NULL::timestamptz, NULL::timestamptz FROM unnest(v_got) AS p;
        IF cardinality(v_got) = cardinality(p_positions) THEN
          RETURN;
        END IF;
        FOR place, v_owners IN
          SELECT a.p, array_agg(a.o) FROM unnest(p_positions, p_owners) AS a (p, o)
          WHERE NOT a.p = ANY (v_got) GROUP BY a.p ORDER BY a.p
        LOOP
          SELECT q.owner, q.released_at, q.until, q.until <= clock_timestamp() INTO owner, released_at, until, due
          FROM quarantine q WHERE q.space_id = p_space AND q.position = place;
          CONTINUE WHEN NOT FOUND;
          taken := due OR owner = ANY (v_owners);
          IF taken THEN
            DELETE FROM quarantine q WHERE q.space_id = p_space AND q.position = place;
          END IF;
          RETURN NEXT;
        END LOOP;
      END $$;

      -- Takes up to p_count positions: what is free, lowest first, then what has rested, oldest first; with p_early also
      -- what still rests, after all else. Rests of what was resting come with it, so that it can be put back as it was.
      -- The order is that of the whole space, so all its chunks are needed. p_wait false: nothing is taken when another
      -- holds one of them.
      CREATE OR REPLACE FUNCTION space_take_rested(p_space bigint, p_count bigint, p_early boolean, p_wait boolean)
      RETURNS TABLE (first numeric, last numeric, owner text, released_at timestamptz, until timestamptz)
      LANGUAGE plpgsql AS $$
      DECLARE
        v_need numeric := p_count;
        v_locked bigint;
        v_until timestamptz;
      BEGIN
        IF p_wait THEN
          PERFORM 1 FROM space_chunk c WHERE c.space_id = p_space ORDER BY c.last FOR UPDATE;
        ELSE
          PERFORM 1 FROM space_chunk c WHERE c.space_id = p_space ORDER BY c.last FOR UPDATE SKIP LOCKED;
          GET DIAGNOSTICS v_locked = ROW_COUNT;
          IF v_locked < (SELECT count(*) FROM space_chunk c WHERE c.space_id = p_space) THEN
            RETURN;
          END IF;
        END IF;
        FOR first, last IN SELECT t.first, t.last FROM space_take(p_space, p_count, true) t LOOP
          v_need := v_need - (last - first + 1);
          RETURN NEXT;
        END LOOP;
        v_until := CASE WHEN p_early THEN 'infinity' ELSE clock_timestamp() END;
        FOR first, owner, released_at, until IN
          WITH woken AS (
            DELETE FROM quarantine q
            WHERE q.space_id = p_space AND q.position IN (
              SELECT r.position FROM quarantine r
              WHERE r.space_id = p_space AND r.until <= v_until ORDER BY r.until, r.position LIMIT v_need)
            RETURNING q.position, q.owner, q.released_at, q.until
          )
          SELECT w.position, w.owner, w.released_at, w.until FROM woken w ORDER BY w.until, w.position
        LOOP
          last := first;
          RETURN NEXT;
        END LOOP;
      END $$;

      -- Takes p_count positions in a row, the first of them a multiple of p_align, and returns them in pieces, or takes
      -- none. Best fit: of the stretches of free space where they fit the shortest, of these the lowest, so that long
      -- stretches stay long. Intervals are joined inside a chunk only; here they are joined across chunks, in one scan of
      -- the space: O(intervals), which only blocks pay. p_due: what has rested counts as free; p_early: all that rests.
      -- p_wait false: only chunks that nobody holds are looked at.
      CREATE OR REPLACE FUNCTION space_take_block(
        p_space bigint, p_count bigint, p_align bigint, p_due boolean, p_early boolean, p_wait boolean
      ) RETURNS TABLE (first numeric, last numeric, owner text, released_at timestamptz, until timestamptz)
      LANGUAGE plpgsql AS $$
      DECLARE
        v_firsts numeric[];
        v_lasts numeric[];
        v_until timestamptz;
        v_start numeric;
        v_end numeric;
        v_interval record;
      BEGIN
        IF p_wait THEN
          PERFORM 1 FROM space_chunk c WHERE c.space_id = p_space ORDER BY c.last FOR UPDATE;
        END IF;
        SELECT array_agg(k.first ORDER BY k.last), array_agg(k.last ORDER BY k.last) INTO v_firsts, v_lasts
        FROM (SELECT c.first, c.last FROM space_chunk c WHERE c.space_id = p_space ORDER BY c.last
              FOR UPDATE SKIP LOCKED) AS k;
        v_until := CASE WHEN p_early THEN 'infinity' WHEN p_due THEN clock_timestamp() ELSE '-infinity' END;
        WITH chunk AS (
          SELECT c.first, c.last FROM unnest(v_firsts, v_lasts) AS c (first, last)
        ), open AS (
          SELECT f.first, f.last FROM chunk c
          JOIN free_interval f ON f.space_id = p_space AND f.last >= c.first AND f.last <= c.last
          -- free ones touch each other at the ends of chunks only: what is too short elsewhere need not be looked at
          WHERE p_due OR f.last - f.first >= p_count - 1 OR f.first = c.first OR f.last = c.last
          UNION ALL
          SELECT q.position, q.position FROM chunk c
          JOIN quarantine q ON q.space_id = p_space AND q.position >= c.first AND q.position <= c.last
          WHERE q.until <= v_until
        ), marked AS (
          SELECT o.first, o.last, lag(o.last) OVER (ORDER BY o.last) IS DISTINCT FROM o.first - 1 AS begins FROM open o
        ), numbered AS (
          SELECT m.first, m.last, count(*) FILTER (WHERE m.begins) OVER (ORDER BY m.last) AS stretch FROM marked m
        ), stretch AS (
          SELECT min(n.first) AS first, max(n.last) AS last FROM numbered n GROUP BY n.stretch
        )
        SELECT a.first INTO v_start FROM stretch s
        CROSS JOIN LATERAL (SELECT div(s.first + p_align - 1, p_align) * p_align AS first) AS a
        WHERE a.first + p_count - 1 <= s.last
        ORDER BY s.last - s.first, s.first LIMIT 1;
        IF NOT FOUND THEN
          RETURN;
        END IF;
        v_end := v_start + p_count - 1;
        FOR v_interval IN
          SELECT f.first AS head, f.last AS tail FROM free_interval f
          WHERE f.space_id = p_space AND f.last >= v_start ORDER BY f.last
        LOOP
          EXIT WHEN v_interval.head > v_end;
          first := greatest(v_start, v_interval.head);
          last := least(v_end, v_interval.tail);
          PERFORM space_cut(p_space, v_interval.head, v_interval.tail, first, last);
          RETURN NEXT;
        END LOOP;
        FOR first, owner, released_at, until IN
          DELETE FROM quarantine q WHERE q.space_id = p_space AND q.position >= v_start AND q.position <= v_end
          RETURNING q.position, q.owner, q.released_at, q.until
        LOOP
          last := first;
          RETURN NEXT;
        END LOOP;
      END $$;
    `);

    await runner.query(`
      -- Lays positions to rest instead of giving them back. Waits for the chunks, in order. A position outside the space
      -- is dropped (its range was taken away meanwhile); one that is free, or rests already, is an error.
      CREATE OR REPLACE FUNCTION space_rest(
        p_space bigint, p_positions numeric[], p_owners text[], p_released timestamptz[], p_until timestamptz[]
      ) RETURNS void LANGUAGE plpgsql AS $$
      DECLARE
        v_free numeric;
      BEGIN
        PERFORM 1 FROM space_chunk c
        WHERE c.space_id = p_space AND EXISTS (SELECT FROM unnest(p_positions) p WHERE p BETWEEN c.first AND c.last)
        ORDER BY c.last FOR UPDATE;
        SELECT p INTO v_free FROM unnest(p_positions) p
        CROSS JOIN LATERAL (SELECT f.first FROM free_interval f
                            WHERE f.space_id = p_space AND f.last >= p ORDER BY f.last LIMIT 1) AS f
        WHERE f.first <= p LIMIT 1;
        IF FOUND THEN
          RAISE EXCEPTION 'position % of space % is free already', v_free, p_space;
        END IF;
        INSERT INTO quarantine (space_id, position, owner, released_at, until)
        SELECT p_space, r.position, r.owner, r.released_at, r.until
        FROM unnest(p_positions, p_owners, p_released, p_until) AS r (position, owner, released_at, until)
        WHERE EXISTS (SELECT FROM space_chunk c WHERE c.space_id = p_space AND r.position BETWEEN c.first AND c.last);
      END $$;

      -- Makes up to p_limit positions that have rested free, oldest first, and returns how many. Chunks that others hold
      -- are left for the next time, so any number of sweepers may run and none stands in a taker's way.
      CREATE OR REPLACE FUNCTION space_wake(p_space bigint, p_limit bigint) RETURNS integer
      LANGUAGE plpgsql AS $$
      DECLARE
        v_firsts numeric[];
        v_lasts numeric[];
        v_positions numeric[];
        v_now timestamptz := clock_timestamp();
      BEGIN
        SELECT array_agg(k.first), array_agg(k.last) INTO v_firsts, v_lasts
        FROM (SELECT c.first, c.last FROM space_chunk c
              WHERE c.space_id = p_space
                AND EXISTS (SELECT FROM quarantine q WHERE q.space_id = p_space AND q.until <= v_now
                              AND q.position >= c.first AND q.position <= c.last)
              ORDER BY c.last FOR UPDATE OF c SKIP LOCKED) AS k;
        WITH woken AS (
          DELETE FROM quarantine q
          WHERE q.space_id = p_space AND q.position IN (
            SELECT r.position FROM quarantine r
            JOIN unnest(v_firsts, v_lasts) AS c (first, last) ON r.position >= c.first AND r.position <= c.last
            WHERE r.space_id = p_space AND r.until <= v_now ORDER BY r.until, r.position LIMIT p_limit)
          RETURNING q.position
        )
        SELECT array_agg(w.position) INTO v_positions FROM woken w;
        PERFORM space_give(p_space, v_positions);
        RETURN coalesce(cardinality(v_positions), 0);
      END $$;

      -- As before, and what rests goes with what is free: nobody holds it.
      CREATE OR REPLACE FUNCTION space_remove(p_space bigint, p_first numeric, p_last numeric) RETURNS boolean
      LANGUAGE plpgsql AS $$
      DECLARE
        v_free numeric;
        v_resting numeric;
        v_all numeric;
      BEGIN
        PERFORM 1 FROM space_chunk c
        WHERE c.space_id = p_space AND c.last >= p_first AND c.first <= p_last ORDER BY c.last FOR UPDATE;
        SELECT coalesce(sum(least(c.last, p_last) - greatest(c.first, p_first) + 1), 0) INTO v_all
        FROM space_chunk c WHERE c.space_id = p_space AND c.last >= p_first AND c.first <= p_last;
        SELECT coalesce(sum(least(f.last, p_last) - greatest(f.first, p_first) + 1), 0) INTO v_free
        FROM free_interval f WHERE f.space_id = p_space AND f.last >= p_first AND f.first <= p_last;
        SELECT count(*) INTO v_resting
        FROM quarantine q WHERE q.space_id = p_space AND q.position >= p_first AND q.position <= p_last;
        IF v_free + v_resting <> v_all THEN
          RETURN false;
        END IF;
        DELETE FROM quarantine q WHERE q.space_id = p_space AND q.position >= p_first AND q.position <= p_last;
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
