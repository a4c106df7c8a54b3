import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../../platform/database/database.js';
import { writeBatches } from './batch.js';
import type { NewEvent } from './event.js';
import { EventSignal } from './event-signal.js';
import { APPEND_BATCH, APPEND_DESIRED_BATCH } from './outbox.queries.js';

/** Who asks for a transaction: whoever called (resource/caller.ts), or one named by itself. */
export interface Author {
  principal: { name: string };
  /** Trace context (W3C) of the request, if it had one. */
  traceparent?: string | undefined;
}

/** A transaction that also collects the events which it makes true. */
export class Unit {
  readonly events: NewEvent[] = [];

  constructor(
    readonly transaction: Transaction,
    /** Who does what happens here, unless an event says otherwise; null: time or Berth itself. */
    readonly actor: string | null = null,
    /** Trace context of what asked for it, unless an event says otherwise. */
    readonly traceparent?: string,
  ) {}

  query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.transaction.query<Row>(sql, parameters);
  }

  /** A statement whose answer nobody needs; should it fail, so does the commit. */
  write(sql: string, parameters: unknown[] = []): void {
    this.transaction.write(sql, parameters);
  }

  /** To be told if, and only if, the transaction commits. */
  emit(...events: NewEvent[]): void {
    this.events.push(...events);
  }
}

/** Every write of the control plane runs in one of these: rows and events commit together or not at all. */
@Injectable()
export class UnitsOfWork {
  constructor(
    private readonly database: Database,
    private readonly signal: EventSignal,
  ) {}

  /**
   * Runs the work in a transaction (again after a deadlock: it must have no other effect than its statements). Its events
   * tell the author's name and trace context; a transaction for many callers leaves it out, and each event says its own.
   */
  async run<T>(work: (unit: Unit) => Promise<T>, author?: Author): Promise<T> {
    const { value, told } = await this.database.transaction(async (transaction) => {
      const unit = new Unit(transaction, author?.principal.name, author?.traceparent);
      const result = await work(unit);
      append(unit);
      return { value: result, told: unit.events.length > 0 };
    });
    if (told) this.signal.written();
    return value;
  }
}

/** As the last statements: the rows that the events are about are locked by then. */
function append({ transaction, events, actor, traceparent }: Unit): void {
  for (const { events: count, body, desiredBy } of writeBatches(events, actor, traceparent)) {
    if (desiredBy.length === 0) transaction.write(APPEND_BATCH, [count, body]);
    else transaction.write(APPEND_DESIRED_BATCH, [count, body, desiredBy]);
  }
}
