import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../../platform/database/database.js';
import { Problem } from '../../platform/problem/problem.js';
import { findPool } from '../pools/find-pool.js';
import type { Noun } from './columns.js';
import { nounsOf, type ExportQuery } from './export.dto.js';
import { BATCH, CURSORS } from './export.queries.js';
import { FORMATS, type Counts, type Format, type Row } from './formats.js';

/** Each holds a connection to the database for as long as it takes, of the few that all requests share. */
const AT_ONCE = 2;

/** Can be iterated, and ended before its end. */
interface Pieces extends AsyncIterableIterator<string, void> {
  return(): Promise<IteratorResult<string, void>>;
}

export interface Export {
  mediaType: string;
  /** The text in pieces of one batch each. Whoever stops iterating ends the transaction. */
  pieces: Pieces;
}

@Injectable()
export class ExportService {
  private running = 0;

  constructor(private readonly database: Database) {}

  /** Begins an export: what is wrong before its first row is a problem still, and what is wrong later breaks it off. */
  async begin(query: ExportQuery): Promise<Export> {
    const nouns = nounsOf(query.type);
    const format = FORMATS[query.format ?? 'json'](nouns);
    const pieces = this.counted(
      this.database.snapshot((transaction) => written(transaction, nouns, format, query.pool)),
    );
    const first = await pieces.next();
    return { mediaType: format.mediaType, pieces: resumed(first, pieces) };
  }

  private async *counted(pieces: AsyncGenerator<string, void>): AsyncGenerator<string, void> {
    if (this.running >= AT_ONCE) {
      throw new Problem(
        'unavailable',
        `${AT_ONCE} exports are running in this process. Try again when one has ended.`,
        {
          headers: { 'retry-after': '5' },
        },
      );
    }
    this.running++;
    try {
      yield* pieces;
    } finally {
      this.running--;
    }
  }
}

/** An iteration with its first result taken already. Not a generator: one that was never asked would not end `rest`. */
function resumed(first: IteratorResult<string, void>, rest: Pieces): Pieces {
  let taken: IteratorResult<string, void> | undefined = first;
  return {
    next: () => {
      const result = taken === undefined ? rest.next() : Promise.resolve(taken);
      taken = undefined;
      return result;
    },
    return: () => rest.return(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* written(
  transaction: Transaction,
  nouns: readonly Noun[],
  format: Format,
  poolName: string | undefined,
): AsyncGenerator<string, void> {
  const pool = poolName === undefined ? undefined : (await findPool(transaction.manager, 'pool', poolName)).id;
  const counts: Counts = {};
  // What has to stand before the next rows goes out with them: the first piece has rows, or an error before any was sent.
  let text = format.begin();
  for (const noun of nouns) {
    text += format.section(noun);
    counts[noun] = 0;
    for await (const rows of batches(transaction, noun, pool)) {
      counts[noun] += rows.length;
      yield text + format.rows(noun, rows);
      text = '';
    }
  }
  text += format.end(counts);
  if (text !== '') yield text;
}

async function* batches(transaction: Transaction, noun: Noun, pool: string | undefined): AsyncGenerator<Row[], void> {
  const { declare, fetch, close } = CURSORS[noun];
  if (pool === undefined) transaction.write(declare.all);
  else transaction.write(declare.pool, [pool]);
  for (;;) {
    const rows = await transaction.query<Row>(fetch);
    if (rows.length > 0) yield rows;
    if (rows.length < BATCH) break;
  }
  transaction.write(close);
}
