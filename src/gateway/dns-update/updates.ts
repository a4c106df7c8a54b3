import { isWithin, reverseNameOf } from '../../platform/dns/name.js';
import type { ResourceRecord } from '../../platform/dns/message.js';
import { addRecord, addressRecord, deleteRecord, deleteRrset, type Update } from '../../platform/dns/update.js';
import type { Addresses } from './addresses.js';

export interface RecordSettings {
  /** Whole name. */
  name: string;
  zone: string;
  /** Which records of the name are ours. */
  types: readonly ('A' | 'AAAA')[];
  ttl: number;
  reverseZones: readonly string[];
}

/** Those of the types that are told. */
export const toldOf = ({ types }: Pick<RecordSettings, 'types'>, addresses: Addresses): string[] =>
  types.flatMap((type) => addresses[type]);

/**
 * What makes DNS tell exactly these addresses: one update for the name, and one for each reverse zone that has to do with
 * them. The name's sets of records are replaced whatever is there, as the name is this machine's (the packet of the vLab
 * contract, section 7.3, has no prerequisites); of `before`, addresses that were told and are not any more, only our own
 * PTR record is taken away.
 */
export function updatesFor(settings: RecordSettings, addresses: Addresses, before: readonly string[]): Update[] {
  const { name, zone, types, ttl } = settings;
  const changes = types.flatMap((type) => [
    deleteRrset(name, type),
    ...addresses[type].map((address) => addRecord(name, ttl, addressRecord(address))),
  ]);
  return [{ zone, changes }, ...reverseUpdates(settings, toldOf(settings, addresses), before)];
}

function reverseUpdates(settings: RecordSettings, told: readonly string[], before: readonly string[]): Update[] {
  const { name, ttl, reverseZones } = settings;
  const byZone = new Map<string, ResourceRecord[]>();
  const add = (address: string, changes: (at: string) => ResourceRecord[]): void => {
    const at = reverseNameOf(address);
    // The longest zone is the one that the record is in; the others delegate it.
    const [zone] = reverseZones
      .filter((one) => at !== undefined && isWithin(at, one))
      .sort((a, b) => b.length - a.length);
    if (at !== undefined && zone !== undefined) byZone.set(zone, [...(byZone.get(zone) ?? []), ...changes(at)]);
  };
  for (const address of before) {
    if (!told.includes(address)) add(address, (at) => [deleteRecord(at, `PTR ${name}.`)]);
  }
  for (const address of told) add(address, (at) => [deleteRrset(at, 'PTR'), addRecord(at, ttl, `PTR ${name}.`)]);
  return [...byZone].map(([zone, changes]) => ({ zone, changes }));
}
