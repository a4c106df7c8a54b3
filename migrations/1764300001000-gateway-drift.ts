import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What gateways found changed in their kernels by somebody else. A gateway tells a finding until it is acknowledged, so twice at times. */
export class GatewayDrift1764300001000 implements MigrationInterface {
  name = 'GatewayDrift1764300001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS gateway_drift (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        gateway_id resource_id NOT NULL REFERENCES gateway ON DELETE CASCADE,
        found_at timestamptz NOT NULL,
        program text,
        found text[] NOT NULL,
        maps integer NOT NULL,
        outcome text NOT NULL,
        CONSTRAINT gateway_drift_once UNIQUE (gateway_id, found_at)
      );
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
