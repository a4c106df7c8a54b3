import { Injectable } from '@nestjs/common';
import { databaseError } from '../../platform/database/database-error.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { Problem } from '../../platform/problem/problem.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import type { Caller } from '../resource/caller.js';
import { freeze, Idempotency } from '../resource/idempotency.js';
import { QuotaAdmission, type Cost } from '../quotas/quota-admission.js';
import { RequestLimits } from '../quotas/request-limits.js';
import { Allocation } from './allocation.js';
import { observed } from './claim-metrics.js';
import { Failure, GroupCommit } from './group-commit.js';
import { Contended, type Claim, type Outcome, type Taken } from './need.js';

/** A request to claim something; `id` is the id of what it makes. */
export interface ClaimRequest {
  caller: Caller;
  id: string;
  /** The client chose the id, so it may be taken. */
  chosen: boolean;
  /** Whose quota counts. */
  owner: string;
}

export interface Granted<Request> {
  request: Request;
  /** For each need of the claim, what it got. */
  taken: Taken[][];
}

export type Refusal = Extract<Outcome, { granted: false }>;

/** What differs between the kinds of claims (reservations, port maps, components). */
export interface ClaimKind<Request extends ClaimRequest, Context> {
  /** The table that the ids are of. */
  table: 'reservation' | 'port_map' | 'component';
  /** Reads, once for the batch, what its requests have in common. A problem here is everybody's. */
  context(unit: Unit, requests: readonly Request[], wait: boolean): Promise<Context>;
  /** What a request needs; or its answer, when that is known already. A problem here is this request's only. */
  needs(request: Request, context: Context, wait: boolean): Claim | Reply;
  /** What a claim takes of its owner's quota. */
  cost(claim: Claim): Cost;
  /** Throws when what the requests are for was deleted while they waited for its locks: it is gone then, not full. */
  stillThere?(unit: Unit, requests: readonly Request[]): Promise<void>;
  /** The problem of a claim that was not granted. */
  refusal(request: Request, context: Context, refusal: Refusal): Problem;
  /** Writes what was granted and answers, in order. */
  write(unit: Unit, granted: readonly Granted<Request>[], context: Context): Reply[] | Promise<Reply[]>;
  /** How many requests for little a request is like (see GroupCommit); 1 unless it says more. */
  weigh?(request: Request): number;
  /** Requests with the same text are one: the first of a batch goes ahead of the others. Undefined: one by itself. */
  same?(request: Request): string | undefined;
  /** Cleans up after those that were refused. */
  dropped?(unit: Unit, refused: readonly Request[]): void;
}

/**
 * A claim was refused for the quota that another claim of the batch would have used up, and that one got nothing: the
 * batch is to be run again request by request (see GroupCommit), so that nobody is refused for what nobody has.
 */
export class Crowded extends Error {}

const isClaim = (value: Claim | Reply): value is Claim => Array.isArray(value);

/**
 * Runs claims: requests with the same key share transactions (group commit), each keeps its own answer. A transaction
 * first takes what is free at once; only when that is too little does a second one wait for other processes' locks, so
 * that "exhausted" is the truth.
 */
@Injectable()
export class Claims {
  constructor(
    private readonly units: UnitsOfWork,
    private readonly idempotency: Idempotency,
    private readonly allocation: Allocation,
    private readonly limits: RequestLimits,
    private readonly metrics: Metrics,
  ) {}

  /** A queue for one kind of claims. The key is what requests of one transaction have in common. */
  queue<Request extends ClaimRequest, Context>(kind: ClaimKind<Request, Context>): GroupCommit<Request, Reply> {
    const run = async (requests: readonly Request[]): Promise<(Reply | Failure)[]> => {
      try {
        return await this.units.run((unit) => this.attempt(unit, kind, requests, false));
      } catch (error) {
        if (!(error instanceof Contended)) throw told(error, requests);
      }
      try {
        return await this.units.run((unit) => this.attempt(unit, kind, requests, true));
      } catch (error) {
        throw told(error, requests);
      }
    };
    const settle = async (_key: string, requests: readonly Request[]): Promise<(Reply | Failure)[]> => {
      const { leaders, leaderOf } = merged(requests, (request) => kind.same?.(request));
      const first = await run(leaders);
      if (leaders.length === requests.length) return first;
      // What the first of some same requests made is there now, for the others to be answered with; what it could not
      // have, they cannot either.
      const others = requests.filter(
        (request, n) => leaders[leaderOf[n] ?? 0] !== request && !(first[leaderOf[n] ?? 0] instanceof Failure),
      );
      const second = others.length === 0 ? [] : await run(others);
      return requests.map((request, n) => {
        const other = others.indexOf(request);
        const result = other < 0 ? first[leaderOf[n] ?? 0] : second[other];
        return result ?? new Failure(new Error('a claim without an outcome'));
      });
    };
    const weigh = kind.weigh?.bind(kind);
    return new GroupCommit(observed(this.metrics, kind.table, settle), undefined, undefined, weigh);
  }

  /**
   * The answer that a claim would get now. Its transaction is rolled back: nothing is taken, written or told, and a key
   * of idempotency is not used up. While it looks it holds locks as a claim does, for as long.
   */
  async preview<Request extends ClaimRequest, Context>(
    kind: ClaimKind<Request, Context>,
    request: Request,
  ): Promise<Reply> {
    const { idempotency: _unused, ...caller } = request.caller;
    const requests = [{ ...request, caller }];
    for (const wait of [false, true]) {
      try {
        await this.units.run(async (unit) => {
          const [result] = await this.attempt(unit, kind, requests, wait);
          throw new Seen(result);
        });
      } catch (error) {
        if (error instanceof Seen) return seen(error.result);
        if (wait || !(error instanceof Contended)) throw told(error, requests);
      }
    }
    throw new Error('a claim without an outcome');
  }

