import { MigrationInterface, QueryRunner } from 'typeorm';

/** What every resource has (see DESIGN, Words): the database is the last word on all of it. */
const RESOURCE = `
  id resource_id NOT NULL PRIMARY KEY,
  name text NOT NULL DEFAULT '',
  tags text[] NOT NULL DEFAULT '{}',
  metadata json NOT NULL DEFAULT 'null',
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()`;

export class CreateResources1764000001000 implements MigrationInterface {
  name = 'CreateResources1764000001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE EXTENSION IF NOT EXISTS btree_gist;

      -- UUIDs of ours, or ids that a client chose: 24 hex digits or a UUID (contracts/rackhd.md section 1, rule 7).
      CREATE DOMAIN resource_id AS text COLLATE "C"
        CHECK (VALUE ~ '^([0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$');

      -- One host's address: no prefix length but the full one.
      CREATE DOMAIN host_address AS inet CHECK (masklen(VALUE) = CASE family(VALUE) WHEN 4 THEN 32 ELSE 128 END);

      CREATE TYPE inetrange AS RANGE (subtype = inet);

      CREATE TABLE pool (${RESOURCE});

      -- "json", not "jsonb": metadata comes back as it was sent, key order and large integers included.
      CREATE TABLE subnet (${RESOURCE},
        pool_id resource_id NOT NULL REFERENCES pool ON DELETE CASCADE,
        space_id bigint NOT NULL UNIQUE REFERENCES space,
        first host_address NOT NULL,
        last host_address NOT NULL,
        CONSTRAINT subnet_range CHECK (family(first) = family(last) AND first <= last),
        CONSTRAINT subnet_overlap EXCLUDE USING gist (pool_id WITH =, inetrange(first, last, '[]') WITH &&)
      );
      -- lists the subnets of a pool, in the order in which a pool reservation tries them
      CREATE INDEX subnet_pool ON subnet (pool_id, space_id);

      CREATE TABLE reservation (${RESOURCE},
        pool_id resource_id NOT NULL REFERENCES pool ON DELETE CASCADE,
        subnet_id resource_id NOT NULL REFERENCES subnet ON DELETE CASCADE,
        owner text NOT NULL,
        expires_at timestamptz
      );
      -- list of a subnet's reservations, cascade
      CREATE INDEX reservation_subnet ON reservation (subnet_id, id);
      -- list of a pool's reservations, cascade
      CREATE INDEX reservation_pool ON reservation (pool_id, id);

      CREATE TABLE lease (${RESOURCE},
        subnet_id resource_id NOT NULL REFERENCES subnet ON DELETE CASCADE,
        reservation_id resource_id NOT NULL REFERENCES reservation ON DELETE CASCADE,
        address host_address NOT NULL,
        -- the last word on "never a duplicate"
        CONSTRAINT lease_address UNIQUE (subnet_id, address)
      );
      -- leases of a reservation, in address order; cascade
      CREATE INDEX lease_reservation ON lease (reservation_id, address);
      -- look-up by address alone
      CREATE INDEX lease_by_address ON lease (address);

