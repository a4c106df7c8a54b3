import type { Database } from '../../platform/database/database.js';
import { KNOWN } from '../reachability/reachability.queries.js';

/**
 * Whether the machines of a gateway answer in any way, by address: true or false once they were looked at, absent before.
 * `addresses` in canonical text.
 */
export async function reachability(
  database: Database,
  gateway: string,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, boolean>> {
  const rows = await database.query<{ address: string; answers: boolean }>(KNOWN, [gateway, addresses]);
  return new Map(rows.map(({ address, answers }) => [address, answers]));
}

/** Of a machine with several addresses: true when one answers, false when none does, null while that is not known. */
export function routable(addresses: readonly string[], known: ReadonlyMap<string, boolean>): boolean | null {
  const answers = addresses.map((address) => known.get(address));
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? null : false;
}
