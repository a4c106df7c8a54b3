import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The foreign keys that a claim or a release still paid for by the row are kept by the statement (decision 26): each was a
 * query for every reservation or lease. The promises are the same, with the same error codes and names of constraints.
 *
 * - reservation -> subnet: who claims holds a chunk of the subnet's space, and who deletes the subnet has locked them all,
 *   so a reservation cannot come to a subnet that goes. Its leases, without which none is inserted, are checked;
 * - component -> reservation and port_map -> lease: the row that points locks what it points to (FOR KEY SHARE), as the key
 *   did, so it waits for who deletes that, and the other way round; whoever is second finds what the first did.
 */
export class ChecksByStatement1764200000000 implements MigrationInterface {
  name = 'ChecksByStatement1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Its subnet and its reservation must be there, and the address in the subnet: a look a reservation and one a subnet, not
      -- one a lease. Scalar look-ups, since a join's plan is kept, and would read a whole table if that was small at first.
      CREATE OR REPLACE FUNCTION lease_within_subnet() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        v_within boolean;
      BEGIN
        SELECT o.within INTO v_within
        FROM (SELECT h.subnet_id, min(h.low) AS low, max(h.high) AS high,
                     bool_and((SELECT r.subnet_id FROM reservation r WHERE r.id = h.reservation_id)
                              IS NOT DISTINCT FROM h.subnet_id) AS held
              FROM (SELECT a.reservation_id, a.subnet_id, min(a.address) AS low, max(a.address) AS high
                    FROM added a GROUP BY a.reservation_id, a.subnet_id) AS h
              GROUP BY h.subnet_id) AS g
        CROSS JOIN LATERAL (
          SELECT (SELECT g.low >= s.first AND g.high <= s.last FROM subnet s WHERE s.id = g.subnet_id) IS TRUE AS within
        ) AS o
        WHERE NOT o.within OR NOT g.held ORDER BY o.within LIMIT 1;
        IF NOT FOUND THEN
          RETURN NULL;
        ELSIF v_within THEN
          RAISE EXCEPTION 'lease without its reservation'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'lease_reservation';
        END IF;
        RAISE EXCEPTION 'lease outside its subnet' USING ERRCODE = 'check_violation', CONSTRAINT = 'lease_within_subnet';
      END $$;

      CREATE OR REPLACE FUNCTION subnet_drop_reservations() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM reservation r WHERE r.subnet_id = ANY (ARRAY(SELECT g.id FROM gone g));
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER subnet_drop_reservations AFTER DELETE ON subnet
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION subnet_drop_reservations();
      ALTER TABLE reservation DROP CONSTRAINT IF EXISTS reservation_subnet_id_fkey;

      CREATE OR REPLACE FUNCTION reservation_drop_leases() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        -- look-ups, whatever there was when the plan was made
        DELETE FROM lease l WHERE l.reservation_id = ANY (ARRAY(SELECT g.id FROM gone g));
        UPDATE component c SET reservation_id = NULL WHERE c.reservation_id = ANY (ARRAY(SELECT g.id FROM gone g));
        RETURN NULL;
      END $$;
      CREATE OR REPLACE FUNCTION component_has_reservation() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM 1 FROM reservation r WHERE r.id = NEW.reservation_id FOR KEY SHARE;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'component without its reservation'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'component_reservation_id_fkey';
        END IF;
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER component_has_reservation AFTER INSERT OR UPDATE OF reservation_id ON component
        FOR EACH ROW WHEN (NEW.reservation_id IS NOT NULL) EXECUTE FUNCTION component_has_reservation();
      ALTER TABLE component DROP CONSTRAINT IF EXISTS component_reservation_id_fkey;

      -- A lease cannot vanish under a map that is not being removed with it.
      CREATE OR REPLACE FUNCTION lease_keep_mapped() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM port_map p WHERE p.lease_id = ANY (ARRAY(SELECT g.id FROM gone g))) THEN
          RAISE EXCEPTION 'a port map points to the lease'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'port_map_lease';
        END IF;
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER lease_keep_mapped AFTER DELETE ON lease
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION lease_keep_mapped();
      CREATE OR REPLACE FUNCTION port_map_has_lease() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM 1 FROM lease l WHERE l.id = NEW.lease_id FOR KEY SHARE;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'port map without its lease'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'port_map_lease';
        END IF;
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER port_map_has_lease AFTER INSERT OR UPDATE OF lease_id ON port_map
        FOR EACH ROW WHEN (NEW.lease_id IS NOT NULL) EXECUTE FUNCTION port_map_has_lease();
      ALTER TABLE port_map DROP CONSTRAINT IF EXISTS port_map_lease;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
