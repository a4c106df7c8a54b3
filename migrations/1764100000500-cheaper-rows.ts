import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What every reservation and lease paid for on insert, and need not (figures in docs/performance.md, decision 24):
 *
 * - a check in the domain of ids was a regular expression, evaluated for each of the six ids of a reservation and its lease;
 *   their form is checked where they come in, and the ids that tables are about keep a check of their own;
 * - a lease's subnet is the one of its reservation, and a reservation's pool the one of its subnet: two of four foreign keys
 *   said the same again. That of a lease to its reservation ran one statement a row, also when a pool of a million leases
 *   was deleted; triggers do the same once a statement. They are safe without the key's row locks: a lease is only ever
 *   inserted by the transaction that made its reservation, so nobody else can delete that meanwhile;
 * - the outbox was compressed, which costs more than writing it as it is; it is kept for a while only.
 */
export class CheaperRows1764100000500 implements MigrationInterface {
  name = 'CheaperRows1764100000500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER DOMAIN resource_id DROP CONSTRAINT IF EXISTS resource_id_check;
      -- of each table's own id: 24 hex digits or a UUID (contracts/rackhd.md section 1, rule 7)
      DO $$
      DECLARE
        v_table text;
      BEGIN
        FOREACH v_table IN ARRAY ARRAY['pool', 'subnet', 'reservation', 'lease', 'gateway', 'component', 'port_map'] LOOP
          EXECUTE format('ALTER TABLE %I DROP CONSTRAINT IF EXISTS %I', v_table, v_table || '_id_length');
          EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (octet_length(id) IN (24, 36)) NOT VALID',
                         v_table, v_table || '_id_length');
        END LOOP;
      END $$;

      ALTER TABLE outbox_batch ALTER COLUMN body SET STORAGE EXTERNAL;

      ALTER TABLE reservation DROP CONSTRAINT IF EXISTS reservation_pool_id_fkey;
      ALTER TABLE lease DROP CONSTRAINT IF EXISTS lease_subnet_id_fkey;
      ALTER TABLE lease DROP CONSTRAINT IF EXISTS lease_reservation_id_fkey;

      -- Its subnet and its reservation must be there, and the address in the subnet.
      CREATE OR REPLACE FUNCTION lease_within_subnet() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM added a LEFT JOIN subnet s ON s.id = a.subnet_id
                   WHERE s.id IS NULL OR a.address < s.first OR a.address > s.last) THEN
          RAISE EXCEPTION 'lease outside its subnet' USING ERRCODE = 'check_violation', CONSTRAINT = 'lease_within_subnet';
        END IF;
        -- A look-up for each row: a join's plan is kept, and would read the whole table if that was small at first.
        IF EXISTS (SELECT FROM added a
                   WHERE (SELECT r.subnet_id FROM reservation r WHERE r.id = a.reservation_id)
                         IS DISTINCT FROM a.subnet_id) THEN
          RAISE EXCEPTION 'lease without its reservation'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'lease_reservation';
        END IF;
        RETURN NULL;
      END $$;

      CREATE OR REPLACE FUNCTION reservation_drop_leases() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        -- likewise: look-ups, whatever there was when the plan was made
        DELETE FROM lease l WHERE l.reservation_id = ANY (ARRAY(SELECT g.id FROM gone g));
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER reservation_drop_leases AFTER DELETE ON reservation
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION reservation_drop_leases();
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
