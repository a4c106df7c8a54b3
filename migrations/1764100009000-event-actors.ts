import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who did what an event tells, as the last column of the view of single events; events from before have none. */
export class EventActors1764100009000 implements MigrationInterface {
  name = 'EventActors1764100009000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE VIEW outbox AS
      SELECT (b.id << 20) + e.n AS seq, (h.head->>'id')::uuid AS id, b.last_position - b.events + e.n AS position,
             h.head->>'type' AS type, h.head->>'subject' AS subject, h.head->>'owner' AS owner,
             h.head->>'desiredBy' AS desired_by, split_part(e.event, E'\\x1f', 2)::json AS data, b.created_at,
             h.head->>'actor' AS actor
      FROM outbox_batch b
      CROSS JOIN LATERAL string_to_table(substr(b.body, 2), E'\\x1e') WITH ORDINALITY AS e (event, n)
      CROSS JOIN LATERAL (SELECT split_part(e.event, E'\\x1f', 1)::json AS head) AS h;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
