import { formatAddress, type Family } from '../../ip/address.js';
import { JsonText } from '../../platform/json/json-text.js';
import { notFound } from '../../platform/problem/problem.js';
import type { Policy, Taken } from '../allocation/need.js';
import type { Unit } from '../events/unit-of-work.js';
import type { LeaseDocument } from '../leases/lease.dto.js';
import type { Described } from '../resource/change.js';
import { newId } from '../resource/id.js';
import { arrayLiteral } from '../../platform/database/array-literal.js';
import type { Expiry } from './expiry.js';
import type { ReservationDocument } from './reservation.dto.js';
import { madeReservation } from './reservation-text.js';
import { INSERT_RESERVATIONS, POOL_EXISTS, POOL_TARGETS, SUBNET_TARGET } from './reservation.queries.js';

/** Where addresses are asked for. */
export interface Target {
  noun: 'pool' | 'subnet';
  id: string;
}

/** A subnet that may give them. */
export interface TargetSubnet {
  id: string;
  poolId: string;
  spaceId: string;
  family: Family;
  first: string;
  last: string;
  policy: Policy;
  reuseEarly: boolean;
  /** JSON text; what is excluded is known by the space, and looked at only to say so. */
  exclusions: string;
  gatewayAddress: string | null;
  poolMetadata: string;
  subnetMetadata: string;
}

export const targetKey = ({ noun, id }: Target): string => `${noun}:${id}`;

/** The subnets of a target, in the order in which they are tried; 404 when the target is not there. */
export async function targetSubnets(unit: Unit, target: Target, wait: boolean): Promise<TargetSubnet[]> {
  const subnets =
    target.noun === 'subnet'
      ? await unit.query<TargetSubnet>(SUBNET_TARGET, [target.id])
      : await unit.query<TargetSubnet>(POOL_TARGETS, [target.id, wait]);
  if (subnets.length > 0) return subnets;
  if (target.noun === 'pool' && (await unit.query(POOL_EXISTS, [target.id])).length > 0) return [];
  throw notFound(target.noun, target.id);
}

/** A granted reservation, not yet written. */
export interface GrantedReservation extends Described {
  id: string;
  owner: string;
  /** Name of the principal who asked for it. */
  by: string;
  /** Trace context of its request. */
  traceparent: string | undefined;
  expiry: Expiry;
  taken: readonly Taken[];
}

export interface WrittenReservation {
  document: ReservationDocument;
  /** The document as JSON: written once, answered and told. */
  text: JsonText;
}

/** Writes the reservations of a batch and their leases, tells them, and answers with them, in order. */
export function insertReservations(
  unit: Unit,
  subnets: readonly TargetSubnet[],
  granted: readonly GrantedReservation[],
): WrittenReservation[] {
  if (granted.length === 0) return [];
  const now = new Date();
  const bySpace = new Map(subnets.map((subnet) => [subnet.spaceId, subnet]));
  const documents = granted.map((reservation) => {
    const subnet = bySpace.get(reservation.taken[0]?.space ?? '');
    if (subnet === undefined) throw new Error('a granted reservation without a subnet');
    const { id, name, tags, metadata, owner, expiry } = reservation;
    const { expiresAt, ttl } = expiry;
    const leases = reservation.taken.map(({ position }): LeaseDocument => ({
      id: newId(),
      name: '',
      tags: [],
      metadata: JsonText.null,
      subnet: subnet.id,
      reservation: id,
      address: formatAddress({ family: subnet.family, value: position }),
      expiresAt,
      createdAt: now,
      updatedAt: now,
      version: 1,
    }));
    // Documents at once, not by way of rows: these are the most frequent ones there are.
    const document: ReservationDocument = {
      id,
      name,
      tags,
      metadata,
      subnet: subnet.id,
      pool: subnet.poolId,
      owner,
      leases,
      expiresAt,
      ttl,
      poolMetadata: new JsonText(subnet.poolMetadata),
      subnetMetadata: new JsonText(subnet.subnetMetadata),
      createdAt: now,
      updatedAt: now,
      version: 1,
    };
    return document;
  });

  const leases = documents.flatMap((document) => document.leases);
  unit.write(INSERT_RESERVATIONS, [
    documents.map(({ id }) => id),
    documents.map(({ name }) => name),
    documents.map(({ tags }) => arrayLiteral(tags)),
    documents.map(({ metadata }) => metadata.text),
    documents.map(({ pool }) => pool),
    documents.map(({ subnet }) => subnet),
    documents.map(({ owner }) => owner),
    now,
    granted.map(({ expiry }) => expiry.expiresAt),
    granted.map(({ expiry }) => expiry.ttl),
    granted.map(({ expiry }) => expiry.noticeAt),
    leases.map(({ id }) => id),
    leases.map(({ subnet }) => subnet),
    leases.map(({ reservation }) => reservation),
    leases.map(({ address }) => address),
  ]);
  return documents.map((document, index) => {
    const { by: actor, traceparent } = granted[index] ?? {};
    const { id, owner } = document;
    const made = madeReservation(document);
    unit.emit({ noun: 'reservation', verb: 'created', id, owner, actor, traceparent, data: made });
    return { document, text: new JsonText(made.text) };
  });
}
