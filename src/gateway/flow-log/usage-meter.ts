import type { DesiredMap } from '../../contract/desired-state.js';
import { USAGE_LIMITS, type ClientUsage, type MapUsage } from '../../contract/usage.js';
import type { ConnectionEvent } from './connection-event.js';

/** Clients of one map and day that are counted one by one: the first so many; a scan of the net is none of the users. */
const CLIENTS = 200;
const DAY_MS = 86_400_000;

interface Meter {
  map: DesiredMap;
  day: string;
  connections: number;
  packets: number;
  bytes: number;
  lastUsed: number;
  clients: Map<string, { connections: number; bytes: number; lastUsed: number }>;
}

/**
 * Counts by map and day since the process began. What changed is dirty until a report with it is acknowledged; figures
 * are sums, so it does no harm to tell them twice.
 */
export class UsageMeter {
  private readonly meters = new Map<string, Meter>();
  private dirty = new Set<Meter>();
  private dayStart = 0;
  private day = '';

  constructor(private readonly withClients: boolean) {}

  count(map: DesiredMap, event: ConnectionEvent): void {
    const meter = this.meterOf(map, event.at);
    const begins = event.kind === 'new' ? 1 : 0;
    meter.connections += begins;
    meter.packets += event.packets;
    meter.bytes += event.bytes;
    meter.lastUsed = Math.max(meter.lastUsed, event.at);
    this.dirty.add(meter);
    if (!this.withClients) return;
    let client = meter.clients.get(event.source);
    if (client === undefined) {
      if (meter.clients.size >= CLIENTS) return;
      client = { connections: 0, bytes: 0, lastUsed: 0 };
      meter.clients.set(event.source, client);
    }
    client.connections += begins;
    client.bytes += event.bytes;
    client.lastUsed = Math.max(client.lastUsed, event.at);
  }

  /** Some of what is to be told; it counts as told unless it is given back. */
  take(most: number = USAGE_LIMITS.maps): { usage: MapUsage[]; giveBack: () => void } {
    const taken = [...this.dirty].slice(0, most);
    for (const meter of taken) this.dirty.delete(meter);
    return {
      usage: taken.map(usageOf),
      giveBack: () => {
        for (const meter of taken) this.dirty.add(meter);
      },
    };
  }

  private meterOf(map: DesiredMap, at: number): Meter {
    if (at < this.dayStart || at >= this.dayStart + DAY_MS) {
      this.dayStart = Math.floor(at / DAY_MS) * DAY_MS;
      this.day = new Date(at).toISOString().slice(0, 10);
      this.forgetBefore(this.dayStart - DAY_MS);
    }
    const key = `${map.id} ${this.day}`;
    let meter = this.meters.get(key);
    if (meter === undefined) {
      const counts = { connections: 0, packets: 0, bytes: 0, lastUsed: 0 };
      meter = { map, day: this.day, ...counts, clients: new Map() };
      this.meters.set(key, meter);
    }
    return meter;
  }

  private forgetBefore(time: number): void {
    const first = new Date(Math.max(time, 0)).toISOString().slice(0, 10);
    for (const [key, meter] of this.meters) if (meter.day < first && !this.dirty.has(meter)) this.meters.delete(key);
  }
}

function usageOf({ map, day, connections, packets, bytes, lastUsed, clients }: Meter): MapUsage {
  const most = [...clients].sort(([, a], [, b]) => b.connections - a.connections).slice(0, USAGE_LIMITS.clients);
  const told = most.map(([address, client]): ClientUsage => ({
    address,
    connections: client.connections,
    bytes: client.bytes,
    lastUsed: new Date(client.lastUsed).toISOString(),
  }));
  return {
    id: map.id,
    day,
    connections,
    packets,
    bytes,
    lastUsed: new Date(lastUsed).toISOString(),
    clients: told,
    otherConnections: told.reduce((left, client) => left - client.connections, connections),
    owner: map.labels?.owner ?? '',
    name: map.labels?.name ?? null,
    component: map.labels?.component ?? null,
  };
}
