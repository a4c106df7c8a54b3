import { writeJson } from '../../platform/json/json-text.js';
import { newId } from '../resource/id.js';
import type { NewEvent, StoredEvent } from './event.js';
import { collectionOf, eventSubject, eventType } from './event-types.js';
import { memberText, WithMembers, type Shape } from './with-members.js';

/** Limits of one row, so that a reader never has much more than it asked for in memory. */
const MAX_EVENTS = 500;
const MAX_CHARACTERS = 256 * 1024;

/**
 * Control characters that JSON text cannot hold (RFC 8259 section 2; the first is what RFC 7464 marks records with), so
 * that what is between them needs no escaping and keeps its text.
 */
const RECORD = '\u001e';
const UNIT = '\u001f';
/**
 * Where an event has members, four of these parts stand in place of its data: what is before its list of members; type,
 * collection and the three pieces of text that the members share; the id and value of each; what is after the list.
 */
const PART = '\u001d';
const FIELD = '\u001c';

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

const member = (name: 'owner' | 'actor' | 'traceparent', value: string | null | undefined): string =>
  value == null ? '' : `,"${name}":${JSON.stringify(value)}`;

/**
 * Writes events as rows, in order; `by` did those that do not say who, in the trace `traceparent`. A row has no more than its limits but for the
 * members of its last event, which are short.
 */
export function writeBatches(events: readonly NewEvent[], by: string | null, traceparent?: string): Batch[] {
  const batches: Batch[] = [];
  let body = '';
  let count = 0;
  let desired = new Set<string>();
  const close = (): void => {
    if (count > 0) batches.push({ events: count, body, desiredBy: [...desired].sort() });
    [body, count, desired] = ['', 0, new Set()];
  };
  for (const event of events) {
    const { data } = event;
    const who =
      member('owner', event.owner) +
      member('actor', event.actor === undefined ? by : event.actor) +
      member('traceparent', event.traceparent ?? traceparent);
    const head = `{"id":"${newId()}","type":"${eventType(event)}","subject":"${eventSubject(event)}"${who}}`;
    body += RECORD + head + UNIT + (data instanceof WithMembers ? parts(event, data) : writeJson(data));
    count += data instanceof WithMembers ? 1 + data.members.ids.length : 1;
    if (event.desiredBy !== undefined) desired.add(event.desiredBy);
    if (count >= MAX_EVENTS || body.length > MAX_CHARACTERS) close();
  }
  close();
  return batches;
}

function parts({ verb }: NewEvent, { around: [before, after], members }: WithMembers): string {
  const { noun, shape, ids, values } = members;
  const shared = [eventType({ noun, verb }), collectionOf(noun), ...shape].join(FIELD);
  let list = '';
  for (const [n, id] of ids.entries()) list += `${n === 0 ? '' : FIELD}${id}${FIELD}${values[n] ?? ''}`;
  return before + PART + shared + PART + list + PART + after;
}

/** The events of some rows that come after a position, in order, each made when it is asked for. */
export function* readBatches(batches: readonly StoredBatch[], after: number): Generator<StoredEvent> {
  for (const batch of batches) yield* readBatch(batch, after);
}

/** The events of a row that come after a position, in order. */
export function* readBatch({ lastPosition, events, body, time }: StoredBatch, after: number): Generator<StoredEvent> {
  let position = Number(lastPosition) - events;
  for (const record of body.split(RECORD).slice(1)) {
    const end = record.indexOf(UNIT);
    const [before = '', shared = '', list = '', behind = ''] = record.slice(end + 1).split(PART);
    const fields = list === '' ? [] : list.split(FIELD);
    const count = fields.length / 2;
    position++;
    if (position + count > after) {
      const head = headOf(record.slice(0, end));
      const [type = '', collection = '', ...pieces] = shared.split(FIELD);
      const shape: Shape = [pieces[0] ?? '', pieces[1] ?? '', pieces[2] ?? ''];
      const data = (n: number): string => memberText(shape, fields[2 * n] ?? '', fields[2 * n + 1] ?? '');
      if (position > after) {
        let members = '';
        for (let n = 0; n < count; n++) members += `${n === 0 ? '' : ','}${data(n)}`;
        yield { position, ...head, data: before + members + behind, time };
      }
      for (let n = Math.max(0, after - position); n < count; n++) {
        const [id, subject] = [memberEventId(head.id, n + 1), `${collection}/${fields[2 * n] ?? ''}`];
        yield { ...head, position: position + n + 1, id, type, subject, data: data(n), time };
      }
    }
    position += count;
  }
}

function headOf(text: string): Pick<StoredEvent, 'id' | 'type' | 'subject' | 'owner' | 'actor' | 'traceparent'> {
  const head = JSON.parse(text) as Pick<StoredEvent, 'id' | 'type' | 'subject'> & Partial<StoredEvent>;
  return { ...head, owner: head.owner ?? null, actor: head.actor ?? null, traceparent: head.traceparent ?? null };
}

/**
 * The id of the event of the n-th member: that of the whole's event, counted on in its last 48 bits, which are random, so it
 * is as unique as any other. The function outbox_events says the same in SQL.
 */
const memberEventId = (id: string, n: number): string =>
  id.slice(0, 24) + ((parseInt(id.slice(24), 16) + n) % 2 ** 48).toString(16).padStart(12, '0');
