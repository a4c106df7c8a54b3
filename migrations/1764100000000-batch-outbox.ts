import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a transaction has to tell becomes one row, not one for each event: of the cost of a reservation in PostgreSQL, the
 * two rows and four index entries of its events, and giving each its position, were nearly half (docs/performance.md).
 *
 * `outbox` goes on as a view of single events, which takes inserts too: processes of the version before write through it
 * until they are stopped, and their sequencer finds nothing to do there.
 */
export class BatchOutbox1764100000000 implements MigrationInterface {
  name = 'BatchOutbox1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outbox_batch (
        -- the order of writing: of one resource it is the order of commits, since its writer holds the row
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        events integer NOT NULL CHECK (events > 0),
        -- Position of its last event in the one stream of all events; those before it count down from there. Given out
        -- after the commit by one sequencer at a time: who has seen position n never misses one below n.
        last_position bigint UNIQUE,
        -- A sequence of: record separator, head (JSON: id, type, subject, owner), unit separator, data (JSON). JSON text
        -- has no control characters but white space (RFC 8259), so nothing needs escaping, and data stays as it is.
        body text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      COMMENT ON TABLE outbox_batch IS 'Events that one transaction made true, to be told after its commit';
      CREATE INDEX outbox_batch_unsequenced ON outbox_batch (id) WHERE last_position IS NULL;

      -- Which batches change the desired state of a gateway. Its generation is the highest position here.
      CREATE TABLE outbox_desired (
        batch_id bigint NOT NULL,
        desired_by resource_id NOT NULL,
        position bigint,
        PRIMARY KEY (batch_id, desired_by)
      );
      CREATE INDEX outbox_desired_generation ON outbox_desired (desired_by, position);

      ALTER TABLE outbox RENAME TO outbox_before;
      INSERT INTO outbox_batch (id, events, last_position, body, created_at) OVERRIDING SYSTEM VALUE
      SELECT seq, 1, position,
             E'\\x1e' || json_build_object('id', id, 'type', type, 'subject', subject, 'owner', owner)::text || E'\\x1f' || data::text,
             created_at
      FROM outbox_before;
      SELECT setval(pg_get_serial_sequence('outbox_batch', 'id'), greatest(1, (SELECT max(seq) FROM outbox_before)));
      INSERT INTO outbox_desired (batch_id, desired_by, position)
      SELECT seq, desired_by, position FROM outbox_before WHERE desired_by IS NOT NULL;
      DROP TABLE outbox_before;

      CREATE VIEW outbox AS
      SELECT (b.id << 20) + e.n AS seq, (h.head->>'id')::uuid AS id, b.last_position - b.events + e.n AS position,
             h.head->>'type' AS type, h.head->>'subject' AS subject, h.head->>'owner' AS owner,
             h.head->>'desiredBy' AS desired_by, split_part(e.event, E'\\x1f', 2)::json AS data, b.created_at
      FROM outbox_batch b
      CROSS JOIN LATERAL string_to_table(substr(b.body, 2), E'\\x1e') WITH ORDINALITY AS e (event, n)
      CROSS JOIN LATERAL (SELECT split_part(e.event, E'\\x1f', 1)::json AS head) AS h;
      COMMENT ON VIEW outbox IS 'Single events of outbox_batch, for people and for processes of the version before';

      CREATE FUNCTION outbox_insert() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        v_batch bigint;
      BEGIN
        INSERT INTO outbox_batch (events, body)
        VALUES (1, E'\\x1e' || json_build_object('id', NEW.id, 'type', NEW.type, 'subject', NEW.subject, 'owner', NEW.owner)::text
                   || E'\\x1f' || NEW.data::text)
        RETURNING id INTO v_batch;
        IF NEW.desired_by IS NOT NULL THEN
          INSERT INTO outbox_desired (batch_id, desired_by) VALUES (v_batch, NEW.desired_by);
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER outbox_insert INSTEAD OF INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION outbox_insert();

      -- Gives the next positions, in order of writing, to the events of up to p_limit batches that have none, and wakes all
      -- listeners; answers how many batches, or null when another process is at it. One process at a time, by the lock of
      -- the relay's row, for which nobody queues. What commits later gets later positions, whatever its id. One call is one
      -- round trip, and an idle system writes nothing. Only this notifies: NOTIFY in each write would serialise all commits.
      CREATE FUNCTION outbox_sequence(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
      DECLARE
        v_position bigint;
        v_batches integer;
        v_last bigint;
      BEGIN
        IF NOT EXISTS (SELECT FROM outbox_batch WHERE last_position IS NULL) THEN
          RETURN 0;
        END IF;
        SELECT position INTO v_position FROM relay WHERE name = 'sequencer' FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
          RETURN NULL;
        END IF;
        WITH next AS (
          SELECT id, events FROM outbox_batch WHERE last_position IS NULL ORDER BY id LIMIT p_limit
        ), given AS (
          UPDATE outbox_batch b SET last_position = v_position + n.upto
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

      -- A sequencer of the version before finds nothing to do.
      CREATE FUNCTION outbox_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      CREATE TRIGGER outbox_update INSTEAD OF UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION outbox_keep();
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