      -- A lease outside its subnet's range is impossible. Per statement, not per row: one look a batch.
      CREATE FUNCTION lease_within_subnet() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM added a JOIN subnet s ON s.id = a.subnet_id
                   WHERE a.address < s.first OR a.address > s.last) THEN
          RAISE EXCEPTION 'lease outside its subnet' USING ERRCODE = 'check_violation', CONSTRAINT = 'lease_within_subnet';
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER lease_within_subnet AFTER INSERT ON lease REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION lease_within_subnet();
    `);

    await runner.query(`
      CREATE DOMAIN port_number AS integer CHECK (VALUE BETWEEN 1 AND 65535);

      CREATE TABLE gateway (${RESOURCE},
        owner text NOT NULL,
        external_address host_address NOT NULL,
        networks cidr[] NOT NULL DEFAULT '{}',
        pool_id resource_id REFERENCES pool ON DELETE SET NULL,
        mode text CHECK (mode IN ('apply', 'plan')),
        observed_generation bigint,
        last_seen_at timestamptz,
        CONSTRAINT gateway_name UNIQUE (name)
      );
      CREATE INDEX gateway_pool ON gateway (pool_id);
      CREATE INDEX gateway_owner ON gateway (owner);

      -- one space of connection ports a gateway and protocol
      CREATE TABLE gateway_ports (
        gateway_id resource_id NOT NULL REFERENCES gateway ON DELETE CASCADE,
        protocol text NOT NULL CHECK (protocol IN ('tcp', 'udp')),
        first port_number NOT NULL,
        last port_number NOT NULL,
        space_id bigint NOT NULL UNIQUE REFERENCES space,
        PRIMARY KEY (gateway_id, protocol),
        CHECK (first <= last)
      );

      CREATE TABLE component (${RESOURCE},
        owner text NOT NULL,
        kind text NOT NULL,
        gateway_id resource_id NOT NULL REFERENCES gateway ON DELETE CASCADE,
        reservation_id resource_id REFERENCES reservation ON DELETE SET NULL,
        -- SHA-256 of the request that made it: the same request again is answered with the same claim
        request text NOT NULL,
        CONSTRAINT component_name UNIQUE (owner, name)
      );
      CREATE INDEX component_gateway ON component (gateway_id);
      CREATE INDEX component_reservation ON component (reservation_id);

      CREATE TABLE port_map (${RESOURCE},
        owner text NOT NULL,
        gateway_id resource_id NOT NULL REFERENCES gateway ON DELETE CASCADE,
        protocol text NOT NULL,
        connection_port port_number NOT NULL,
        address host_address NOT NULL,
        target_port port_number NOT NULL,
        -- no ON DELETE: a lease cannot vanish under a map that is not being removed with it
        lease_id resource_id CONSTRAINT port_map_lease REFERENCES lease,
        component_id resource_id REFERENCES component ON DELETE SET NULL,
        rule_id text NOT NULL,
        status text NOT NULL DEFAULT 'pending'
          CHECK (status IN ('pending', 'active', 'failed', 'drifted', 'removing')),
        reason text,
        FOREIGN KEY (gateway_id, protocol) REFERENCES gateway_ports (gateway_id, protocol) ON DELETE CASCADE,
        -- the last word on "never the same port twice"
        CONSTRAINT port_map_port UNIQUE (gateway_id, protocol, connection_port)
      );
      CREATE INDEX port_map_by_lease ON port_map (lease_id) WHERE lease_id IS NOT NULL;
      CREATE INDEX port_map_component ON port_map (component_id) WHERE component_id IS NOT NULL;
      CREATE INDEX port_map_address ON port_map (address);

      -- An address that was released while a gateway may still forward to it. It is free again when the last map that
      -- pointed to it is known to be gone: no newcomer receives its predecessor's connections.
      CREATE TABLE resting_address (
        space_id bigint NOT NULL REFERENCES space ON DELETE CASCADE,
        position numeric(39) NOT NULL,
        port_map_id resource_id NOT NULL REFERENCES port_map ON DELETE CASCADE,
        PRIMARY KEY (space_id, position, port_map_id)
      );
      CREATE INDEX resting_address_port_map ON resting_address (port_map_id);
    `);

    await runner.query(`
      -- A space dies with what it belongs to.
      CREATE FUNCTION drop_space() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM space WHERE id = OLD.space_id;
        RETURN NULL;
      END $$;
      CREATE TRIGGER subnet_drop_space AFTER DELETE ON subnet FOR EACH ROW EXECUTE FUNCTION drop_space();
      CREATE TRIGGER gateway_ports_drop_space AFTER DELETE ON gateway_ports FOR EACH ROW EXECUTE FUNCTION drop_space();
    `);

    await runner.query(`
      -- Events, written in the transaction that makes them true. "seq" is the order of writing: of one resource it is the
      -- order of commits, since its writer holds the row. "position" is the order in which everybody is told; it is given
      -- out after the commit by one sequencer at a time, so a reader that has seen position n never misses one below n.
      CREATE TABLE outbox (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL UNIQUE,
        position bigint UNIQUE,
        type text NOT NULL,
        subject text NOT NULL,
        owner text,
        -- the gateway whose desired state this change is part of; its generation is the highest position of these
        desired_by resource_id,
        data json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX outbox_unsequenced ON outbox (seq) WHERE position IS NULL;
      CREATE INDEX outbox_generation ON outbox (desired_by, position) WHERE desired_by IS NOT NULL;

      -- How far each reader of the stream has come. Its row's lock makes one process at a time do the work.
      CREATE TABLE relay (
        name text PRIMARY KEY,
        position bigint NOT NULL
      );
      INSERT INTO relay (name, position) VALUES ('sequencer', 0), ('nats', 0);

      -- Idempotency-Key of POST: the answer is stored in the transaction that the request made.
      CREATE TABLE idempotency_key (
        principal text NOT NULL,
        key text NOT NULL,
        fingerprint text NOT NULL,
        location text,
        etag text,
        body text,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (principal, key)
      );
      CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
