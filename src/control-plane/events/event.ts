import { EVENT_VERSION, schemaPath, type Noun, type Verb } from './event-types.js';

/** A fact to be told, once the transaction that makes it true has committed. */
export interface NewEvent {
  noun: Noun;
  verb: Verb;
  /** The resource's id. */
  id: string;
  owner?: string | undefined;
  /** Who did it, by principal name; null: time or Berth itself. Left out: whoever the unit of work runs for. */
  actor?: string | null | undefined;
  /** Trace context (W3C) of the request. Left out: that of the unit of work. */
  traceparent?: string | undefined;
  /** The resource after the change (before it, for `deleted`); WithMembers tells its members too. */
  data: object;
  /** The gateway whose desired state this change is part of: its generation grows. */
  desiredBy?: string | undefined;
}

/** One row of the outbox as readers get it. */
export interface StoredEvent {
  position: number;
  /** Event id, also `Nats-Msg-Id`. */
  id: string;
  /** `ipam.<noun>.<verb>`. */
  type: string;
  /** `<collection>/<id>`. */
  subject: string;
  owner: string | null;
  /** Who did it; null: time or Berth itself, or nobody noted it. */
  actor: string | null;
  /** Trace context of the request that did it, if it had one. */
  traceparent: string | null;
  /** JSON text. */
  data: string;
  time: Date;
}

/**
 * The event as CloudEvents 1.0 JSON (structured mode), with the extensions for sequences (its place in the one stream of all
 * events, in as many digits always, so that it sorts as text) and for distributed tracing. `publicUrl` is where the schemas
 * are.
 */
export function cloudEvent(event: StoredEvent, publicUrl: string): string {
  const head = JSON.stringify({
    specversion: '1.0',
    id: event.id,
    source: 'berth',
    type: `${event.type}.${EVENT_VERSION}`,
    subject: event.subject,
    time: event.time.toISOString(),
    datacontenttype: 'application/json',
    dataschema: publicUrl + schemaPath(event.type),
    sequence: String(event.position).padStart(16, '0'),
    ...(event.owner === null ? {} : { owner: event.owner }),
    ...(event.actor === null ? {} : { actor: event.actor }),
    ...(event.traceparent === null ? {} : { traceparent: event.traceparent }),
  });
  // The data is JSON text already, and metadata inside it must stay as it is.
  return `${head.slice(0, -1)},"data":${event.data}}`;
}
