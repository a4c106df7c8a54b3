import { MigrationInterface, QueryRunner } from 'typeorm';

/** What an owner may hold, and the look that a claim takes at it (docs/decisions/0017-quotas-are-counted.md). */
export class CreateQuotas1764100007000 implements MigrationInterface {
  name = 'CreateQuotas1764100007000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- a table with millions of rows takes longer than a statement may otherwise
      SET LOCAL statement_timeout = 0;

      CREATE TABLE IF NOT EXISTS quota (
        -- a name or a project; '*' is for everybody who has no row of his own
        owner text COLLATE "C" PRIMARY KEY,
        -- null is no limit
        addresses bigint CHECK (addresses >= 0),
        port_maps integer CHECK (port_maps >= 0),
        per_request integer CHECK (per_request >= 0),
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );

      -- what somebody holds; lists by owner
      CREATE INDEX IF NOT EXISTS reservation_owner ON reservation (owner, id);
      CREATE INDEX IF NOT EXISTS port_map_owner ON port_map (owner, id);

      -- Leases of an owner, counted to "most" and no further: two index look-ups a reservation, one row a lease. Never by
      -- a hash of whole tables, whatever the statistics say of an owner.
      CREATE OR REPLACE FUNCTION held_addresses(whose text, most bigint) RETURNS bigint LANGUAGE sql STABLE
      SET enable_hashjoin = off SET enable_mergejoin = off AS $$
        SELECT count(*) FROM (SELECT FROM reservation r JOIN lease l ON l.reservation_id = r.id
                              WHERE r.owner = whose LIMIT most) AS held
      $$;

      -- Those that are being removed count too: they hold their ports.
      CREATE OR REPLACE FUNCTION held_port_maps(whose text, most bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
        SELECT count(*) FROM (SELECT FROM port_map m WHERE m.owner = whose LIMIT most) AS held
      $$;

      -- The limits of those of some owners who have any, with what they hold (at most one more than the limit). The lock
      -- is taken in one statement and the count in another, so that the count sees what the lock's last holder committed:
      -- claims of one owner take turns, in all processes, and nobody else waits. In the order of the lock's number, so that
      -- two batches cannot deadlock.
      CREATE OR REPLACE FUNCTION quota_admission(owners text[])
      RETURNS TABLE (owner text, addresses bigint, "portMaps" integer, "perRequest" integer,
                     "heldAddresses" bigint, "heldPortMaps" bigint)
      LANGUAGE plpgsql AS $$
      #variable_conflict use_column
      DECLARE
        one record;
      BEGIN
        FOR one IN
          SELECT o.name, hashtextextended(o.name, 7236402) AS number, q.addresses, q.port_maps, q.per_request
          FROM (SELECT DISTINCT unnest(owners) AS name) AS o
          CROSS JOIN LATERAL (SELECT * FROM quota WHERE quota.owner IN (o.name, '*')
                              ORDER BY quota.owner = '*' LIMIT 1) AS q
          ORDER BY number
        LOOP
          owner := one.name;
          addresses := one.addresses;
          "portMaps" := one.port_maps;
          "perRequest" := one.per_request;
          "heldAddresses" := 0;
          "heldPortMaps" := 0;
          IF one.addresses IS NOT NULL OR one.port_maps IS NOT NULL THEN
            PERFORM pg_advisory_xact_lock(one.number);
            IF one.addresses IS NOT NULL THEN
              "heldAddresses" := held_addresses(one.name, one.addresses + 1);
            END IF;
            IF one.port_maps IS NOT NULL THEN
              "heldPortMaps" := held_port_maps(one.name, one.port_maps + 1::bigint);
            END IF;
          END IF;
          RETURN NEXT;
        END LOOP;
      END $$;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
