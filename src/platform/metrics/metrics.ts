import type { Family } from './exposition.js';
import { Counter, Histogram } from './instruments.js';

/** Seconds. From a read of one row to the limit of a statement. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What this process counts while it works. Adding to it is a look-up in a map. */
export class Metrics {
  readonly httpRequests = new Counter<'method' | 'route' | 'status'>(
    'berth_http_requests_total',
    'HTTP requests answered, by route template',
  );

  readonly httpDurations = new Histogram<'method' | 'route'>(
    'berth_http_request_duration_seconds',
    'Time from the head of a request to the end of its answer',
    DURATIONS,
  );

  readonly claims = new Counter<'kind' | 'outcome'>(
    'berth_claims_total',
    'Claims of addresses and ports by outcome: granted, exhausted, conflict (with something held), refused (otherwise), failed',
  );

  readonly claimDurations = new Histogram<'kind'>(
    'berth_claim_duration_seconds',
    'Time of the transaction that a claim shared',
    DURATIONS,
  );

  /** Zones are as few as pools name. */
  readonly dnsUpdates = new Counter<'zone' | 'outcome'>(
    'berth_dns_updates_total',
    'Names sent to a DNS server by outcome: done, foreign (somebody else has the name), refused, key (not accepted), away (no answer)',
  );

  readonly events = new Counter<'outcome'>(
    'berth_events_published_total',
    'Events sent to NATS by outcome: stored, duplicate (the stream had it), parked (NATS does not take it)',
  );

  readonly hooks = new Counter<'operation' | 'outcome'>(
    'berth_hooks_total',
    'Pre-commit hooks asked, by outcome: allowed, vetoed, silent (nobody answered, or not with an answer)',
  );

  readonly hookDurations = new Histogram<'operation'>(
    'berth_hook_duration_seconds',
    'Time that a request waited for its pre-commit hook',
    DURATIONS,
  );

  readonly busRequests = new Counter<'operation' | 'status'>(
    'berth_bus_requests_total',
    'Requests answered over NATS; those that reached a route count among the HTTP requests too',
  );

  readonly webhooks = new Counter<'outcome'>(
    'berth_webhook_deliveries_total',
    'Attempts to deliver an event to a webhook by outcome: delivered, failed',
  );

  families(): Family[] {
    return [
      ...[this.httpRequests, this.httpDurations, this.claims, this.claimDurations],
      ...[this.events, this.hooks, this.hookDurations, this.busRequests, this.dnsUpdates, this.webhooks],
    ].map((one) => one.family());
  }
}
