import { Injectable } from '@nestjs/common';
import { databaseError } from '../../platform/database/database-error.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';
import { observed } from '../allocation/claim-metrics.js';
import { Claims, Crowded } from '../allocation/claims.js';
import { Failure } from '../allocation/group-commit.js';
import { Contended } from '../allocation/need.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import { LeaseRelease, TooManyAtOnce } from '../leases/lease-release.js';
import { QuotaAdmission } from '../quotas/quota-admission.js';
import { RequestLimits } from '../quotas/request-limits.js';
import type { Caller } from '../resource/caller.js';
import { freeze, Idempotency } from '../resource/idempotency.js';
import { batchOf, inPlaceOf, problemOf, resultOf, type Batch } from './bulk-batch.js';
import { bulkClaims, needsOf, readTargets } from './bulk-claims.js';
import { MAX_ADDRESSES, type BulkRequest } from './bulk.dto.js';
import { ExpirySignal } from './expiry-signal.js';
import { Releases } from './releases.js';

/**
 * How a batch is carried out: taking what can be had at once; when that is too little, waiting for others' locks; and claim
 * by claim when one was refused for the quota that another, which got nothing, would have used up.
 */
type Way = 'at once' | 'waiting' | 'one by one';

/** How often others may come first before we give up. */
const MOST_RUNS = 6;

interface Carried {
  answer: Reply;
  /** Of the creates that were tried, in order. */
  created: (Reply | Failure)[];
}

/** Many releases and reservations in one transaction, by the rules, and the code, of single ones. */
@Injectable()
export class BulkReservations {
  constructor(
    private readonly units: UnitsOfWork,
    private readonly idempotency: Idempotency,
    private readonly claims: Claims,
    private readonly releases: Releases,
    private readonly release: LeaseRelease,
    private readonly limits: RequestLimits,
    private readonly signal: ExpirySignal,
    private readonly metrics: Metrics,
  ) {}

  async run(caller: Caller, body: BulkRequest): Promise<Reply> {
    const batch = batchOf(caller, body, this.signal.noticeSeconds);
    const creates = batch.creates.filter(isAsked);
    let answer: Reply | undefined;
    const created = await observed(this.metrics, 'reservation', async () => {
      const carried = await this.carryOut(batch);
      answer = carried.answer;
      return carried.created;
    })('', creates);
    for (const [n, { expiry }] of creates.entries()) {
      if (created[n] !== undefined && !(created[n] instanceof Failure)) this.signal.set(expiry);
    }
    if (answer === undefined) throw new Error('a bulk request without an answer');
    return answer;
  }

  private async carryOut(batch: Batch): Promise<Carried> {
    let way: Way = 'at once';
    for (let run = 1; ; run++) {
      try {
        const now = way;
        return await this.units.run((unit) => this.attempt(unit, batch, now));
      } catch (error) {
        const next = nextWay(error, way);
        if (next === undefined) throw error;
        if (run === MOST_RUNS) {
          throw new Problem('unavailable', 'Others keep changing the same. Nothing was done; try again.', {
            cause: error,
          });
        }
        way = next;
      }
    }
  }

  /**
   * Locks in the order of all writers: key, quotas, chunks, rows. A batch that gives back and takes has the locks of all
   * its chunks before the rows that it ends, and its quotas are counted again after these: what is released counts no
   * more. Statements a target, not an item.
   */
  private async attempt(unit: Unit, batch: Batch, way: Way): Promise<Carried> {
    const [known] = await this.idempotency.begin(unit, [batch.caller]);
    if (known instanceof Failure) throw known.error;
    if (known !== undefined) return { answer: known, created: [] };
    const releases = batch.releases.filter(isAsked);
    const creates = batch.creates.filter(isAsked);
    const wait = way !== 'at once';
    const several = releases.length > 0 || way === 'one by one';
    if (several && creates.length > 0) {
      const owners = creates.map(({ owner }) => owner);
      await QuotaAdmission.open(unit, owners, this.limits.addresses);
    }
    const targets = await readTargets(unit, creates, wait);
    if (several) {
      const ids = releases.map(({ id }) => id);
      this.release.lockHeldAndWanted(unit, ids, needsOf(creates, targets, wait), wait);
    }
    const ended = inPlaceOf(batch.releases, await this.end(unit, releases));
    if (batch.atomic) refuseFailed('release', ended);

    const kind = bulkClaims(targets);
    const created: (Reply | Failure)[] = [];
    const turns = way === 'one by one' ? creates.map((request) => [request]) : [creates];
    for (const turn of turns) created.push(...(await this.claims.attempt(unit, kind, turn, wait)));
    const made = inPlaceOf(batch.creates, created);
    if (batch.atomic) refuseFailed('create', made);

    const results = [
      ...ended.map((outcome, n) => resultOf('release', n, outcome)),
      ...made.map((outcome, n) => resultOf('create', n, outcome)),
    ];
    const answer = freeze(reply({ body: { results } }));
    this.idempotency.finish(unit, [batch.caller], [answer]);
    return { answer, created };
  }

  private async end(unit: Unit, requests: Parameters<Releases['endLocked']>[1]): Promise<(Reply | Failure)[]> {
    if (requests.length === 0) return [];
    try {
      return await this.releases.endLocked(unit, requests);
    } catch (error) {
      if (!(error instanceof TooManyAtOnce)) throw error;
      throw invalidField('release', `must hold at most ${MAX_ADDRESSES} addresses together: release fewer at once`);
    }
  }
}

const isAsked = <T>(item: T | Failure): item is T => !(item instanceof Failure);

/** Throws the first problem: nothing of the batch is done then. */
function refuseFailed(list: 'release' | 'create', outcomes: readonly (Reply | Failure)[]): void {
  for (const [n, outcome] of outcomes.entries()) if (outcome instanceof Failure) throw problemOf(list, n, outcome);
}

/** How to run a batch again that broke; undefined: not at all. */
function nextWay(error: unknown, way: Way): Way | undefined {
  if (error instanceof Contended) return way === 'at once' ? 'waiting' : undefined;
  if (error instanceof Crowded) return way === 'one by one' ? undefined : 'one by one';
  // Somebody was first with an id that a client chose, or has deleted what a claim is for: the next run sees it.
  const { code, constraint } = databaseError(error) ?? {};
  return code === '23503' || (code === '23505' && constraint?.endsWith('_pkey') === true) ? way : undefined;
}
