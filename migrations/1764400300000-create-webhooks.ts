import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Subscriptions of HTTP receivers, how far each one is, and what it has not taken (docs/decisions/0035-webhooks.md). */
export class CreateWebhooks1764400300000 implements MigrationInterface {
  name = 'CreateWebhooks1764400300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS webhook (
        id text PRIMARY KEY,
        name text NOT NULL,
        tags text[] NOT NULL,
        metadata json NOT NULL,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        url text NOT NULL,
        -- which events; empty is all
        types text[] NOT NULL,
        subjects text[] NOT NULL,
        owners text[] NOT NULL,
        enabled boolean NOT NULL,
        -- why Berth disabled it; null: it did not
        disabled_reason text,
        -- sealed with WEBHOOKS_SECRET_KEY where that is set
        secret text NOT NULL,
        -- the one before, which signs too until its time
        old_secret text,
        old_secret_until timestamptz
      );

      -- apart from the resource, whose version and ETag deliveries must not change
      CREATE TABLE IF NOT EXISTS webhook_progress (
        webhook_id text PRIMARY KEY REFERENCES webhook ON DELETE CASCADE,
        -- of the last event that was delivered, put aside, or not wanted
        position bigint NOT NULL,
        -- events that the outbox no longer had when their turn came
        missed bigint NOT NULL DEFAULT 0,
        holder text,
        epoch bigint NOT NULL DEFAULT 0,
        held_until timestamptz,
        -- attempts that failed since the last that did not
        failures integer NOT NULL DEFAULT 0,
        failing_since timestamptz,
        -- nothing is sent before this, after failures in a row
        rests_until timestamptz,
        last_error text,
        last_delivered_at timestamptz
      );

      -- what waits for another attempt, or for one before it about the same resource, or has had its last
      CREATE TABLE IF NOT EXISTS webhook_event (
        webhook_id text NOT NULL REFERENCES webhook ON DELETE CASCADE,
        position bigint NOT NULL,
        event_id text NOT NULL,
        type text NOT NULL,
        subject text NOT NULL,
        -- CloudEvents JSON, since the outbox may have removed it
        body text NOT NULL,
        attempts integer NOT NULL,
        next_at timestamptz NOT NULL,
        dead_at timestamptz,
        error text,
        PRIMARY KEY (webhook_id, position)
      );
      CREATE INDEX IF NOT EXISTS webhook_event_waiting ON webhook_event (webhook_id, subject, position)
        WHERE dead_at IS NULL;
      CREATE INDEX IF NOT EXISTS webhook_event_dead ON webhook_event (webhook_id, position) WHERE dead_at IS NOT NULL;
    `);
  }

  async down(): Promise<void> {
    // Migrations only go forward.
  }
}
