import type { ClientUsage } from '../../contract/usage.js';
import type { UsageDay } from './usage.dto.js';

/** A stored row: one map, one day, one epoch. */
export interface UsageRow {
  day: string;
  connections: number;
  packets: number;
  bytes: number;
  clients: ClientUsage[];
  otherConnections: number;
}

const SHOWN = 20;

/** Days, in the order of the rows, each the sum over maps and epochs. `withClients`: also by whom. O(rows x clients). */
export function daysOf(rows: readonly UsageRow[], withClients: boolean): UsageDay[] {
  const days = new Map<string, { total: UsageDay; clients: Map<string, ClientUsage>; others: number }>();
  for (const row of rows) {
    const day = days.get(row.day) ?? {
      total: { day: row.day, connections: 0, packets: 0, bytes: 0 },
      clients: new Map<string, ClientUsage>(),
      others: 0,
    };
    days.set(row.day, day);
    day.total.connections += row.connections;
    day.total.packets += row.packets;
    day.total.bytes += row.bytes;
    day.others += row.otherConnections;
    for (const client of row.clients) day.clients.set(client.address, sum(day.clients.get(client.address), client));
  }
  return [...days.values()].map(({ total, clients, others }) => {
    if (!withClients) return total;
    const most = [...clients.values()].sort(
      (a, b) => b.connections - a.connections || (a.address < b.address ? -1 : 1),
    );
    const rest = most.slice(SHOWN).reduce((connections, client) => connections + client.connections, others);
    return Object.assign(total, { clients: most.slice(0, SHOWN), otherConnections: rest });
  });
}

function sum(one: ClientUsage | undefined, other: ClientUsage): ClientUsage {
  if (one === undefined) return other;
  return {
    address: one.address,
    connections: one.connections + other.connections,
    bytes: one.bytes + other.bytes,
    lastUsed: one.lastUsed > other.lastUsed ? one.lastUsed : other.lastUsed,
  };
}
