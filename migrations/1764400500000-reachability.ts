import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What gateways know of the machines behind them: the latest word on each address. */
export class Reachability1764400500000 implements MigrationInterface {
  name = 'Reachability1764400500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS reachability (
        gateway_id resource_id NOT NULL REFERENCES gateway ON DELETE CASCADE,
        address host_address NOT NULL,
        state text NOT NULL CHECK (state IN ('reachable', 'unreachable', 'unknown')),
        since timestamptz NOT NULL,
        checked_at timestamptz NOT NULL,
        seen_at timestamptz,
        rtt_us integer,
        ports jsonb NOT NULL,
        -- by the clock here: what was not told for long is not known any more
        told_at timestamptz NOT NULL DEFAULT now(),
        -- the state before the latest word, so that the statement that writes knows whether there is news
        was text,
        PRIMARY KEY (gateway_id, address)
      );
      -- look-up by address alone, lists in order
      CREATE INDEX IF NOT EXISTS reachability_address ON reachability (address, gateway_id);
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
