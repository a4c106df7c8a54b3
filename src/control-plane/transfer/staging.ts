import { Problem } from '../../platform/problem/problem.js';
import type { Unit } from '../events/unit-of-work.js';
import { NOUNS, type Noun } from './columns.js';
import type { Members, Target } from './fields.js';
import { membersOf } from './members.js';
import { leaseRows, poolRow, reservationRow, subnetRow, type Context, type StagedRow } from './rows.js';
import type { BadLine, Found } from './source.js';
import {
  ADD_BAD_LINES,
  COUNT_BAD_LINES,
  CREATE_STAGING,
  FIRST_BAD_LINES,
  PREPARE_STAGED,
  STAGE,
  STAGE_TARGETS,
  WIDTH,
} from './staging.queries.js';

/** Rows, and characters of metadata, that are sent at once: bounds the memory. */
const BATCH_ROWS = 2000;
const BATCH_CHARACTERS = 1024 * 1024;
/** Names of subnets that are remembered, so that lines that name the same share one row. */
const TARGETS = 20_000;
const METADATA = 4;

export type Counts = Record<Noun, number>;

const columnsOf = (rows: readonly StagedRow[], width: number): unknown[][] =>
  Array.from({ length: width }, (_, n) => rows.map((row) => row[n]));

/** The lines of a file, checked one by one, in tables of the transaction where they are checked against each other. */
export class Staging {
  readonly counts: Counts = { pool: 0, subnet: 0, reservation: 0, lease: 0 };
  /** Of the file, also those that were bad. */
  lines = 0;
  private readonly rows: Record<Noun, StagedRow[]> = { pool: [], subnet: [], reservation: [], lease: [] };
  private targets: StagedRow[] = [];
  private bad: BadLine[] = [];
  private size = 0;
  private readonly known = new Map<string, number>();
  private target = 0;
  private readonly context: Context;

  constructor(
    private readonly unit: Unit,
    who: Omit<Context, 'target'>,
  ) {
    this.context = { ...who, target: (target) => this.targetNumber(target) };
    for (const sql of CREATE_STAGING) unit.write(sql);
  }

  async add(found: readonly Found[]): Promise<void> {
    for (const item of found) {
      this.lines++;
      if ('reason' in item) this.bad.push(item);
      else {
        const members = membersOf(item.noun, item.value);
        if (typeof members === 'string') {
          this.bad.push({ line: item.line, noun: item.noun, field: members.slice(0, 100), reason: 'should not exist' });
        } else this.stage(item.noun, item.line, members);
      }
      if (this.size > BATCH_CHARACTERS || this.bad.length + this.targets.length >= BATCH_ROWS) await this.flush();
      else if (NOUNS.some((noun) => this.rows[noun].length >= BATCH_ROWS)) await this.flush();
    }
  }

  addBad(line: BadLine): void {
    this.bad.push(line);
  }

  private stage(noun: Noun, line: number, members: Members): void {
    try {
      if (noun === 'pool') this.push('pool', poolRow(line, members));
      else if (noun === 'subnet') this.push('subnet', subnetRow(line, members));
      else if (noun === 'reservation') this.push('reservation', reservationRow(line, members, this.context));
      else {
        const { lease, reservation } = leaseRows(line, members, this.context);
        if (reservation !== undefined) this.push('reservation', reservation);
        this.push('lease', lease);
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const errors = error.extra.errors ?? [{ field: '', message: error.detail }];
      for (const { field, message } of errors) this.bad.push({ line, noun, field, reason: message });
    }
  }

  private push(noun: Noun, row: StagedRow): void {
    this.rows[noun].push(row);
    this.counts[noun]++;
    this.size += 200 + (row[METADATA] as string).length;
  }

  private targetNumber({ pool, id, first, last }: Target): number {
    const key = [pool, id, first, last].join('\n');
    const before = this.known.get(key);
    if (before !== undefined) return before;
    if (this.known.size >= TARGETS) this.known.clear();
    const number = ++this.target;
    this.known.set(key, number);
    this.targets.push([number, pool, id, first, last]);
    return number;
  }

  /** Sends what is held. Its answers are awaited, so that the file is not read faster than the database takes it. */
  private async flush(): Promise<void> {
    for (const noun of NOUNS) {
      const rows = this.rows[noun];
      if (rows.length > 0) await this.unit.query(STAGE[noun], columnsOf(rows, WIDTH[noun]));
      this.rows[noun] = [];
    }
    if (this.targets.length > 0) await this.unit.query(STAGE_TARGETS, columnsOf(this.targets, 5));
    this.targets = [];
    if (this.bad.length > 0) {
      await this.unit.query(ADD_BAD_LINES, [
        this.bad.map(({ noun }) => noun),
        this.bad.map(({ line }) => line),
        this.bad.map(({ field }) => field),
        this.bad.map(({ reason }) => reason),
      ]);
    }
    this.bad = [];
    this.size = 0;
  }

  /** Everything was read. */
  async finish(): Promise<void> {
    await this.flush();
    for (const sql of PREPARE_STAGED) await this.unit.query(sql);
  }

  async badLines(): Promise<number> {
    const [row] = await this.unit.query<{ count: number }>(COUNT_BAD_LINES);
    return row?.count ?? 0;
  }

  firstBadLines(limit: number): Promise<object[]> {
    return this.unit.query<object>(FIRST_BAD_LINES, [limit]);
  }
}
