import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Names of leases in DNS: where a pool's are kept, what each name shall tell, and how far that has come. */
export class Dns1764400700000 implements MigrationInterface {
  name = 'Dns1764400700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE pool ADD COLUMN IF NOT EXISTS dns jsonb;
      CREATE INDEX IF NOT EXISTS pool_with_dns ON pool (id) WHERE dns IS NOT NULL;

      -- One row: who we are to DNS servers (RFC 6355), and when the names were last worked out. Its lock is the turn.
      CREATE TABLE IF NOT EXISTS dns_round (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        duid uuid NOT NULL DEFAULT gen_random_uuid(),
        position bigint NOT NULL DEFAULT -1,
        planned_at timestamptz NOT NULL DEFAULT 'epoch',
        took_ms double precision NOT NULL DEFAULT 0
      );
      INSERT INTO dns_round DEFAULT VALUES ON CONFLICT DO NOTHING;

      CREATE TABLE IF NOT EXISTS dns_zone (
        server text NOT NULL,
        zone text NOT NULL,
        key text NOT NULL,
        -- whose turn it is, and until when: a process that is gone holds it no longer
        worker uuid,
        worked_until timestamptz NOT NULL DEFAULT 'epoch',
        next_at timestamptz NOT NULL DEFAULT now(),
        failures integer NOT NULL DEFAULT 0,
        problem text,
        answered_at timestamptz,
        PRIMARY KEY (server, zone)
      );

      CREATE TABLE IF NOT EXISTS dns_name (
        server text NOT NULL,
        zone text NOT NULL,
        name text NOT NULL,
        ttl integer NOT NULL,
        holder resource_id,
        -- records as text; none: the name shall go
        wanted text[] NOT NULL,
        -- what the server has last confirmed; NULL: nothing yet
        published text[],
        problem text,
        failures integer NOT NULL DEFAULT 0,
        -- when it is sent next: at once when something is new, later to see that it is still so
        next_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (server, zone, name)
      );
      CREATE INDEX IF NOT EXISTS dns_name_due ON dns_name (server, zone, next_at);
      CREATE INDEX IF NOT EXISTS dns_name_new ON dns_name (server, zone, next_at)
        WHERE published IS DISTINCT FROM wanted;

      -- RFC 1035 section 3.5 and RFC 3596 section 2.5: inet_send has the bytes of the address after four others.
      CREATE OR REPLACE FUNCTION reverse_name(address inet) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT CASE family(address)
          WHEN 4 THEN concat_ws('.', split_part(host(address), '.', 4), split_part(host(address), '.', 3),
                                split_part(host(address), '.', 2), split_part(host(address), '.', 1), 'in-addr.arpa')
          ELSE regexp_replace(reverse(encode(substring(inet_send(address) FROM 5), 'hex')), '(.)', '\\1.', 'g') || 'ip6.arpa'
        END
      $$;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
