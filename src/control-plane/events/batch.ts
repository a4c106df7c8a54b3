import { writeJson } from '../../platform/json/json-text.js';
import { newId } from '../resource/id.js';
import { eventSubject, eventType, type NewEvent, type StoredEvent } from './event.js';

/** Limits of one row, so that a reader never has much more than it asked for in memory. */
const MAX_EVENTS = 500;
const MAX_CHARACTERS = 256 * 1024;

/**
 * Control characters that JSON text cannot hold (RFC 8259 section 2; the first is what RFC 7464 marks records with), so
 * that what is between them needs no escaping and keeps its text.
 */
const RECORD = '\u001e';
const UNIT = '\u001f';

/** Some events of one transaction, as one row of the outbox. */
export interface Batch {
  events: number;
  body: string;
  /** The gateways whose desired state they change. */
  desiredBy: string[];
}

/** One row of the outbox as readers get it. */
export interface StoredBatch {
  lastPosition: string;
  events: number;
  body: string;
  time: Date;
}

const member = (name: 'owner' | 'actor', value: string | null | undefined): string =>
  value == null ? '' : `,"${name}":${JSON.stringify(value)}`;

/** Writes events as rows, in order; `by` did those that do not say who. */
export function writeBatches(events: readonly NewEvent[], by: string | null): Batch[] {
  const batches: Batch[] = [];
  let body = '';
  let count = 0;
  let desired = new Set<string>();
  const close = (): void => {
    if (count > 0) batches.push({ events: count, body, desiredBy: [...desired].sort() });
    [body, count, desired] = ['', 0, new Set()];
  };
  for (const event of events) {
    const who = member('owner', event.owner) + member('actor', event.actor === undefined ? by : event.actor);
    const head = `{"id":"${newId()}","type":"${eventType(event)}","subject":"${eventSubject(event)}"${who}}`;
    body += RECORD + head + UNIT + writeJson(event.data);
    count++;
    if (event.desiredBy !== undefined) desired.add(event.desiredBy);
    if (count === MAX_EVENTS || body.length > MAX_CHARACTERS) close();
  }
  close();
  return batches;
}

/** The events of a row that come after a position, in order. */
export function readBatch(batch: StoredBatch, after: number): StoredEvent[] {
  const first = Number(batch.lastPosition) - batch.events + 1;
  return batch.body
    .split(RECORD)
    .slice(1 + Math.max(0, after + 1 - first))
    .map((record, n) => {
      const end = record.indexOf(UNIT);
      const head = JSON.parse(record.slice(0, end)) as Pick<StoredEvent, 'id' | 'type' | 'subject'> & {
        owner?: string | null;
        actor?: string | null;
      };
      return {
        position: Math.max(first, after + 1) + n,
        ...head,
        owner: head.owner ?? null,
        actor: head.actor ?? null,
        data: record.slice(end + 1),
        time: batch.time,
      };
    });
}
