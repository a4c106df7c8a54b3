import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What every reservation and lease pays for on insert, and need not (figures in docs/performance.md):
 *
 * - the form of an id was a regular expression, run three times a row; the API checks forms, the database what would harm;
 * - a lease's subnet is the one of its reservation, and a reservation's pool the one of its subnet: the chain lease ->
 *   reservation -> subnet -> pool of foreign keys (with its cascade) is enough, and the trigger looks at the subnet anyway.
 */
export class CheaperRows1764100000500 implements MigrationInterface {
  name = 'CheaperRows1764100000500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER DOMAIN resource_id DROP CONSTRAINT IF EXISTS resource_id_check;
      ALTER DOMAIN resource_id DROP CONSTRAINT IF EXISTS resource_id_length;
      -- 24 hex digits or a UUID (contracts/rackhd.md section 1, rule 7)
      ALTER DOMAIN resource_id ADD CONSTRAINT resource_id_length CHECK (octet_length(VALUE) IN (24, 36)) NOT VALID;

      ALTER TABLE reservation DROP CONSTRAINT IF EXISTS reservation_pool_id_fkey;
      ALTER TABLE lease DROP CONSTRAINT IF EXISTS lease_subnet_id_fkey;

      -- Per statement, not per row: one look a batch. Its subnet must be there, and the address in it.
      CREATE OR REPLACE FUNCTION lease_within_subnet() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM added a LEFT JOIN subnet s ON s.id = a.subnet_id
                   WHERE s.id IS NULL OR a.address < s.first OR a.address > s.last) THEN
          RAISE EXCEPTION 'lease outside its subnet' USING ERRCODE = 'check_violation', CONSTRAINT = 'lease_within_subnet';
        END IF;
        RETURN NULL;
      END $$;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
