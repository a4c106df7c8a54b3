import { createHash } from 'node:crypto';
import { DnsError, type DnsClient } from '../../platform/dns/client.js';
import { RCODE } from '../../platform/dns/message.js';
import { canonicalName } from '../../platform/dns/name.js';
import { addRecord, deleteRrset, nameIsFree, onlyRecordIs, type RecordText } from '../../platform/dns/update.js';

/**
 * The mark that says that a name is ours: DHCID (RFC 4701) of our DUID-UUID (RFC 6355). Servers of DHCP and others who
 * follow RFC 4703 leave such a name alone, as we leave theirs. `duid` is a UUID.
 */
export function markOf(duid: string, name: string): RecordText {
  const identifier = Buffer.from(`0004${duid.replace(/-/g, '')}`, 'hex');
  const digest = createHash('sha256').update(identifier).update(canonicalName(name)).digest('hex');
  return `DHCID 000201${digest}`;
}

export interface NameToTell {
  zone: string;
  name: string;
  ttl: number;
  /** Records of types A, AAAA and PTR; none: the name shall go. */
  records: readonly RecordText[];
  mark: RecordText;
  /** Whether it is there, as far as we know: spares a question. */
  known: boolean;
}

/**
 * Makes the name tell these records, or none. `foreign`: something is at the name that does not bear our mark, and nothing was
 * changed. Each update is carried out whole or not at all, on the condition that the name is free, or ours
 * (RFC 4703 section 5.3); to send one again does no harm. Throws `DnsError` for all else.
 */
export async function tellName(client: DnsClient, told: NameToTell): Promise<'done' | 'foreign'> {
  const { zone, name, ttl, records, mark, known } = told;
  const gone = (['A', 'AAAA', 'PTR'] as const).map((type) => deleteRrset(name, type));
  const ours = [onlyRecordIs(name, mark)];
  const added = records.map((record) => addRecord(name, ttl, record));
  if (records.length === 0) {
    // Not ours, or not there: nothing is left of us either way.
    await holds(client.update({ zone, prerequisites: ours, changes: [...gone, deleteRrset(name, 'DHCID')] }));
    return 'done';
  }
  const change = (): Promise<boolean> =>
    holds(client.update({ zone, prerequisites: ours, changes: [...gone, ...added] }));
  const create = (): Promise<boolean> =>
    holds(client.update({ zone, prerequisites: [nameIsFree(name)], changes: [...added, addRecord(name, ttl, mark)] }));
  const done = known ? (await change()) || (await create()) : (await create()) || (await change());
  return done ? 'done' : 'foreign';
}

const CONDITION_FAILED: readonly (number | undefined)[] = [
  RCODE.NXDOMAIN,
  RCODE.YXDOMAIN,
  RCODE.YXRRSET,
  RCODE.NXRRSET,
];

/** False when the update's condition did not hold. */
async function holds(update: Promise<void>): Promise<boolean> {
  try {
    await update;
    return true;
  } catch (error) {
    if (error instanceof DnsError && CONDITION_FAILED.includes(error.rcode)) return false;
    throw error;
  }
}
