import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the vLab face looks up: whose a gateway is, in any case; and what the machines are that maps without a component lead to. */
export class VlabFace1764400800000 implements MigrationInterface {
  name = 'VlabFace1764400800000';

  async up(runner: QueryRunner): Promise<void> {
    // a table with millions of rows takes longer than a statement may otherwise
    await runner.query('SET LOCAL statement_timeout = 0');
    await runner.query(`
      CREATE INDEX IF NOT EXISTS gateway_by_owner_in_any_case ON gateway (lower(owner), created_at, id);
      CREATE INDEX IF NOT EXISTS component_by_gateway_and_kind ON component (gateway_id, kind);
      -- Of maps that have a component, or no metadata, it costs nothing.
      CREATE INDEX IF NOT EXISTS port_map_by_own_component
        ON port_map (gateway_id, left(json_text_at(metadata, '{component}'), 255))
        WHERE component_id IS NULL AND metadata::text <> 'null';
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
