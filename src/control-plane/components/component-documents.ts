import { portMapDocument, type PortMapRow } from '../port-maps/port-map-rows.js';
import { leaseDocument, type LeaseRow } from '../reservations/reservation-documents.js';
import { LEASES_OF } from '../reservations/reservation.queries.js';
import { ComponentDocument } from './component.dto.js';
import type { ComponentEntity } from './component.entity.js';
import { MAPS_OF_COMPONENTS } from './component.queries.js';

interface Reader {
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
}

/** Documents of components with their leases and port maps: two statements whatever the number of rows. */
export async function componentDocuments(
  reader: Reader,
  rows: readonly ComponentEntity[],
): Promise<ComponentDocument[]> {
  const reservations = rows.flatMap((row) => row.reservationId ?? []);
  const leases = await reader.query<LeaseRow>(LEASES_OF, [reservations]);
  const maps = await reader.query<PortMapRow>(MAPS_OF_COMPONENTS, [rows.map((row) => row.id)]);
  return rows.map((row) =>
    ComponentDocument.from(
      row,
      leases.filter((lease) => lease.reservationId === row.reservationId).map((lease) => leaseDocument(lease, null)),
      maps.filter((map) => map.componentId === row.id).map(portMapDocument),
    ),
  );
}