  /**
   * Some claims in the caller's transaction; what a queue does by itself, the caller must: run again, waiting, when it is
   * Contended, and claim by claim when it is Crowded.
   */
  async attempt<Request extends ClaimRequest, Context>(
    unit: Unit,
    kind: ClaimKind<Request, Context>,
    requests: readonly Request[],
    wait: boolean,
  ): Promise<(Reply | Failure)[]> {
    const results: (Reply | Failure | undefined)[] = await this.idempotency.begin(
      unit,
      requests.map((request) => request.caller),
    );
    const begun = requests.map((_, index) => index).filter((index) => results[index] === undefined);
    const fresh = begun.flatMap((index) => requests[index] ?? []);
    if (fresh.length > 0) {
      // Sent without waiting for each other, carried out in order: locks of quotas come before all others.
      const [admission, taken, context] = await Promise.all([
        QuotaAdmission.open(
          unit,
          fresh.map((request) => request.owner),
          this.limits.addresses,
        ),
        this.takenIds(unit, kind.table, fresh),
        kind.context(unit, fresh, wait),
      ]);
      const open: { index: number; request: Request; claim: Claim }[] = [];
      const refused: Request[] = [];
      for (const [number, request] of fresh.entries()) {
        const index = begun[number] ?? 0;
        if (taken.has(request.id)) {
          results[index] = new Failure(new Problem('duplicate-id', `The id ${request.id} is taken.`));
          continue;
        }
        taken.add(request.id);
        try {
          const needs = kind.needs(request, context, wait);
          if (isClaim(needs)) {
            admission.admit(request.owner, kind.cost(needs));
            open.push({ index, request, claim: needs });
          } else results[index] = freeze(needs);
        } catch (error) {
          if (error instanceof Contended) throw error;
          refused.push(request);
          results[index] = new Failure(error);
        }
      }

      const outcomes = await this.allocation.claim(
        unit,
        open.map((item) => item.claim),
        wait,
      );
      if (wait && outcomes.some((outcome) => !outcome.granted)) await kind.stillThere?.(unit, fresh);
      const granted: { index: number; request: Request; taken: Taken[][] }[] = [];
      for (const [number, { index, request }] of open.entries()) {
        const outcome = outcomes[number];
        if (outcome?.granted === true) granted.push({ index, request, taken: outcome.taken });
        else if (outcome !== undefined) {
          if (admission.isCrowded(request.owner)) throw new Crowded();
          refused.push(request);
          results[index] = new Failure(kind.refusal(request, context, outcome));
        }
      }
      if (refused.length > 0) kind.dropped?.(unit, refused);
      const answers = await kind.write(unit, granted, context);
      for (const [number, { index }] of granted.entries()) {
        const answer = answers[number];
        if (answer !== undefined) results[index] = freeze(answer);
      }
      this.idempotency.finish(
        unit,
        fresh.map((request) => request.caller),
        begun.map((index) => (results[index] instanceof Failure ? undefined : results[index])),
      );
    }
    return results.map((result) => result ?? new Failure(new Error('a claim without an outcome')));
  }

  /** Only clients choose ids that can be taken; ours are new. */
  private async takenIds(unit: Unit, table: string, requests: readonly ClaimRequest[]): Promise<Set<string>> {
    const chosen = requests.filter((request) => request.chosen).map((request) => request.id);
    if (chosen.length === 0) return new Set();
    const rows = await unit.query<{ id: string }>(`SELECT id FROM ${table} WHERE id = ANY($1)`, [chosen]);
    return new Set(rows.map((row) => row.id));
  }
}

/** Thrown to roll back a transaction that has been looked at. */
class Seen extends Error {
  constructor(readonly result: Reply | Failure | undefined) {
    super('only a preview');
  }
}

function seen(result: Reply | Failure | undefined): Reply {
  if (result instanceof Failure) throw result.error;
  return reply({ status: 200, body: result?.body });
}

/** What a constraint says that only the database could see, for a claim that was alone in its transaction. */
function told(error: unknown, requests: readonly ClaimRequest[]): unknown {
  const { code, constraint } = databaseError(error) ?? {};
  if (requests.length === 1 && code === '23505' && constraint?.endsWith('_pkey') === true) {
    return new Problem('duplicate-id', `The id ${requests[0]?.id ?? ''} is taken.`);
  }
  if (code === '23503') return new Problem('not-found', 'What the claim is for was deleted meanwhile.');
  return error;
}

/** The first of each kind of same requests, and for every request which of them it is. */
function merged<Request>(
  requests: readonly Request[],
  same: (request: Request) => string | undefined,
): { leaders: Request[]; leaderOf: number[] } {
  const leaders: Request[] = [];
  const seen = new Map<string, number>();
  const leaderOf = requests.map((request) => {
    const key = same(request);
    const known = key === undefined ? undefined : seen.get(key);
    if (known !== undefined) return known;
    if (key !== undefined) seen.set(key, leaders.length);
    return leaders.push(request) - 1;
  });
  return { leaders, leaderOf };
}
