import type { Writable } from 'node:stream';
import pg from 'pg';
import type { Parameter } from './parameter-text.js';
import { StatementGroup, type KnownColumns, type StatementResult } from './statement-group.js';

/**
 * A connection that never ends the process: an 'error' event may come at a moment when neither pool nor TypeORM listens
 * (between two of their own listeners). Whoever uses a broken connection is told by the query that fails.
 *
 * What is sent without waiting for an answer leaves in one piece: a write to the socket costs more than most statements.
 */
export class GatheringClient extends pg.Client {
  private readonly known: KnownColumns = new Map();
  private readonly single: (query: StatementGroup) => unknown;
  private gathering = false;
  private group?: StatementGroup | undefined;

  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
    const query = this.query.bind(this) as (...args: unknown[]) => unknown;
    this.single = query;
    this.query = ((...args: unknown[]) => {
      this.gather();
      this.submitGroup(); // in the order in which they came
      return query(...args);
    }) as typeof this.query;
  }

  /** A statement prepared under a name of its own; together with those that are sent at the same time. */
  send(name: string, text: string, values: readonly Parameter[]): Promise<StatementResult> {
    this.gather();
    this.group ??= new StatementGroup(this.known);
    return this.group.add(name, text, values);
  }

  private gather(): void {
    if (this.gathering) return;
    const { stream } = (this as unknown as { connection: { stream: Writable } }).connection;
    this.gathering = true;
    stream.cork();
    // after all microtasks: whoever sends without waiting has sent by then
    process.nextTick(() => {
      this.submitGroup();
      this.gathering = false;
      stream.uncork();
    });
  }

  private submitGroup(): void {
    const { group } = this;
    if (group === undefined) return;
    this.group = undefined;
    this.single(group);
  }
}
