import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The past: who held an address, or a port of a gateway, and until when. Who holds one now is in `lease` and `port_map`;
 * a row is written here when that ends, or when what is known of the holder changes. No foreign keys: the past survives
 * whatever it speaks of.
 *
 * "Two holders at one time" cannot be written: an exclusion constraint keeps the segments of one address of one space
 * apart. Subnets of a pool never overlap, so an address and a space are an address and a pool. Times are whole
 * milliseconds, as the API tells them, so an `until` that was told is the `since` of what follows.
 *
 * Processes of the version before write nothing here: what ends through them leaves a hole, never a wrong holder.
 */
export class History1764100005000 implements MigrationInterface {
  name = 'History1764100005000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS address_history (
        address host_address NOT NULL,
        space_id bigint NOT NULL,
        since timestamptz NOT NULL,
        until timestamptz NOT NULL,
        pool_id resource_id NOT NULL,
        subnet_id resource_id NOT NULL,
        lease_id resource_id NOT NULL,
        reservation_id resource_id NOT NULL,
        owner text NOT NULL,
        name text NOT NULL,
        tags text[] NOT NULL,
        metadata json NOT NULL,
        reservation_name text NOT NULL,
        reservation_tags text[] NOT NULL,
        reservation_metadata json NOT NULL,
        released boolean NOT NULL,
        ended_by text,
        reason text,
        -- The last segment of an address in a space, and a page of them, newest first.
        CONSTRAINT address_history_pkey PRIMARY KEY (address, space_id, since),
        CONSTRAINT address_history_order CHECK (since < until),
        -- "inet_ops" of PostgreSQL itself: that of btree_gist, the default, squeezes addresses into floating point.
        CONSTRAINT address_history_one_holder EXCLUDE USING gist
          (address inet_ops WITH =, space_id WITH =, tstzrange(since, until) WITH &&)
      );
      COMMENT ON TABLE address_history IS 'Who held an address, from since to before until, and what was known of the holder then';
      COMMENT ON COLUMN address_history.released IS 'True: the lease ended. False: its description changed, and it went on';
      COMMENT ON COLUMN address_history.ended_by IS 'Who released or changed it; null when time did';
      -- what is too old to be kept
      CREATE INDEX IF NOT EXISTS address_history_until ON address_history (until);

      CREATE TABLE IF NOT EXISTS port_history (
        address host_address NOT NULL,
        protocol text NOT NULL,
        port port_number NOT NULL,
        space_id bigint NOT NULL,
        since timestamptz NOT NULL,
        until timestamptz NOT NULL,
        gateway_id resource_id NOT NULL,
        port_map_id resource_id NOT NULL,
        component_id resource_id,
        owner text NOT NULL,
        target_address host_address NOT NULL,
        target_port port_number NOT NULL,
        name text NOT NULL,
        tags text[] NOT NULL,
        metadata json NOT NULL,
        released boolean NOT NULL,
        ended_by text,
        reason text,
        CONSTRAINT port_history_pkey PRIMARY KEY (address, protocol, port, space_id, since),
        CONSTRAINT port_history_order CHECK (since < until),
        -- A space is the ports of one gateway for one protocol. Gateways may share an external address (a standby does).
        -- The address adds nothing to the space, but leads, so that the index also answers "who at this time".
        CONSTRAINT port_history_one_holder EXCLUDE USING gist
          (address inet_ops WITH =, port WITH =, space_id WITH =, tstzrange(since, until) WITH &&)
      );
      COMMENT ON TABLE port_history IS 'Who had a port of a gateway''s external address, and where it led, from since to before until';
      CREATE INDEX IF NOT EXISTS port_history_until ON port_history (until);

      -- A map that is being removed waits for its gateway: who ended it, why, and the component that it was of (which may be
      -- gone by then) are kept until its port is free, when its past is written.
      ALTER TABLE port_map ADD COLUMN IF NOT EXISTS ended_by text;
      ALTER TABLE port_map ADD COLUMN IF NOT EXISTS end_reason text;
      ALTER TABLE port_map ADD COLUMN IF NOT EXISTS ended_component_id resource_id;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
