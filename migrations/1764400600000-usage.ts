import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who used port maps, day by day, as gateways tell it: one row a map, day and life of a gateway process, so that a report
 * told twice counts once. No reference to map or component: what was used is of interest after they are gone.
 */
export class Usage1764400600000 implements MigrationInterface {
  name = 'Usage1764400600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS port_map_usage (
        gateway_id resource_id NOT NULL REFERENCES gateway ON DELETE CASCADE,
        map_id resource_id NOT NULL,
        day date NOT NULL,
        epoch text NOT NULL,
        owner text NOT NULL,
        map_name text,
        component text,
        connections bigint NOT NULL,
        packets bigint NOT NULL,
        bytes bigint NOT NULL,
        last_used timestamptz NOT NULL,
        clients jsonb NOT NULL,
        other_connections bigint NOT NULL,
        PRIMARY KEY (map_id, day, epoch, gateway_id)
      );
      CREATE INDEX IF NOT EXISTS port_map_usage_component ON port_map_usage (component, owner, day);
      CREATE INDEX IF NOT EXISTS port_map_usage_day ON port_map_usage (day);
      CREATE INDEX IF NOT EXISTS port_map_usage_gateway ON port_map_usage (gateway_id);
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
