import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { databaseError } from '../../platform/database/database-error.js';
import { Problem } from '../../platform/problem/problem.js';
import { Allocation } from '../allocation/allocation.js';
import { SpaceExtent } from '../allocation/extent.js';
import { EventSignal } from '../events/event-signal.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import { ExpirySignal } from '../reservations/expiry-signal.js';
import { apply } from './applying.js';
import { NEXT_DUE } from './apply.queries.js';
import { Gone, textOf } from './body-text.js';
import { CHECKS } from './checks.queries.js';
import { csvReader } from './csv-reader.js';
import type { FORMATS } from './formats.js';
import type { Noun } from './columns.js';
import { jsonReader } from './json-reader.js';
import { ndjsonReader } from './ndjson-reader.js';
import { Unreadable, type Reader } from './source.js';
import { Staging, type Counts } from './staging.js';

/** Bad lines that a report has; all are counted. */
const REPORTED = 1000;

/** What is asked. */
export interface Import {
  body: Readable;
  format: keyof typeof FORMATS;
  only: Noun | undefined;
  dryRun: boolean;
  principal: string;
  /** Trace context of the request. */
  traceparent: string | undefined;
  /** Bytes. */
  limit: number;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
  progress: (line: Progress) => void;
}

export type Progress =
  { phase: 'reading' | 'checking'; lines: number } | { phase: 'applying'; type: Noun; done: number; of: number };

/** How it ended; with bad lines nothing was applied. */
export type Outcome =
  { done: true; dryRun: boolean; applied: Counts } | { done: false; badLines: number; lines: object[] };

/** Thrown to roll the transaction back. */
class NotApplied extends Error {
  constructor(readonly outcome: Outcome) {
    super('not applied');
  }
}

const READERS: Readonly<Record<keyof typeof FORMATS, (only: Noun | undefined) => Reader>> = {
  csv: csvReader,
  ndjson: ndjsonReader,
  json: jsonReader,
};

/** Integrity constraints: somebody else was quicker after our checks. */
const OVERTAKEN = /^23/;

@Injectable()
export class ImportService {
  private running = false;

  constructor(
    private readonly units: UnitsOfWork,
    private readonly allocation: Allocation,
    private readonly extent: SpaceExtent,
    private readonly events: EventSignal,
    private readonly expiries: ExpirySignal,
  ) {}

  /** One at a time in a process: it holds a connection to the database from the first line to the last. */
  begin(): void {
    if (this.running) {
      throw new Problem('unavailable', 'An import is running in this process. Try again when it has ended.', {
        headers: { 'retry-after': '5' },
      });
    }
    this.running = true;
  }

  end(): void {
    this.running = false;
  }

  /** Reads, checks and applies a file in one transaction; a problem, or bad lines, leave nothing of it. */
  async run(asked: Import): Promise<Outcome> {
    let attempts = 0;
    try {
      const { outcome, due } = await this.units.run(
        async (unit) => {
          // The body is read by now: it cannot be run again after a deadlock.
          if (attempts++ > 0) throw overtaken();
          return this.work(unit, asked);
        },
        { principal: { name: asked.principal }, traceparent: asked.traceparent },
      );
      this.events.written();
      this.expiries.set({ ...due, ttl: null });
      return outcome;
    } catch (error) {
      if (error instanceof NotApplied) return error.outcome;
      if (OVERTAKEN.test(databaseError(error)?.code ?? '')) throw overtaken(error);
      throw error;
    }
  }

  private async work(unit: Unit, asked: Import): Promise<{ outcome: Outcome; due: Due }> {
    const { signal, progress, dryRun } = asked;
    const { principal } = asked;
    const staging = new Staging(unit, { principal, now: new Date(), noticeSeconds: this.expiries.noticeSeconds });
    await read(staging, asked);
    await staging.finish();
    progress({ phase: 'checking', lines: staging.lines });
    for (const sql of CHECKS) {
      await unit.query(sql);
      goOn(signal);
    }
    const step = (type: Noun, done: number): void => {
      goOn(signal);
      progress({ phase: 'applying', type, done, of: staging.counts[type] });
    };
    const { allocation, extent } = this;
    await apply({ unit, staging, allocation, extent, dryRun, step });
    const badLines = await staging.badLines();
    if (badLines > 0) {
      throw new NotApplied({ done: false, badLines, lines: await staging.firstBadLines(REPORTED) });
    }
    const outcome: Outcome = { done: true, dryRun, applied: staging.counts };
    if (dryRun) throw new NotApplied(outcome);
    const [due = { expiresAt: null, noticeAt: null }] = await unit.query<Due>(NEXT_DUE);
    goOn(signal);
    return { outcome, due };
  }
}

interface Due {
  expiresAt: Date | null;
  noticeAt: Date | null;
}

async function read(staging: Staging, { body, format, only, limit, signal, progress }: Import): Promise<void> {
  const reader = READERS[format](only);
  try {
    for await (const text of textOf(body, limit)) {
      await staging.add(reader.more(text));
      goOn(signal);
      progress({ phase: 'reading', lines: staging.lines });
    }
    await staging.add(reader.end());
  } catch (error) {
    // What was read until there is checked all the same.
    if (!(error instanceof Unreadable)) throw error;
    staging.addBad({ line: error.line, field: '', reason: `${error.message}; nothing behind it was read` });
  }
  if (staging.lines === 0) staging.addBad({ line: 0, field: '', reason: 'the file has no lines' });
}

function goOn(signal: AbortSignal): void {
  if (signal.aborted) throw new Gone('the client has gone');
}

const overtaken = (cause?: unknown): Problem =>
  new Problem(
    'unavailable',
    'What the file refers to was changed by others meanwhile. Nothing was applied; import it again.',
    {
      cause,
    },
  );
