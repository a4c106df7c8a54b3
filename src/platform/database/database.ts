import { DataSource, type DataSourceOptions, type EntityManager, type QueryRunner } from 'typeorm';
import { Problem } from '../problem/problem.js';
import type { GatheringClient } from './gathering-client.js';
import { parameterText } from './parameter-text.js';
import { NotReached, type StatementResult } from './statement-group.js';
import { isTransient, isUnavailable } from './database-error.js';

const ATTEMPTS = 4;
const SNAPSHOT = 'START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY';

/**
 * One open transaction. The connection is pipelined: statements are sent as they come and carried out in order, so only
 * who needs an answer waits for a round trip.
 */
export class Transaction {
  private readonly unanswered: Promise<unknown>[] = [];
  private ended = false;

  private constructor(
    private readonly runner: QueryRunner,
    private readonly client: GatheringClient,
  ) {}

  static async begin(runner: QueryRunner, start = 'START TRANSACTION'): Promise<Transaction> {
    const transaction = new Transaction(runner, (await runner.connect()) as GatheringClient);
    transaction.write(start);
    // TypeORM must know, for locks, that there is a transaction; its own start would wait for the answer.
    (runner as { isTransactionActive: boolean }).isTransactionActive = true;
    return transaction;
  }

  get manager(): EntityManager {
    return this.runner.manager;
  }

  /**
   * Rows of a statement (of its RETURNING clause, for a writing one). Prepared under a name, so that PostgreSQL parses and
   * plans it once a connection: the text must be a constant, never assembled from values.
   */
  async query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const { rows } = await this.send(sql, parameters);
    return rows as Row[];
  }

  /** Sends a statement whose answer nobody needs; should it fail, so does the commit. */
  write(sql: string, parameters: unknown[] = []): void {
    const sent = this.send(sql, parameters);
    sent.catch(() => undefined); // told by commit()
    this.unanswered.push(sent);
  }

  private send(sql: string, values: readonly unknown[]): Promise<StatementResult> {
    return this.client.send(statementName(sql), sql, values.map(parameterText));
  }

  /** Resolves when everything is committed; rejects with the first error, and then nothing is. */
  async commit(): Promise<void> {
    const commit = this.send('COMMIT', []);
    for (const sent of await Promise.allSettled([...this.unanswered, commit])) {
      if (sent.status === 'rejected') throw firstError(sent.reason);
    }
    this.end();
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and no error.
    if ((await commit).command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back');
  }

  /**
   * Ends it without effect; answers with what went wrong first: after a failed write, later statements only say that the
   * transaction is aborted. A rollback that fails means that the connection is gone, and with it the transaction.
   */
  async rollback(error: unknown): Promise<unknown> {
    if (this.ended) return error;
    this.end();
    await this.client.query('ROLLBACK').catch(() => undefined);
    const failed = (await Promise.allSettled(this.unanswered)).find((sent) => sent.status === 'rejected');
    return firstError(failed === undefined ? error : failed.reason);
  }

  private end(): void {
    this.ended = true;
    (this.runner as { isTransactionActive: boolean }).isTransactionActive = false;
  }
}

const firstError = (error: unknown): unknown => (error instanceof NotReached ? error.cause : error);

const names = new Map<string, string>();

function statementName(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = `berth_${names.size}`;
    names.set(sql, name);
  }
  return name;
}

/** TypeORM answers UPDATE and DELETE with [rows, count], everything else with rows. */
function rows<Row>(result: unknown): Row[] {
  if (Array.isArray(result) && result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number') {
    return result[0] as Row[];
  }
  return result as Row[];
}

/**
 * The connection to PostgreSQL. It connects when first asked and again after every loss, so a process starts and
 * survives without its database; meanwhile every call fails with the problem `unavailable` (503).
 */
export class Database {
  private readonly dataSource: DataSource;
  private connecting?: Promise<unknown>;

  constructor(options: DataSourceOptions) {
    this.dataSource = new DataSource(options);
  }

  private async source(): Promise<DataSource> {
    if (!this.dataSource.isInitialized) {
      this.connecting ??= this.dataSource.initialize().finally(() => (this.connecting = undefined));
      await this.connecting;
    }
    return this.dataSource;
  }

  /** For plain reads by repository. */
  async manager(): Promise<EntityManager> {
    return this.guard(async () => (await this.source()).manager);
  }

  /** One statement outside a transaction. */
  async query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.guard(async () => rows<Row>(await (await this.source()).query(sql, parameters)));
  }

  /** A read by repository or query builder; faults become problems. */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.guard(async () => work((await this.source()).manager));
  }

  /**
   * Runs the work in one READ COMMITTED transaction; commits when it resolves, rolls back when it rejects. A deadlock
   * or serialization failure runs it again (4 times at most): the work must have no effect but its statements.
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.guard(() => this.attempt(work));
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (attempt === ATTEMPTS) {
          throw new Problem('unavailable', 'The database is too busy with conflicting changes. Try again.', {
            cause: error,
          });
        }
      }
    }
  }

  private async attempt<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const runner = (await this.source()).createQueryRunner();
    try {
      const transaction = await Transaction.begin(runner);
      try {
        const result = await work(transaction);
        await transaction.commit();
        return result;
      } catch (error) {
        throw await transaction.rollback(error);
      }
    } finally {
      await runner.release().catch(() => undefined);
    }
  }

  /**
   * What is read in one snapshot: a REPEATABLE READ transaction that only reads and holds a connection until the iteration
   * ends, whoever ends it.
   */
  async *snapshot<T>(read: (transaction: Transaction) => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
    const runner = (await this.guard(() => this.source())).createQueryRunner();
    try {
      const transaction = await this.guard(() => Transaction.begin(runner, SNAPSHOT));
      const items = read(transaction);
      try {
        for (;;) {
          const item = await this.guard(() => items.next());
          if (item.done === true) break;
          yield item.value;
        }
      } catch (error) {
        throw await transaction.rollback(error);
      } finally {
        await transaction.rollback(undefined);
      }
    } finally {
      await runner.release().catch(() => undefined);
    }
  }

  private async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isUnavailable(error)) {
        throw new Problem('unavailable', 'The database does not answer. Nothing is lost; try again.', {
          cause: error,
          headers: { 'retry-after': '1' },
        });
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.connecting?.catch(() => undefined);
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
