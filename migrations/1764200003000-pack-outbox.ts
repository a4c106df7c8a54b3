import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A reservation that is made and its leases are told by events that say the same over and over: 0.7 kB an address. The outbox
 * has what they share once now, and readers write it out (decision 26, events/batch.ts).
 *
 * The table has a new name. Under the old one processes of the version before find single events written out, as rows, and
 * may add theirs; `outbox` shows every event, as it did.
 */
export class PackOutbox1764200003000 implements MigrationInterface {
  name = 'PackOutbox1764200003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$
      BEGIN
        IF (SELECT c.relkind FROM pg_class c WHERE c.oid = to_regclass('outbox_batch')) = 'r' THEN
          ALTER TABLE outbox_batch RENAME TO outbox_packed;
          ALTER INDEX outbox_batch_unsequenced RENAME TO outbox_packed_unsequenced;
        END IF;
      END $$;
      COMMENT ON COLUMN outbox_packed.body IS
        'Records, each: 0x1E, head, 0x1F, data; or in place of data four parts with 0x1D between them: the text before the '
        'list of members, what they share, their ids and values, the text after the list (see outbox_events)';

      -- The single events of a row, in order, with the heads and data that they are told with. What members share is: type,
      -- collection, and the text of a member before its id, between id and value, and after the value. The event of the n-th
      -- member has the id of the whole's event, counted on by n in its last 48 bits. The same is said in events/batch.ts.
      CREATE OR REPLACE FUNCTION outbox_events(p_body text) RETURNS TABLE (n bigint, head text, data text)
      LANGUAGE sql IMMUTABLE AS $$
        WITH record AS (
          SELECT r.place, split_part(r.text, E'\\x1f', 1) AS head,
                 string_to_array(split_part(r.text, E'\\x1f', 2), E'\\x1d') AS parts
          FROM string_to_table(substr(p_body, 2), E'\\x1e') WITH ORDINALITY AS r (text, place)
        ), member AS (
          SELECT r.place, r.head, m.n, s.shared, l.list[2 * m.n - 1] AS id,
                 s.shared[3] || l.list[2 * m.n - 1] || s.shared[4] || l.list[2 * m.n] || s.shared[5] AS data
          FROM record r
          CROSS JOIN LATERAL (SELECT string_to_array(r.parts[2], E'\\x1c') AS shared) AS s
          CROSS JOIN LATERAL (SELECT string_to_array(r.parts[3], E'\\x1c') AS list) AS l
          CROSS JOIN LATERAL generate_series(1, cardinality(l.list) / 2) AS m (n)
          WHERE cardinality(r.parts) = 4
        ), event AS (
          SELECT r.place, 0 AS n, r.head,
                 r.parts[1] || coalesce((SELECT string_agg(m.data, ',' ORDER BY m.n) FROM member m WHERE m.place = r.place), '')
                            || coalesce(r.parts[4], '') AS data
          FROM record r
          UNION ALL
          SELECT m.place, m.n,
                 (m.head::jsonb || jsonb_build_object(
                   'id', left(i.id, 24) || right(to_hex((('x' || right(i.id, 12))::bit(48)::bigint + m.n) | (1::bigint << 48)), 12),
                   'type', m.shared[1], 'subject', m.shared[2] || '/' || m.id))::text,
                 m.data
          FROM member m CROSS JOIN LATERAL (SELECT m.head::jsonb->>'id' AS id) AS i
        )
        SELECT row_number() OVER (ORDER BY e.place, e.n), e.head, e.data FROM event e
      $$;

      CREATE OR REPLACE VIEW outbox AS
      SELECT (b.id << 20) + e.n AS seq, (h.head->>'id')::uuid AS id, b.last_position - b.events + e.n AS position,
             h.head->>'type' AS type, h.head->>'subject' AS subject, h.head->>'owner' AS owner,
             h.head->>'desiredBy' AS desired_by, e.data::json AS data, b.created_at, h.head->>'actor' AS actor
      FROM outbox_packed b
      CROSS JOIN LATERAL outbox_events(b.body) AS e
      CROSS JOIN LATERAL (SELECT e.head::json AS head) AS h;

      CREATE OR REPLACE VIEW outbox_batch AS
      SELECT b.id, b.events, b.last_position,
             CASE WHEN position(E'\\x1d' IN b.body) = 0 THEN b.body
                  ELSE (SELECT string_agg(E'\\x1e' || e.head || E'\\x1f' || e.data, '' ORDER BY e.n)
                        FROM outbox_events(b.body) AS e) END AS body,
             b.created_at
      FROM outbox_packed b;
      COMMENT ON VIEW outbox_batch IS 'The outbox as processes of the version before read and write it';
      CREATE OR REPLACE FUNCTION outbox_batch_insert() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO outbox_packed (events, body) VALUES (NEW.events, NEW.body) RETURNING id INTO NEW.id;
        RETURN NEW;
      END $$;
      CREATE OR REPLACE TRIGGER outbox_batch_insert INSTEAD OF INSERT ON outbox_batch
        FOR EACH ROW EXECUTE FUNCTION outbox_batch_insert();

      CREATE OR REPLACE FUNCTION outbox_insert() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        v_batch bigint;
      BEGIN
        INSERT INTO outbox_packed (events, body)
        VALUES (1, E'\\x1e' || json_build_object('id', NEW.id, 'type', NEW.type, 'subject', NEW.subject, 'owner', NEW.owner)::text
                   || E'\\x1f' || NEW.data::text)
        RETURNING id INTO v_batch;
        IF NEW.desired_by IS NOT NULL THEN
          INSERT INTO outbox_desired (batch_id, desired_by) VALUES (v_batch, NEW.desired_by);
        END IF;
        RETURN NEW;
      END $$;

      -- As migration BatchOutbox says.
      CREATE OR REPLACE FUNCTION outbox_sequence(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
      DECLARE
        v_position bigint;
        v_batches integer;
        v_last bigint;
      BEGIN
        IF NOT EXISTS (SELECT FROM outbox_packed WHERE last_position IS NULL) THEN
          RETURN 0;
        END IF;
        SELECT position INTO v_position FROM relay WHERE name = 'sequencer' FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
          RETURN NULL;
        END IF;
        WITH next AS (
          SELECT id, events FROM outbox_packed WHERE last_position IS NULL ORDER BY id LIMIT p_limit
        ), given AS (
          UPDATE outbox_packed b SET last_position = v_position + n.upto
          FROM (SELECT id, sum(events) OVER (ORDER BY id) AS upto FROM next) AS n
          WHERE b.id = n.id
          RETURNING b.id, b.last_position
        ), desired AS (
          UPDATE outbox_desired d SET position = given.last_position FROM given WHERE d.batch_id = given.id
        )
        SELECT count(*), max(last_position) INTO v_batches, v_last FROM given;
        IF v_batches > 0 THEN
          UPDATE relay SET position = v_last WHERE name = 'sequencer';
          PERFORM pg_notify('berth_events', v_last::text);
        END IF;
        RETURN v_batches;
      END $$;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
