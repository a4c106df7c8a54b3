import { MigrationInterface, QueryRunner } from 'typeorm';

/** Few rows, sorted by name too. */
const SMALL = ['pool', 'subnet', 'gateway', 'component'];
/** Many rows, most of them without a name: those cost nothing. */
const LARGE = ['reservation', 'lease', 'port_map'];

/** What filters of lists look up. What is seldom there is indexed where it is: a claim without name and tags pays nothing. */
export class IndexLists1764100007100 implements MigrationInterface {
  name = 'IndexLists1764100007100';

  async up(runner: QueryRunner): Promise<void> {
    // a table with millions of rows takes longer than a statement may otherwise
    await runner.query('SET LOCAL statement_timeout = 0');
    for (const table of [...SMALL, ...LARGE]) {
      const named = LARGE.includes(table) ? `WHERE (name COLLATE "C") <> ''` : '';
      await runner.query(`
        CREATE INDEX IF NOT EXISTS ${table}_by_name ON ${table} ((name COLLATE "C"), id) ${named};
        CREATE INDEX IF NOT EXISTS ${table}_by_tag ON ${table} USING gin (tags) WHERE tags <> '{}';
      `);
    }
    await runner.query(`
      -- The scalar at a path of metadata as text; null where there is none. Metadata may hold what is JSON but no text of
      -- PostgreSQL's (an escaped NUL, half of a surrogate pair): it is then equal to nothing. The block that catches that is
      -- dear, so it is entered only where there is an escape at all.
      CREATE OR REPLACE FUNCTION json_text_at(document json, path text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
      BEGIN
        IF position('\\u' IN document::text) = 0 THEN
          RETURN document #>> path;
        END IF;
        BEGIN
          RETURN document #>> path;
        EXCEPTION WHEN untranslatable_character OR invalid_text_representation THEN
          RETURN NULL;
        END;
      END $$;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
