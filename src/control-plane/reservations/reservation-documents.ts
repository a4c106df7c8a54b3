import { JsonText } from '../../platform/json/json-text.js';
import type { LeaseDocument } from '../leases/lease.dto.js';
import type { LeaseEntity } from '../leases/lease.entity.js';
import { addressText } from '../resource/resource.entity.js';
import { ReservationDocument } from './reservation.dto.js';
import type { ReservationEntity } from './reservation.entity.js';
import { LEASES_OF, METADATA_ABOVE } from './reservation.queries.js';

/** A lease as SQL gives it. */
export type LeaseRow = Omit<LeaseEntity, 'metadata'> & { metadata: string };

/** A reservation as SQL gives it, with the metadata above it. */
export type ReservationRow = Omit<ReservationEntity, 'metadata'> & {
  metadata: string;
  poolMetadata: string;
  subnetMetadata: string;
};

interface Reader {
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
}

/** A lease ends with its reservation. Member by member, since spreading costs ten times as much. */
export function leaseDocument(row: LeaseRow, expiresAt: Date | null): LeaseDocument {
  return {
    id: row.id,
    name: row.name,
    tags: row.tags,
    metadata: new JsonText(row.metadata),
    subnet: row.subnetId,
    reservation: row.reservationId,
    address: addressText.from(row.address),
    expiresAt,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    version: row.version,
  };
}

export function reservationDocument(row: ReservationRow, leases: readonly LeaseRow[]): ReservationDocument {
  return ReservationDocument.from(
    { ...row, metadata: new JsonText(row.metadata) },
    leases.map((lease) => leaseDocument(lease, row.expiresAt)),
    { poolMetadata: new JsonText(row.poolMetadata), subnetMetadata: new JsonText(row.subnetMetadata) },
  );
}

/** Documents of rows, with their leases and the metadata above them: two statements whatever the number of rows. */
export async function reservationDocuments(
  reader: Reader,
  rows: readonly ReservationEntity[],
): Promise<ReservationDocument[]> {
  const leases = await reader.query<LeaseRow>(LEASES_OF, [rows.map((row) => row.id)]);
  const above = await reader.query<{ id: string; poolMetadata: string; subnetMetadata: string }>(METADATA_ABOVE, [
    [...new Set(rows.map((row) => row.subnetId))],
  ]);
  const byReservation = new Map<string, LeaseRow[]>(rows.map((row) => [row.id, []]));
  for (const lease of leases) byReservation.get(lease.reservationId)?.push(lease);
  const bySubnet = new Map(above.map((row) => [row.id, row]));
  return rows.map((row) => {
    const parents = bySubnet.get(row.subnetId);
    const held = (byReservation.get(row.id) ?? []).map((lease) => leaseDocument(lease, row.expiresAt));
    return ReservationDocument.from(row, held, {
      poolMetadata: new JsonText(parents?.poolMetadata ?? 'null'),
      subnetMetadata: new JsonText(parents?.subnetMetadata ?? 'null'),
    });
  });
}
