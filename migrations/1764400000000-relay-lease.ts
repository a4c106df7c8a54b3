import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who publishes holds a lease, not a lock in an open transaction: it ends by itself when the process freezes, and its epoch
 * refuses what that process wants to note after it was woken. `swept` is the position up to which events were removed.
 * Processes of the version before go on by the lock of the row; the stream refuses what both publish (decision 29).
 */
export class RelayLease1764400000000 implements MigrationInterface {
  name = 'RelayLease1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE relay
        ADD COLUMN IF NOT EXISTS holder text,
        -- grows with every new holder
        ADD COLUMN IF NOT EXISTS epoch bigint NOT NULL DEFAULT 0,
        -- by the clock of the database
        ADD COLUMN IF NOT EXISTS held_until timestamptz;
      INSERT INTO relay (name, position) VALUES ('swept', 0) ON CONFLICT (name) DO NOTHING;

      CREATE TABLE IF NOT EXISTS parked_event (
        position bigint PRIMARY KEY,
        event_id uuid NOT NULL,
        type text NOT NULL,
        subject text NOT NULL,
        bytes integer NOT NULL,
        reason text NOT NULL,
        parked_at timestamptz NOT NULL DEFAULT now()
      );
      COMMENT ON TABLE parked_event IS 'Events that NATS does not take for what they are; the others go on without them';
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
