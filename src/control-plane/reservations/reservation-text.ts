import { quoted, timeText } from '../../platform/json/json-text.js';
import { WithMembers, type Shape } from '../events/with-members.js';
import type { LeaseDocument } from '../leases/lease.dto.js';
import { endText, leaseText, listText } from '../leases/lease-text.js';
import type { ReservationDocument } from './reservation.dto.js';

/**
 * A reservation that was just made, for whoever is answered and told: what `writeJson` makes of it, member by member (see
 * `leaseText`). Its leases, one at least, differ in id and address only, so one of them is written.
 */
export function madeReservation(reservation: ReservationDocument): WithMembers {
  const { leases } = reservation;
  const [first] = leases;
  if (first === undefined) throw new Error('a reservation without a lease');
  const before =
    `{"id":"${reservation.id}","name":${quoted(reservation.name)},"tags":${listText(reservation.tags)},` +
    `"metadata":${reservation.metadata.text},"subnet":"${reservation.subnet}","pool":"${reservation.pool}",` +
    `"owner":${quoted(reservation.owner)},"leases":[`;
  const after =
    `],"expiresAt":${endText(reservation.expiresAt)},` +
    `"ttl":${reservation.ttl},"poolMetadata":${reservation.poolMetadata.text},` +
    `"subnetMetadata":${reservation.subnetMetadata.text},"createdAt":${timeText(reservation.createdAt)},` +
    `"updatedAt":${timeText(reservation.updatedAt)},"version":${reservation.version}}`;
  return new WithMembers([before, after], {
    noun: 'lease',
    shape: shapeOf(first),
    ids: leases.map(({ id }) => id),
    values: leases.map(({ address }) => address),
  });
}

/** The text of a new lease, cut where the others of its reservation differ from it. */
function shapeOf(lease: LeaseDocument): Shape {
  const text = leaseText(lease);
  const id = text.indexOf(lease.id);
  const address = text.lastIndexOf(`"${lease.address}","expiresAt"`) + 1;
  return [text.slice(0, id), text.slice(id + lease.id.length, address), text.slice(address + lease.address.length)];
}
