import { MigrationInterface, QueryRunner } from 'typeorm';

/** What the roll-up keeps of a subnet and of a pool alike. Numbers of addresses are numeric: IPv6 passes bigint. */
const FIGURES = `
  size numeric(40) NOT NULL DEFAULT 0,
  free numeric(40) NOT NULL DEFAULT 0,
  resting numeric(40) NOT NULL DEFAULT 0,
  excluded numeric(40) NOT NULL DEFAULT 0,
  held numeric(40) GENERATED ALWAYS AS (size - excluded - free - resting) STORED,
  -- share of what can be handed out that is not free, 0...1
  utilization double precision GENERATED ALWAYS AS (
    CASE WHEN size > excluded THEN ((size - excluded - free) / (size - excluded))::double precision ELSE 0 END
  ) STORED`;

/**
 * Capacity: figures that a loop measures and keeps, so that lists can show them and sort by them, while no allocation
 * updates a counter. Their rows come and go with pool and subnet, by triggers, so that every list has one row a resource.
 */
export class Capacity1764100006000 implements MigrationInterface {
  name = 'Capacity1764100006000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE pool ADD COLUMN IF NOT EXISTS thresholds smallint[] NOT NULL DEFAULT '{80,95}';
      COMMENT ON COLUMN pool.thresholds IS 'Utilization in percent at which an event tells that it was crossed';

      CREATE TABLE IF NOT EXISTS subnet_capacity (
        subnet_id resource_id PRIMARY KEY REFERENCES subnet ON DELETE CASCADE,
        ${FIGURES}
      );
      CREATE INDEX IF NOT EXISTS subnet_capacity_utilization ON subnet_capacity (utilization, subnet_id);
      CREATE INDEX IF NOT EXISTS subnet_capacity_free ON subnet_capacity (free, subnet_id);

      CREATE TABLE IF NOT EXISTS pool_capacity (
        pool_id resource_id PRIMARY KEY REFERENCES pool ON DELETE CASCADE,
        ${FIGURES},
        -- the thresholds that it is over; kept here, so that each crossing is told once, whatever process comes and goes
        crossed smallint[] NOT NULL DEFAULT '{}',
        -- addresses a day, by the trend of its samples; null: its history is too short to say
        rate double precision
      );
      CREATE INDEX IF NOT EXISTS pool_capacity_utilization ON pool_capacity (utilization, pool_id);
      CREATE INDEX IF NOT EXISTS pool_capacity_free ON pool_capacity (free, pool_id);

      -- The past of a pool or subnet, by the hour; an hour without a change has no row. No foreign key: the hourly
      -- cleaning removes what is left of deleted ones.
      CREATE TABLE IF NOT EXISTS capacity_sample (
        resource_id resource_id NOT NULL,
        at timestamptz NOT NULL,
        held numeric(40) NOT NULL,
        free numeric(40) NOT NULL,
        PRIMARY KEY (resource_id, at)
      );
      -- removal of the old
      CREATE INDEX IF NOT EXISTS capacity_sample_at ON capacity_sample (at);

      -- The row whose lock makes one process at a time measure.
      CREATE TABLE IF NOT EXISTS capacity_round (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        -- place in the stream of events up to which the figures know everything
        position bigint NOT NULL DEFAULT -1,
        measured_at timestamptz NOT NULL DEFAULT 'epoch',
        took_ms double precision NOT NULL DEFAULT 0,
        sampled_at timestamptz NOT NULL DEFAULT 'epoch'
      );
      INSERT INTO capacity_round DEFAULT VALUES ON CONFLICT DO NOTHING;
    `);

    await runner.query(`
      -- What somebody gets who asks now: free space, and what has rested long enough but was not swept yet.
      CREATE OR REPLACE VIEW open_interval AS
      SELECT f.space_id, f.first, f.last FROM free_interval f;

      -- What nobody holds, and nobody gets either yet.
      CREATE OR REPLACE VIEW resting_position AS
      SELECT DISTINCT r.space_id, r.position FROM resting_address r;
    `);

    // Where released addresses rest for their pool's quarantine, those belong to the pictures above.
    await runner.query(`
      DO $do$ BEGIN
        IF to_regclass('quarantine') IS NOT NULL THEN
          CREATE OR REPLACE VIEW open_interval AS
          SELECT f.space_id, f.first, f.last FROM free_interval f
          UNION ALL SELECT q.space_id, q.position, q.position FROM quarantine q WHERE q.until <= now();

          CREATE OR REPLACE VIEW resting_position AS
          SELECT r.space_id, r.position FROM resting_address r
          UNION SELECT q.space_id, q.position FROM quarantine q WHERE q.until > now();
        END IF;
      END $do$;
    `);

    await runner.query(`
      -- A new subnet is measured at once; it has 16 intervals at most.
      CREATE OR REPLACE FUNCTION subnet_capacity_begins() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO subnet_capacity (subnet_id, size, free, excluded)
        SELECT NEW.id, n.size, n.free, n.size - n.free
        FROM (SELECT address_position(NEW.last) - address_position(NEW.first) + 1 AS size,
                     (SELECT coalesce(sum(f.last - f.first + 1), 0) FROM free_interval f
                      WHERE f.space_id = NEW.space_id) AS free) AS n
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER subnet_capacity_begins AFTER INSERT ON subnet
        FOR EACH ROW EXECUTE FUNCTION subnet_capacity_begins();

      CREATE OR REPLACE FUNCTION pool_capacity_begins() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO pool_capacity (pool_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER pool_capacity_begins AFTER INSERT ON pool
        FOR EACH ROW EXECUTE FUNCTION pool_capacity_begins();

      -- after the triggers, so that none is missed between
      INSERT INTO subnet_capacity (subnet_id) SELECT id FROM subnet ON CONFLICT DO NOTHING;
      INSERT INTO pool_capacity (pool_id) SELECT id FROM pool ON CONFLICT DO NOTHING;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
