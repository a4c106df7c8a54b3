import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { notFound } from '../../platform/problem/problem.js';
import { pathId } from '../resource/id.js';
import type { CapacityDocument, CapacityReport } from './capacity.dto.js';
import { EXISTS, FIGURES_NOW, KEPT_FIGURES, type Subject } from './capacity.queries.js';
import { freeSpaceOf, type FreeSpaceRow } from './free-space.js';
import { FREE_SPACE, PIECES } from './free-space.queries.js';
import { SAMPLES } from './sample.queries.js';
import { exhaustion, rateOf, short, TREND_DAYS } from './trend.js';

/** Pieces of free space that one report looks at: half a second's work of PostgreSQL. */
const MAX_PIECES = 50_000;

/** In a report every statement sees the same moment. */
const ONE_MOMENT = 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY';

export type Figures = Omit<CapacityDocument, 'utilization'>;

/** Reads how full pools and subnets are: what the roll-up keeps, or everything counted anew. */
@Injectable()
export class CapacityService {
  constructor(private readonly database: Database) {}

  /** What the roll-up keeps of some resources, by id. */
  async kept(subject: Subject, ids: readonly string[]): Promise<Map<string, CapacityDocument>> {
    if (ids.length === 0) return new Map();
    const rows = await this.database.query<CapacityDocument & { id: string }>(KEPT_FIGURES[subject], [ids]);
    return new Map(rows.map(({ id, ...capacity }) => [id, capacity]));
  }

  async report(subject: Subject, text: string): Promise<Reply> {
    const id = pathId(subject, text);
    return this.database.transaction(async (transaction) => {
      transaction.write(ONE_MOMENT);
      const [there] = await transaction.query(EXISTS[subject], [id]);
      if (there === undefined) throw notFound(subject, text);
      const [figures] = await transaction.query<Figures>(FIGURES_NOW[subject], [id]);
      if (figures === undefined) throw new Error('sums without a row');
      const [pieces] = await transaction.query<{ n: number }>(PIECES[subject], [id, MAX_PIECES + 1]);
      const rows = await transaction.query<FreeSpaceRow>(FREE_SPACE[subject], [id, MAX_PIECES]);
      const samples = await transaction.query<{ at: number; held: string }>(SAMPLES, [[id], TREND_DAYS]);
      const history = samples.map(({ at, held }) => ({ at, held: BigInt(held) }));
      const rate = rateOf(history, figures.measuredAt.getTime(), BigInt(figures.held));
      const body: CapacityReport = {
        ...withUtilization(figures),
        freeSpace: freeSpaceOf(rows),
        truncated: (pieces?.n ?? 0) > MAX_PIECES,
        rate: rate === undefined ? null : { perDay: short(rate.perDay), low: short(rate.low), high: short(rate.high) },
        exhaustion: exhaustion(BigInt(figures.free), rate),
      };
      return reply({ body });
    });
  }
}

/** As the roll-up's column: the share of what can be handed out that is not free. */
function withUtilization({ measuredAt, ...counts }: Figures): Figures & { utilization: number } {
  const usable = BigInt(counts.size) - BigInt(counts.excluded);
  const taken = usable - BigInt(counts.free);
  return { ...counts, utilization: usable === 0n ? 0 : Number(taken) / Number(usable), measuredAt };
}
