import { quoted, timeText } from '../../platform/json/json-text.js';
import type { LeaseDocument } from './lease.dto.js';

/**
 * What `writeJson` makes of a lease, member by member: one is told, and shown in its reservation, for every address that is
 * taken or given back, and knowing the members beforehand takes a third of the time.
 */
export const leaseText = (lease: LeaseDocument): string =>
  `{"id":"${lease.id}","name":${quoted(lease.name)},"tags":${listText(lease.tags)},"metadata":${lease.metadata.text},` +
  `"subnet":"${lease.subnet}","reservation":"${lease.reservation}","address":"${lease.address}",` +
  `"expiresAt":${endText(lease.expiresAt)},"createdAt":${timeText(lease.createdAt)},` +
  `"updatedAt":${timeText(lease.updatedAt)},"version":${lease.version}}`;

export const listText = (items: readonly string[]): string =>
  items.length === 0 ? '[]' : `[${items.map(quoted).join(',')}]`;

export const endText = (expiresAt: Date | null): string => (expiresAt === null ? 'null' : timeText(expiresAt));
