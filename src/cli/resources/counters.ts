import { answer } from '../client/answer.js';
import type { PortMap } from '../client/client.js';
import type { components } from '../client/schema.js';
import type { ListOptions } from '../options/listing.js';
import { table, type Column } from '../output/table.js';
import { ago, hostPort, size } from '../output/words.js';
import type { Session } from '../session.js';
import { everything, findId } from './find.js';
import { COMPONENTS, GATEWAYS, PORT_MAPS, reachedAt } from './forwarding.js';
import type { ListQuery } from './resource.js';

type Counters = components['schemas']['PortMapCounters'];

const AT_ONCE = 100;

/** Prints port maps with what passed through them: one more request for each hundred. */
export async function showCounters(session: Session, { all, ...options }: ListOptions): Promise<void> {
  const { api, out } = session;
  const query: ListQuery = { ...options };
  if (options.gateway !== undefined) query.gateway = await findId(session, GATEWAYS, options.gateway);
  if (options.component !== undefined) query.component = await findId(session, COMPONENTS, options.component);
  const maps: PortMap[] = [];
  if (all === true) for await (const map of everything(session, PORT_MAPS, query)) maps.push(map);
  else maps.push(...(await PORT_MAPS.list(api, query)).rows);
  const counters: Counters[] = [];
  for (let at = 0; at < maps.length; at += AT_ONCE) {
    const ids = maps.slice(at, at + AT_ONCE).map(({ id }) => id);
    const { data } = answer(await api.GET('/port-map-counters', { params: { query: { ids: ids.join(',') } } }));
    counters.push(...data.counters);
  }
  if (out.json) {
    out.raw(JSON.stringify({ counters }));
    return;
  }
  if (maps.length === 0) out.note('There are no port maps to show.');
  const byMap = new Map(counters.map((one) => [one.portMap, one]));
  out.lines(table(columns(byMap), maps, out.colour));
}

const columns = (byMap: ReadonlyMap<string, Counters>): readonly Column<PortMap>[] => [
  { title: 'GATEWAY', of: reachedAt },
  { title: 'TARGET', of: (map) => `${map.protocol} ${hostPort(map.address, map.targetPort)}` },
  { title: 'CONNECTIONS', of: ({ id }) => String(byMap.get(id)?.connections ?? 0) },
  { title: 'PACKETS', of: ({ id }) => String(byMap.get(id)?.packets ?? 0) },
  { title: 'BYTES', of: ({ id }) => size(byMap.get(id)?.bytes ?? 0) },
  { title: 'LAST USED', of: ({ id }) => ago(byMap.get(id)?.lastUsed ?? null) },
  { title: 'NAME', of: (map) => map.name },
];
