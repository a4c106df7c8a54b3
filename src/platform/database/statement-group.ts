import pg from 'pg';
import type { Parameter } from './parameter-text.js';

/** What a statement gave. */
export interface StatementResult {
  rows: unknown[];
  /** The command tag, such as `COMMIT` or `INSERT 0 3`. */
  command: string;
}

interface Statement {
  name: string;
  text: string;
  values: readonly Parameter[];
  result: StatementResult;
  resolve: (result: StatementResult) => void;
  reject: (error: unknown) => void;
}

/** The columns that a prepared statement answers with: the same for as long as its connection knows it. */
interface Columns {
  names: readonly string[];
  parsers: readonly ((text: string) => unknown)[];
  /** A row of nulls: copying it gives all rows one shape. */
  empty: Readonly<Record<string, unknown>>;
}

type TypeId = Parameters<typeof pg.types.getTypeParser>[0];

/** What one connection knows of its prepared statements, by name; none for one without an answer. */
export type KnownColumns = Map<string, Columns | undefined>;

/** Of pg's Connection, what its own Query uses too. */
interface Wire {
  parsedStatements: Record<string, string | undefined>;
  submittedNamedStatements: Record<string, string | undefined>;
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: readonly Parameter[] }): void;
  describe(message: { type: 'P'; name: string }): void;
  execute(): void;
  sync(): void;
}

/**
 * Statements that are sent together, since nobody waits between them: to pg they are one query, to PostgreSQL a pipeline
 * with one Sync at its end (manual section 54.2.3). So it answers in one piece instead of statement by statement, which
 * spares both sides a write and a wake-up each. When one fails those after it are passed over until the Sync.
 */
export class StatementGroup extends pg.Query {
  private readonly statements: Statement[] = [];
  /** Of the statement whose answer is being read. */
  private at = 0;
  /** pg's client notes a prepared statement by these, when it was parsed. */
  name?: string;
  text?: string;
  /** pg's client takes it for its time limit of an answer. */
  callback: (error: Error | null) => void = (error) => {
    if (error !== null) this.fail(error);
  };

  constructor(private readonly known: KnownColumns) {
    super('');
  }

  add(name: string, text: string, values: readonly Parameter[]): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      this.statements.push({ name, text, values, result: { rows: [], command: '' }, resolve, reject });
    });
  }

  override submit = (connection: unknown): null => {
    const wire = connection as Wire;
    for (const { name, text, values } of this.statements) {
      if (wire.parsedStatements[name] === undefined && wire.submittedNamedStatements[name] === undefined) {
        this.known.delete(name);
        wire.parse({ name, text });
        wire.submittedNamedStatements[name] = text;
      }
      wire.bind({ statement: name, values });
      if (!this.known.has(name)) wire.describe({ type: 'P', name: '' });
      wire.execute();
    }
    wire.sync();
    this.goTo(0);
    return null;
  };

  private goTo(at: number): void {
    this.at = at;
    const statement = this.statements[at];
    if (statement === undefined) return;
    this.name = statement.name;
    this.text = statement.text;
  }

  private get current(): Statement | undefined {
    return this.statements[this.at];
  }

  handleRowDescription({ fields }: { fields: readonly { name: string; dataTypeID: TypeId }[] }): void {
    this.known.set(this.current?.name ?? '', {
      names: fields.map((field) => field.name),
      parsers: fields.map((field) => pg.types.getTypeParser(field.dataTypeID, 'text') as (text: string) => unknown),
      empty: Object.fromEntries(fields.map((field) => [field.name, null])),
    });
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    const { current } = this;
    const columns = this.known.get(current?.name ?? '');
    if (current === undefined || columns === undefined) return;
    const row = { ...columns.empty };
    for (const [n, text] of fields.entries()) {
      if (text !== null) row[columns.names[n] ?? ''] = columns.parsers[n]?.(text);
    }
    current.result.rows.push(row);
  }

  handleCommandComplete({ text }: { text: string }): void {
    const { current } = this;
    if (current === undefined) return;
    current.result.command = text;
    // described and no columns: it has none
    if (!this.known.has(current.name)) this.known.set(current.name, undefined);
    this.goTo(this.at + 1);
  }

  /** Everything was carried out, or failed before. */
  handleReadyForQuery(): void {
    this.callback(null);
    for (const { resolve, result } of this.statements) resolve(result);
  }

  /** The statement's own error, or the connection's: then nobody gets an answer any more. */
  handleError(error: Error, connection: unknown): void {
    const { submittedNamedStatements } = connection as Wire;
    for (const { name } of this.statements.slice(this.at + 1)) Reflect.deleteProperty(submittedNamedStatements, name);
    this.callback(error);
  }

  private fail(error: Error): void {
    const [failed, ...others] = this.statements.slice(this.at);
    failed?.reject(error);
    for (const { reject } of others) reject(new NotReached(error));
    for (const { resolve, result } of this.statements.slice(0, this.at)) resolve(result);
  }
}

/** A statement was passed over, since one before it failed. */
export class NotReached extends Error {
  constructor(cause: unknown) {
    super('a statement before this one failed', { cause });
  }
}
