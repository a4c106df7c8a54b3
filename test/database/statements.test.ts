import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { databaseError } from '../../src/platform/database/database-error.js';
import { Database, type Transaction } from '../../src/platform/database/database.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** Everything that a statement of ours is called with, and the type that it has there. */
const time = fc.date({ noInvalidDate: true, min: new Date('-000100-01-01'), max: new Date('+020000-01-01') });
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', '\\', '{', ',', 'null', 'NULL', ' ', "'"));
const values = fc.record({
  text: fc.option(text),
  texts: fc.array(fc.option(text), { maxLength: 5 }),
  numbers: fc.array(fc.option(fc.integer()), { maxLength: 5 }),
  big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  flag: fc.boolean(),
  time,
  times: fc.array(fc.option(time), { maxLength: 3 }),
  json: fc.record({ a: fc.array(fc.integer()), b: text }),
});
const storable = (value: unknown): boolean =>
  !JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)).includes('\\u0000');

const SAME = `SELECT $1::text AS text, $2::text[] AS texts, $3::integer[] AS numbers, $4::bigint AS big,
  $5::boolean AS flag, $6::timestamptz AS time, $7::timestamptz[] AS times, $8::jsonb AS json`;

describe('statements of a transaction', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  /** One connection: what a transaction leaves behind, the next one finds. */
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = new Database(dataSourceOptions(testDatabase.url, 1));
    await database.query('CREATE TABLE note (id integer PRIMARY KEY, text text)');
  });
  afterAll(async () => {
    await database.close();
    await testDatabase.drop();
  });

  const insert = (transaction: Transaction, id: number): void =>
    transaction.write('INSERT INTO note (id) VALUES ($1)', [id]);
  const notes = async (): Promise<number[]> =>
    (await database.query<{ id: number }>('SELECT id FROM note ORDER BY id')).map(({ id }) => id);

  it('give values back as they were, also beside what pg itself makes of them', async () => {
    const plain = new pg.Client(testDatabase.url);
    await plain.connect();
    try {
      await fc.assert(
        fc.asyncProperty(values.filter(storable), async (value) => {
          const [row] = await database.transaction((transaction) =>
            transaction.query<Record<string, unknown>>(SAME, Object.values(value)),
          );
          const { rows } = await plain.query<Record<string, unknown>>(SAME, Object.values(value));
          expect(row).toEqual(rows[0]);
          expect(row).toEqual({ ...value, big: String(value.big) });
        }),
        { numRuns: 200 },
      );
    } finally {
      await plain.end();
    }
  });

  it('that are sent together are carried out in order, each with its own rows', async () => {
    const seen = await database.transaction(async (transaction) => {
      insert(transaction, 1);
      const one = transaction.query<{ n: number }>('SELECT count(*)::int AS n FROM note');
      insert(transaction, 2);
      const two = transaction.query<{ n: number }>('SELECT count(*)::int AS n FROM note');
      const none = transaction.query('SELECT 1 WHERE false');
      return Promise.all([one, two, none]);
    });
    expect(seen).toEqual([[{ n: 1 }], [{ n: 2 }], []]);
    expect(await notes()).toEqual([1, 2]);
  });

  it('keep their order with those of a manager', async () => {
    await database.transaction(async (transaction) => {
      insert(transaction, 3);
      const rows: unknown = await transaction.manager.query('DELETE FROM note WHERE id = 3 RETURNING id');
      expect(rows).toEqual([[{ id: 3 }], 1]);
    });
    expect(await notes()).toEqual([1, 2]);
  });

  it.each([
    [
      'a write that nobody waits for, at the end',
      (transaction: Transaction): Promise<void> => {
        insert(transaction, 1);
        return Promise.resolve();
      },
    ],
    [
      'a write with a read after it, which is passed over',
      async (transaction: Transaction) => {
        insert(transaction, 1);
        await transaction.query('SELECT 1 AS a');
      },
    ],
    [
      'a read with a write after it, which is passed over',
      async (transaction: Transaction) => {
        const read = transaction.query('INSERT INTO note (id) VALUES (1) RETURNING id');
        insert(transaction, 8);
        await read;
      },
    ],
  ])('undo all when one fails, and say why: %s', async (_name, work) => {
    const failed = database.transaction(async (transaction) => {
      insert(transaction, 7);
      await transaction.query('SELECT 1 AS b');
      await work(transaction);
    });
    const error = await failed.catch((reason: unknown) => reason);
    expect([databaseError(error)?.code, databaseError(error)?.constraint]).toEqual(['23505', 'note_pkey']);
    // the connection is as good as new, and knows its statements
    expect(await notes()).toEqual([1, 2]);
    await database.transaction(async (transaction) => {
      insert(transaction, 9);
      insert(transaction, 8);
      await transaction.query('SELECT 1 AS a');
      expect(await transaction.query('DELETE FROM note WHERE id > 2 RETURNING id')).toHaveLength(2);
    });
  });

  it('undo all when one fails that nobody looks at', async () => {
    const failed = database.transaction(async (transaction) => {
      insert(transaction, 7);
      await transaction.query('INSERT INTO note (id) VALUES (1) RETURNING id').catch(() => undefined);
    });
    await expect(failed).rejects.toThrow('rolled back');
    expect(await notes()).toEqual([1, 2]);
  });

  it('with a value that cannot be written commit nothing', async () => {
    const failed = database.transaction((transaction) => {
      insert(transaction, 4);
      transaction.write('INSERT INTO note (id, text) VALUES (5, $1)', [new Date(NaN)]);
      return Promise.resolve();
    });
    await expect(failed).rejects.toThrow(RangeError);
    expect(await notes()).toEqual([1, 2]);
  });
});
