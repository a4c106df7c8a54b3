import type { ComponentOf, PortMap } from '../client/client.js';
import type { Session } from '../session.js';
import { everything } from './find.js';
import { PORT_MAPS } from './forwarding.js';

/**
 * All port maps that lead to a component: its own, and those that were made later, to its leases or plainly to its
 * addresses through its gateway. A request for each address.
 */
export async function mapsOf(session: Session, component: ComponentOf): Promise<readonly PortMap[]> {
  const { portMaps, leases, gateway } = component;
  const found = new Map(portMaps.map((map) => [map.id, map]));
  for (const { address, id } of leases) {
    for await (const map of everything(session, PORT_MAPS, { address })) {
      if (map.lease === id || (map.lease === null && map.gateway === gateway)) found.set(map.id, map);
    }
  }
  return [...found.values()].filter(({ status }) => status !== 'removing');
}
