import { RetryTransaction } from '../../platform/database/database-error.js';
import { notFound } from '../../platform/problem/problem.js';
import type { ClaimKind } from '../allocation/claims.js';
import { Contended, type Need } from '../allocation/need.js';
import type { Unit } from '../events/unit-of-work.js';
import { addressNeed } from './address-need.js';
import { RESERVATION_CLAIMS, writeReservations, type ReservationRequest } from './reservation-claims.js';
import { POOLS_TARGETS, POOLS_THERE, SUBNETS_TARGET } from './reservation.queries.js';
import { targetKey, type TargetSubnet } from './reservation-writer.js';

/** The subnets of each target that is there, by its key. */
export type Targets = ReadonlyMap<string, readonly TargetSubnet[]>;

/** Three statements, one round trip, whatever the number of targets. Takes no lock. */
export async function readTargets(
  unit: Unit,
  requests: readonly ReservationRequest[],
  wait: boolean,
): Promise<Targets> {
  if (requests.length === 0) return new Map();
  const ids = (noun: 'pool' | 'subnet'): string[] => [
    ...new Set(requests.filter(({ target }) => target.noun === noun).map(({ target }) => target.id)),
  ];
  const pools = ids('pool');
  const [subnets, ofPools, there] = await Promise.all([
    unit.query<TargetSubnet>(SUBNETS_TARGET, [ids('subnet')]),
    unit.query<TargetSubnet>(POOLS_TARGETS, [pools, wait]),
    unit.query<{ id: string }>(POOLS_THERE, [pools]),
  ]);
  const targets = new Map<string, TargetSubnet[]>();
  for (const { id } of there) targets.set(targetKey({ noun: 'pool', id }), []);
  for (const subnet of ofPools) targets.get(targetKey({ noun: 'pool', id: subnet.poolId }))?.push(subnet);
  for (const subnet of subnets) targets.set(targetKey({ noun: 'subnet', id: subnet.id }), [subnet]);
  return targets;
}

/** Reservations of many targets, which have been read: the rules are those of one (RESERVATION_CLAIMS). */
export function bulkClaims(targets: Targets): ClaimKind<ReservationRequest, Targets> {
  return {
    table: RESERVATION_CLAIMS.table,
    context: () => Promise.resolve(targets),
    needs: (request, _targets, wait) => [needOf(request, targets, wait)],
    cost: (claim) => RESERVATION_CLAIMS.cost(claim),
    /** What was deleted while we waited for its locks is not there when all is done again. */
    stillThere: async (unit, requests) => {
      const now = await readTargets(unit, requests, true);
      if ([...targets.keys()].some((key) => !now.has(key))) throw new RetryTransaction();
    },
    refusal: (request, _targets, refusal) => {
      const subnets = targets.get(targetKey(request.target)) ?? [];
      return RESERVATION_CLAIMS.refusal(request, [...subnets], refusal);
    },
    write: (unit, granted) => writeReservations(unit, granted, [...targets.values()].flat()),
  };
}

function needOf({ target, asked, owner }: ReservationRequest, targets: Targets, wait: boolean): Need {
  const subnets = targets.get(targetKey(target));
  if (subnets === undefined) throw notFound(target.noun, target.id);
  return addressNeed(subnets, asked, owner, wait);
}

/** What all requests need; one that will be refused needs nothing. */
export function needsOf(requests: readonly ReservationRequest[], targets: Targets, wait: boolean): Need[] {
  return requests.flatMap((request) => {
    try {
      return [needOf(request, targets, wait)];
    } catch (error) {
      if (error instanceof Contended) throw error;
      return [];
    }
  });
}
