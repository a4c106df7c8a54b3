import { JsonText, quoted, timeText } from '../../platform/json/json-text.js';
import { endText, leaseText, listText } from '../leases/lease-text.js';
import type { ReservationDocument } from './reservation.dto.js';

/** A reservation and its leases as JSON, each written once for whoever is answered and told. */
export interface ReservationTexts {
  text: JsonText;
  /** In the order of the document. */
  leases: JsonText[];
}

/** What `writeJson` makes of a reservation, member by member (see `leaseText`). */
export function reservationTexts(reservation: ReservationDocument): ReservationTexts {
  const leases = reservation.leases.map((lease) => new JsonText(leaseText(lease)));
  const text =
    `{"id":"${reservation.id}","name":${quoted(reservation.name)},"tags":${listText(reservation.tags)},` +
    `"metadata":${reservation.metadata.text},"subnet":"${reservation.subnet}","pool":"${reservation.pool}",` +
    `"owner":${quoted(reservation.owner)},"leases":[${joined(leases)}],"expiresAt":${endText(reservation.expiresAt)},` +
    `"ttl":${reservation.ttl},"poolMetadata":${reservation.poolMetadata.text},` +
    `"subnetMetadata":${reservation.subnetMetadata.text},"createdAt":${timeText(reservation.createdAt)},` +
    `"updatedAt":${timeText(reservation.updatedAt)},"version":${reservation.version}}`;
  return { text: new JsonText(text), leases };
}

const joined = ([first, ...others]: readonly JsonText[]): string =>
  first === undefined ? '' : others.length === 0 ? first.text : [first, ...others].map(({ text }) => text).join(',');
