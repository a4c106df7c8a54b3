import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Reservations that end by themselves. Old processes go on: to them every reservation they make is one without an end, and
 * the sweepers of the new ones end what is due.
 *
 * The indexes hold only reservations that end, so the others pay nothing for them.
 */
export class Expiry1764100004000 implements MigrationInterface {
  name = 'Expiry1764100004000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE reservation ADD COLUMN IF NOT EXISTS ttl_seconds integer CHECK (ttl_seconds > 0);
      COMMENT ON COLUMN reservation.ttl_seconds IS 'What renewing without a time adds; null when the end was given as a time';
      ALTER TABLE reservation ADD COLUMN IF NOT EXISTS notice_at timestamptz;
      COMMENT ON COLUMN reservation.notice_at IS 'When to tell that the end is near; null when there is nothing to tell, or it was told';

      -- what is due, and when the next is
      CREATE INDEX IF NOT EXISTS reservation_expiry ON reservation (expires_at) WHERE expires_at IS NOT NULL;
      CREATE INDEX IF NOT EXISTS reservation_notice ON reservation (notice_at) WHERE notice_at IS NOT NULL;

      -- The number that an address is: its position in the space of its subnet. One expression and not STRICT, so that
      -- PostgreSQL writes it into the query that calls it.
      CREATE OR REPLACE FUNCTION address_position(p_address inet) RETURNS numeric
      LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE family(p_address)
          WHEN 4 THEN (p_address - '0.0.0.0'::inet)::numeric
          ELSE ((('x' || encode(substr(inet_send(p_address), 5, 4), 'hex'))::bit(32)::bigint::numeric * 4294967296
                 + ('x' || encode(substr(inet_send(p_address), 9, 4), 'hex'))::bit(32)::bigint) * 4294967296
                + ('x' || encode(substr(inet_send(p_address), 13, 4), 'hex'))::bit(32)::bigint) * 4294967296
               + ('x' || encode(substr(inet_send(p_address), 17, 4), 'hex'))::bit(32)::bigint
          END
      $$;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
