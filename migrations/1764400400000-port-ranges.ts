import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A port map may be of several ports in a row. The exclusion constraint is the last word on "never the same port twice" for
 * every port of them; UNIQUE stays for those who look a map up by its first. Processes of before make maps of one port.
 *
 * A quota counts ports, of which a map has one at least, so counting still ends at "most" rows.
 */
export class PortRanges1764400400000 implements MigrationInterface {
  name = 'PortRanges1764400400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE port_map ADD COLUMN IF NOT EXISTS size integer NOT NULL DEFAULT 1;
      ALTER TABLE port_map DROP CONSTRAINT IF EXISTS port_map_size;
      ALTER TABLE port_map ADD CONSTRAINT port_map_size
        CHECK (size BETWEEN 1 AND 1024 AND connection_port + size <= 65536 AND target_port + size <= 65536);
      ALTER TABLE port_map DROP CONSTRAINT IF EXISTS port_map_ports;
      ALTER TABLE port_map ADD CONSTRAINT port_map_ports EXCLUDE USING gist
        (gateway_id WITH =, protocol WITH =, int4range(connection_port, connection_port + size) WITH &&);

      CREATE OR REPLACE FUNCTION held_port_maps(whose text, most bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
        SELECT least(coalesce(sum(held.size), 0), most)::bigint
        FROM (SELECT m.size FROM port_map m WHERE m.owner = whose LIMIT most) AS held
      $$;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
