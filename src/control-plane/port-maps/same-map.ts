import { createHash } from 'node:crypto';
import type { Unit } from '../events/unit-of-work.js';
import { PORT_MAP_COLUMNS, portMapDocument, type PortMapRow } from './port-map-rows.js';
import type { PortMapDocument } from './port-map.dto.js';

/** What a port map is for, to those who take the same again for one: a machine by its name, and a port of it. */
export interface MapSubject {
  gateway: string;
  name: string;
  /** What the machine is: the kind of the map's component, or `component` of its metadata. */
  component: string;
  address: string;
  targetPort: number;
}

/**
 * What the machine of a map (alias p, its component alias c) is: the component's kind, or, of a map without one, what its
 * metadata says; null when nothing does. The condition and the expression are those of an index (migration VlabFace).
 */
export const OWN_COMPONENT = `left(json_text_at(p.metadata, '{component}'), 255)`;
export const HAS_OWN_COMPONENT = `p.component_id IS NULL AND p.metadata::text <> 'null'`;
export const MAP_COMPONENT = `coalesce(c.kind, CASE WHEN ${HAS_OWN_COMPONENT} THEN ${OWN_COMPONENT} END, '')`;

/** Any number; it names these locks among the advisory ones. */
const LOCKS = 7_311_906;

/** In the order of the array, so that two batches cannot deadlock; before the locks of the ports, which come later. */
const LOCK_SUBJECTS = `SELECT pg_advisory_xact_lock($1, lock) FROM unnest($2::integer[]) AS lock`;

/** Maps of a gateway by name: an index look-up. In a statement after the locks, so that it sees what their last holders made. */
const MAPS_BY_NAME = `
  SELECT ${PORT_MAP_COLUMNS}, ${MAP_COMPONENT} AS component
  FROM port_map p JOIN gateway g ON g.id = p.gateway_id LEFT JOIN component c ON c.id = p.component_id
  WHERE p.gateway_id = $1 AND p.name COLLATE "C" = ANY($2) AND (p.name COLLATE "C") <> ''
    AND p.protocol = 'tcp' AND p.status <> 'removing'
  ORDER BY p.created_at, p.id`;

export const subjectKey = ({ gateway, name, component, address, targetPort }: MapSubject): string =>
  JSON.stringify([gateway, name, component, address, targetPort]);

/** A number for a lock; two subjects that share one only wait for each other. */
const lockOf = (key: string): number => createHash('sha256').update(key).digest().readInt32BE();

/**
 * The maps that are there for some subjects of one gateway, by `subjectKey`. Until the transaction ends nobody else looks for,
 * or makes, a map of these subjects through here.
 */
export async function sameMaps(unit: Unit, subjects: readonly MapSubject[]): Promise<Map<string, PortMapDocument>> {
  const [first] = subjects;
  if (first === undefined) return new Map();
  const locks = [...new Set(subjects.map((subject) => lockOf(subjectKey(subject))))].sort((a, b) => a - b);
  await unit.query(LOCK_SUBJECTS, [LOCKS, locks]);
  const names = [...new Set(subjects.map(({ name }) => name))];
  const rows = await unit.query<PortMapRow & { component: string }>(MAPS_BY_NAME, [first.gateway, names]);
  const maps = new Map<string, PortMapDocument>();
  for (const { component, ...row } of rows) {
    const { gatewayId: gateway, name, address, targetPort } = row;
    const key = subjectKey({ gateway, name, component, address, targetPort });
    // The oldest of several.
    if (!maps.has(key)) maps.set(key, portMapDocument(row));
  }
  return maps;
}
