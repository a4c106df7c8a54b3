import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is given back together mostly lies together: each run of positions is joined with its neighbours once. */
export class GiveByRuns1764200001000 implements MigrationInterface {
  name = 'GiveByRuns1764200001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Positions as runs without a hole, cut at the edges of chunks. A position outside the space is in none; one that comes
      -- twice is in two runs. Reads the rest of the space's chunks for each run: 16 at most, or as many as resizing made.
      CREATE OR REPLACE FUNCTION space_runs(p_space bigint, p_positions numeric[])
      RETURNS TABLE (first numeric, last numeric, low numeric, high numeric) LANGUAGE sql STABLE AS $$
        SELECT greatest(r.first, c.first), least(r.last, c.last), c.first, c.last
        FROM (SELECT min(s.p) AS first, max(s.p) AS last
              FROM (SELECT p, p - row_number() OVER (ORDER BY p) AS run FROM unnest(p_positions) AS p) AS s
              GROUP BY s.run) AS r
        JOIN space_chunk c ON c.space_id = p_space AND c.last >= r.first AND c.first <= r.last
      $$;

      -- As before: gives positions back, joining them with their free neighbours of the same chunk, under the chunks' locks,
      -- waited for in order. One that is free already is an error. A run costs what a single position did.
      CREATE OR REPLACE FUNCTION space_give(p_space bigint, p_positions numeric[]) RETURNS void
      LANGUAGE plpgsql AS $$
      DECLARE
        v_run record;
        v_right_first numeric;
        v_right_last numeric;
        v_left_first numeric;
      BEGIN
        PERFORM 1 FROM space_chunk c
        WHERE c.space_id = p_space AND c.last = ANY (ARRAY(SELECT r.high FROM space_runs(p_space, p_positions) AS r))
        ORDER BY c.last FOR UPDATE;
        -- again, and only now: a chunk may have been cut while we waited for it
        FOR v_run IN SELECT r.* FROM space_runs(p_space, p_positions) AS r ORDER BY r.first LOOP
          SELECT f.first, f.last INTO v_right_first, v_right_last FROM free_interval f
          WHERE f.space_id = p_space AND f.last >= v_run.first AND f.last <= v_run.high ORDER BY f.last LIMIT 1;
          IF v_right_first <= v_run.last THEN
            RAISE EXCEPTION 'position % of space % is free already', greatest(v_run.first, v_right_first), p_space;
          END IF;
          SELECT f.first INTO v_left_first FROM free_interval f
          WHERE f.space_id = p_space AND f.last = v_run.first - 1 AND f.last >= v_run.low;
          IF v_right_first = v_run.last + 1 THEN
            IF v_left_first IS NOT NULL THEN
              DELETE FROM free_interval f WHERE f.space_id = p_space AND f.last = v_run.first - 1;
            END IF;
            UPDATE free_interval f SET first = coalesce(v_left_first, v_run.first)
            WHERE f.space_id = p_space AND f.last = v_right_last;
          ELSIF v_left_first IS NOT NULL THEN
            UPDATE free_interval f SET last = v_run.last WHERE f.space_id = p_space AND f.last = v_run.first - 1;
          ELSE
            INSERT INTO free_interval (space_id, first, last) VALUES (p_space, v_run.first, v_run.last);
          END IF;
        END LOOP;
      END $$;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
