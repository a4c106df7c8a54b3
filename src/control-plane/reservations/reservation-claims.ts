import { reply, type Reply } from '../../platform/http/reply.js';
import type { ClaimKind, ClaimRequest, Granted } from '../allocation/claims.js';
import { sizeOf } from '../allocation/need.js';
import type { Unit } from '../events/unit-of-work.js';
import { newOwner, type Caller } from '../resource/caller.js';
import { describeNew } from '../resource/change.js';
import { claimId } from '../resource/id.js';
import { addressNeed, addressProblem, askedOf, type Asked } from './address-need.js';
import { askedExpiry, NEVER, type Expiry } from './expiry.js';
import type { NewReservation, ReservationDocument } from './reservation.dto.js';
import { insertReservations, targetSubnets, type Target, type TargetSubnet } from './reservation-writer.js';

/** A reservation that is asked for. */
export interface ReservationRequest extends ClaimRequest {
  target: Target;
  body: NewReservation;
  asked: Asked;
  expiry: Expiry;
}

/** What a body asks of a target; a problem when it contradicts itself, or the caller may not act for the owner. */
export function reservationRequest(
  caller: Caller,
  target: Target,
  body: NewReservation,
  noticeSeconds: number,
): ReservationRequest {
  // member by member, as below: spreading costs ten times as much
  const { id, chosen } = claimId(body.id);
  const expiry = askedExpiry(body, new Date(), noticeSeconds) ?? NEVER;
  return { caller, target, body, asked: askedOf(body), owner: newOwner(caller, body.owner), id, chosen, expiry };
}

/** So many more addresses of one reservation cost what one more reservation does. */
const ADDRESSES_LIKE_A_REQUEST = 20;

/** Reservations of one target. */
export const RESERVATION_CLAIMS: ClaimKind<ReservationRequest, TargetSubnet[]> = {
  table: 'reservation',
  context: (unit, [first], wait) =>
    first === undefined ? Promise.resolve([]) : targetSubnets(unit, first.target, wait),
  needs: ({ asked, owner }, subnets, wait) => [addressNeed(subnets, asked, owner, wait)],
  cost: ([need]) => ({ addresses: need === undefined ? 0 : sizeOf(need), portMaps: 0 }),
  stillThere: async (unit, [first]) => {
    if (first !== undefined) await targetSubnets(unit, first.target, true);
  },
  weigh: ({ asked }) => 1 + Math.floor(asked.count / ADDRESSES_LIKE_A_REQUEST),
  refusal: ({ target, asked }, subnets, refusal) => addressProblem(target, subnets, asked, refusal),
  write: writeReservations,
};

/** Writes what was granted, of these subnets, and answers, in order. */
export function writeReservations(
  unit: Unit,
  granted: readonly Granted<ReservationRequest>[],
  subnets: readonly TargetSubnet[],
): Reply[] {
  const rows = granted.map(({ request: { id, caller, owner, body, expiry }, taken }) => {
    const { name, tags, metadata } = describeNew(body);
    const { principal, traceparent } = caller;
    return { id, name, tags, metadata, owner, by: principal.name, traceparent, expiry, taken: taken[0] ?? [] };
  });
  return insertReservations(unit, subnets, rows).map(({ document, text }) => shown(document, text));
}

export const shown = (document: ReservationDocument, body: object = document): Reply =>
  reply({ location: `/reservations/${document.id}`, version: document.version, body });
