import type { MigrationInterface, QueryRunner } from 'typeorm';

/** On what terms a port map is there: for whom, and until when. Processes of before make maps for everybody, without end. */
export class PortMapTerms1764300000000 implements MigrationInterface {
  name = 'PortMapTerms1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE port_map ADD COLUMN IF NOT EXISTS sources cidr[] NOT NULL DEFAULT '{}';
      ALTER TABLE port_map ADD COLUMN IF NOT EXISTS expires_at timestamptz;
      CREATE INDEX IF NOT EXISTS port_map_by_end ON port_map (expires_at) WHERE expires_at IS NOT NULL;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
