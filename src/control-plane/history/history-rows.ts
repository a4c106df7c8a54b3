import type { Protocol } from '../../contract/desired-state.js';
import { JsonText } from '../../platform/json/json-text.js';
import { addressText } from '../resource/resource.entity.js';
import type { AddressSegment, PortSegment, Segment } from './history.dto.js';

/** What rows of both histories have, as SQL gives it. */
export interface SegmentRow {
  space_id: string;
  owner: string;
  since: Date;
  until: Date | null;
  released: boolean | null;
  ended_by: string | null;
  reason: string | null;
  address: string;
  name: string;
  tags: string[];
  metadata: string;
}

export interface AddressRow extends SegmentRow {
  pool_id: string;
  subnet_id: string;
  lease_id: string;
  reservation_id: string;
  reservation_name: string;
  reservation_tags: string[];
  reservation_metadata: string;
}

export interface PortRow extends SegmentRow {
  protocol: Protocol;
  port: number;
  gateway_id: string;
  port_map_id: string;
  component_id: string | null;
  target_address: string;
  target_port: number;
}

const times = ({
  owner,
  since,
  until,
  released,
  ended_by: endedBy,
  reason,
}: SegmentRow): Pick<Segment, keyof Segment> => ({
  owner,
  since,
  until,
  ended: released === null ? null : released ? 'released' : 'changed',
  endedBy,
  reason,
});

export const addressSegment = (row: AddressRow): AddressSegment => ({
  address: addressText.from(row.address),
  pool: row.pool_id,
  subnet: row.subnet_id,
  lease: { id: row.lease_id, name: row.name, tags: row.tags, metadata: new JsonText(row.metadata) },
  reservation: {
    id: row.reservation_id,
    name: row.reservation_name,
    tags: row.reservation_tags,
    metadata: new JsonText(row.reservation_metadata),
  },
  ...times(row),
});

export const portSegment = (row: PortRow): PortSegment => ({
  address: addressText.from(row.address),
  protocol: row.protocol,
  port: row.port,
  gateway: row.gateway_id,
  portMap: { id: row.port_map_id, name: row.name, tags: row.tags, metadata: new JsonText(row.metadata) },
  target: { address: addressText.from(row.target_address), port: row.target_port },
  component: row.component_id,
  ...times(row),
});
