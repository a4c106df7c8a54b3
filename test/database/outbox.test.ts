import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { readBatch, writeBatches, type StoredBatch } from '../../src/control-plane/events/batch.js';
import type { NewEvent, StoredEvent } from '../../src/control-plane/events/event.js';
import { APPEND_BATCH, BATCHES_AFTER } from '../../src/control-plane/events/outbox.queries.js';
import { WithMembers } from '../../src/control-plane/events/with-members.js';
import { JsonText } from '../../src/platform/json/json-text.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const json = fc.json().map((text) => new JsonText(text));
const who = fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined });
const plain = fc.record<NewEvent>({
  noun: fc.constantFrom('pool', 'lease'),
  verb: fc.constantFrom('updated', 'deleted'),
  id: fc.uuid(),
  owner: who,
  actor: fc.option(who),
  data: json,
});
/** A whole with members in a list, as the text of a reservation has its leases. */
const whole = fc
  .record({ id: fc.uuid(), name: fc.string({ unit: 'grapheme' }), members: fc.array(fc.tuple(fc.uuid(), fc.ipV6())) })
  .map(({ id, name, members }): NewEvent => ({
    ...{ noun: 'reservation', verb: 'created', id, owner: name, actor: 'ann' },
    data: new WithMembers([`{"name":${JSON.stringify(name)},"leases":[`, '],"version":1}'], {
      noun: 'lease',
      shape: [`{"name":${JSON.stringify(name)},"id":"`, '","address":"', '"}'],
      ids: members.map(([member]) => member),
      values: members.map(([, value]) => value),
    }),
  }));
const events = fc.array(fc.oneof(plain, whole), { minLength: 1, maxLength: 6 });

/** How a process of the version before reads a row. */
const asBefore = ({ body }: StoredBatch): { id: string; type: string; subject: string; data: string }[] =>
  body
    .split('\u001e')
    .slice(1)
    .map((record) => {
      const [head = '', data = ''] = record.split('\u001f');
      const { id, type, subject } = JSON.parse(head) as Record<'id' | 'type' | 'subject', string>;
      return { id, type, subject, data };
    });

describe('the outbox', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client(database.url);
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const last = async (): Promise<number> =>
    Number(
      (await client.query<{ n: string }>('SELECT coalesce(max(last_position), 0)::text AS n FROM outbox_packed'))
        .rows[0]?.n,
    );
  const write = async (told: readonly NewEvent[]): Promise<void> => {
    for (const { events: count, body } of writeBatches(told, 'root')) await client.query(APPEND_BATCH, [count, body]);
    await client.query('SELECT outbox_sequence(500)');
  };
  const read = async (after: number): Promise<StoredEvent[]> => {
    const { rows } = await client.query<StoredBatch>(BATCHES_AFTER, [String(after), 1000]);
    return rows.flatMap((row) => [...readBatch(row, after)]);
  };

  it('shows single events, written out, the same way to everybody', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (told) => {
        const before = await last();
        await write(told);
        const single = await read(before);
        const count = told.reduce(
          (n, { data }) => n + 1 + (data instanceof WithMembers ? data.members.ids.length : 0),
          0,
        );
        expect(single.map(({ position }) => position)).toEqual(Array.from({ length: count }, (_, n) => before + 1 + n));
        expect(new Set(single.map(({ id }) => id)).size).toBe(count);

        const viewed = await client.query(
          `SELECT position::int, id::text, type, subject, owner, actor, data::text FROM outbox WHERE position > $1
           ORDER BY seq`,
          [before],
        );
        expect(viewed.rows).toEqual(single.map(({ time: _time, traceparent: _trace, ...event }) => event));

        const old = await client.query<StoredBatch>(BATCHES_AFTER.replace('outbox_packed', 'outbox_batch'), [
          before,
          100,
        ]);
        expect(old.rows.flatMap(asBefore)).toEqual(
          single.map(({ id, type, subject, data }) => ({ id, type, subject, data })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('tells of a whole first, then of its members, in order and from anywhere', async () => {
    const before = await last();
    const members = new WithMembers(['{"leases":[', ']}'], {
      ...{ noun: 'lease', shape: ['{"id":"', '","address":"', '"}'], ids: ['a', 'b', 'c'], values: ['1', '2', '3'] },
    });
    await write([
      { noun: 'reservation', verb: 'created', id: 'r', owner: 'ann', data: members },
      { noun: 'pool', verb: 'updated', id: 'p', data: {} },
    ]);
    const all = await read(before);
    expect(all.map(({ type, subject, owner, actor, data }) => [type, subject, owner, actor, data])).toEqual([
      [
        ...['ipam.reservation.created', 'reservations/r', 'ann', 'root'],
        '{"leases":[{"id":"a","address":"1"},{"id":"b","address":"2"},{"id":"c","address":"3"}]}',
      ],
      ['ipam.lease.created', 'leases/a', 'ann', 'root', '{"id":"a","address":"1"}'],
      ['ipam.lease.created', 'leases/b', 'ann', 'root', '{"id":"b","address":"2"}'],
      ['ipam.lease.created', 'leases/c', 'ann', 'root', '{"id":"c","address":"3"}'],
      ['ipam.pool.updated', 'pools/p', null, 'root', '{}'],
    ]);
    for (const n of all.keys()) expect(await read(before + n)).toEqual(all.slice(n));
  });

  it('counts on from an id that ends in all ones without leaving its form', async () => {
    const head = JSON.stringify({
      id: '0192f0c1-7a3e-7c11-9d0a-ffffffffffff',
      type: 'ipam.reservation.created',
      subject: 's',
    });
    const body = `\u001e${head}\u001f[\u001dipam.lease.created\u001cleases\u001c"\u001c\u001c"\u001da\u001c1\u001d]`;
    const before = await last();
    await client.query(APPEND_BATCH, [2, body]);
    await client.query('SELECT outbox_sequence(500)');
    const ids = ['0192f0c1-7a3e-7c11-9d0a-ffffffffffff', '0192f0c1-7a3e-7c11-9d0a-000000000000'];
    expect((await read(before)).map(({ id }) => id)).toEqual(ids);
    const viewed = await client.query<{ id: string }>('SELECT id FROM outbox WHERE position > $1 ORDER BY seq', [
      before,
    ]);
    expect(viewed.rows.map(({ id }) => id)).toEqual(ids);
  });

  it('takes the rows of processes of the version before', async () => {
    const before = await last();
    const [row] = writeBatches([{ noun: 'pool', verb: 'created', id: 'p', data: { name: 'x' } }], 'root');
    const { rows } = await client.query<{ id: string }>(
      `WITH batch AS (INSERT INTO outbox_batch (events, body) VALUES ($1, $2) RETURNING id) SELECT id FROM batch`,
      [row?.events, row?.body],
    );
    expect(Number(rows[0]?.id)).toBeGreaterThan(0);
    await client.query('SELECT outbox_sequence(500)');
    expect(await read(before)).toMatchObject([
      { position: before + 1, type: 'ipam.pool.created', data: '{"name":"x"}' },
    ]);
  });
});
