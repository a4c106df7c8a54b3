import type { Reply } from '../../platform/http/reply.js';
import { problemDocument } from '../../platform/problem/problem-body.js';
import type { ProblemDocument } from '../../platform/problem/problem.dto.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';
import { Failure } from '../allocation/group-commit.js';
import type { Caller } from '../resource/caller.js';
import { pathId } from '../resource/id.js';
import { MAX_ADDRESSES, MAX_ITEMS, type BulkCreate, type BulkRequest } from './bulk.dto.js';
import type { ReleaseRequest } from './releases.js';
import { reservationRequest, type ReservationRequest } from './reservation-claims.js';
import type { Target } from './reservation-writer.js';

/** A bulk request, read: each item is a request as it would have come alone, or has failed already. */
export interface Batch {
  caller: Caller;
  atomic: boolean;
  releases: (ReleaseRequest | Failure)[];
  creates: (ReservationRequest | Failure)[];
}

/** Throws what is wrong with the request as a whole, or with the form of an item. */
export function batchOf(caller: Caller, body: BulkRequest, noticeSeconds: number): Batch {
  const { release = [], create = [], atomic = false } = body;
  if (release.length + create.length > MAX_ITEMS) {
    const field = create.length > 0 ? 'create' : 'release';
    throw invalidField(field, `must have at most ${MAX_ITEMS} items together with the other list`);
  }
  const { principal, bodyType, traceparent } = caller;
  const targets = create.map(targetOf);
  const releases = release.map(({ id, reason, ifMatch }) =>
    attempted((): ReleaseRequest => ({
      caller: { principal, bodyType, traceparent, ...(ifMatch === undefined ? {} : { ifMatch }) },
      id: pathId('reservation', id),
      reason: reason ?? null,
    })),
  );
  const creates = create.map((item, n) =>
    attempted(() => {
      const { noun, id } = targets[n] ?? targetOf(item, n);
      return reservationRequest(
        { principal, bodyType, traceparent },
        { noun, id: pathId(noun, id) },
        item,
        noticeSeconds,
      );
    }),
  );
  const addresses = creates.reduce((sum, one) => sum + (one instanceof Failure ? 0 : one.asked.count), 0);
  if (addresses > MAX_ADDRESSES) {
    throw invalidField('create', `must ask for at most ${MAX_ADDRESSES} addresses together, not ${addresses}`);
  }
  return { caller, atomic, releases, creates };
}

function targetOf({ pool, subnet }: BulkCreate, n: number): Target {
  if (pool != null && subnet != null)
    throw invalidField(`create.${n}.subnet`, 'does not go with pool: give one of them');
  if (pool != null) return { noun: 'pool', id: pool };
  if (subnet != null) return { noun: 'subnet', id: subnet };
  throw invalidField(`create.${n}.subnet`, 'is needed, or pool: where to take the addresses of');
}

/** A problem here is this item's only. */
function attempted<T>(read: () => T): T | Failure {
  try {
    return read();
  } catch (error) {
    return new Failure(error);
  }
}

/** What the items that came so far have met, each in the place of its request. */
export function inPlaceOf(items: readonly unknown[], results: readonly (Reply | Failure)[]): (Reply | Failure)[] {
  let next = 0;
  return items.map((item) =>
    item instanceof Failure ? item : (results[next++] ?? new Failure(new Error('an item without an outcome'))),
  );
}

interface Result {
  status: number;
  location?: string | undefined;
  reservation?: unknown;
  problem?: ProblemDocument;
}

/** The result of one item of a list; of a failure that is no problem, the whole request fails. */
export function resultOf(list: 'release' | 'create', n: number, outcome: Reply | Failure): Result {
  if (outcome instanceof Failure) {
    const problem = problemOf(list, n, outcome);
    return { status: problem.status, problem: problemDocument(problem) };
  }
  return list === 'release' ? { status: 204 } : { status: 201, location: outcome.location, reservation: outcome.body };
}

/** The problem of an item, which it names. */
export function problemOf(list: 'release' | 'create', n: number, { error }: Failure): Problem {
  if (!(error instanceof Problem)) throw error;
  const place = `${list}.${n}`;
  const { errors = [] } = error.extra;
  return new Problem(error.code, `${place}: ${error.detail}`, {
    ...error.extra,
    errors:
      errors.length === 0
        ? [{ field: place, message: error.detail }]
        : errors.map(({ field, message }) => ({ field: `${place}.${field}`, message })),
  });
}
