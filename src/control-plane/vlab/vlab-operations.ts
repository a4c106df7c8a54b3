import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { reachability, routable } from './reachability.js';
import { jsonObject, type VlabRequest } from './vlab-answer.js';
import { VlabGateways, type UsersGateway } from './vlab-gateways.js';
import { addressFilter, connectionPortOf, mapFilter, mapWish, type Params } from './vlab-input.js';
import { VlabPortMaps } from './vlab-port-maps.js';
import type { MapRow } from './vlab.queries.js';

/** What the methods of the face do (contracts/vlab.md section 3.3). Each answers with its `content` as JSON text. */
@Injectable()
export class VlabOperations {
  constructor(
    private readonly gateways: VlabGateways,
    private readonly maps: VlabPortMaps,
    private readonly database: Database,
  ) {}

  /** Throws unless the user may do anything with port maps. */
  async requireOwner(username: string): Promise<void> {
    await this.gateways.owned(username);
  }

  async showMaps(username: string, params: Params): Promise<string> {
    const gateway = await this.gateways.owned(username);
    const rows = await this.maps.list(gateway, mapFilter(params));
    // Clients take the first key: the order of creation, which a JavaScript object would not keep for numbers.
    const ports = jsonObject(rows.map((row) => [String(row.connectionPort), JSON.stringify(shown(row))] as const));
    return `{"ports":${ports},"gateway_ip":${JSON.stringify(gateway.externalAddress)}}`;
  }

  async createMap(username: string, { body }: VlabRequest): Promise<string> {
    const gateway = await this.gateways.owned(username);
    return JSON.stringify({ conn_port: await this.maps.map(gateway, mapWish(body)) });
  }

  async deleteMap(username: string, { body }: VlabRequest): Promise<string> {
    const gateway = await this.gateways.owned(username);
    await this.maps.unmap(gateway, connectionPortOf(body));
    return '{}';
  }

  /** Machines by name: what they are (as the oldest map says), whether they answer, and their addresses. */
  async showAddresses(username: string, params: Params): Promise<string> {
    const filter = addressFilter(params);
    const gateway = await this.gateways.visible(username);
    const machines = new Map<string, { component: string; addresses: Set<string> }>();
    for (const { name, component, address } of await this.maps.list(gateway, filter)) {
      if (name === '') continue;
      const machine = machines.get(name) ?? { component, addresses: new Set() };
      machine.addresses.add(address);
      machines.set(name, machine);
    }
    const all = [...machines.values()].flatMap(({ addresses }) => [...addresses]);
    const known = await reachability(this.database, gateway.id, [...new Set(all)]);
    return jsonObject(
      [...machines].map(([name, { component, addresses }]) => {
        const addr = [...addresses];
        return [name, JSON.stringify({ component, routable: routable(addr, known), addr })] as const;
      }),
    );
  }

  /** What healthcheck shows the owner of a gateway: rows of its maps, and the rules for those that its kernel has. */
  async state(username: string): Promise<{ database: unknown[]; nat: string }> {
    const gateway = await this.gateways.owned(username);
    const rows = await this.maps.list(gateway, {});
    const known = await reachability(this.database, gateway.id, [...new Set(rows.map(({ address }) => address))]);
    return {
      database: rows.map((row) => [
        ...[row.connectionPort, row.address, row.targetPort, row.name, row.component],
        routable([row.address], known),
      ]),
      nat: natListing(gateway, rows),
    };
  }

  /** Rejects when the database does not answer. */
  async ping(): Promise<void> {
    await this.gateways.ping();
  }
}

const shown = ({ name, address, targetPort, component }: MapRow): object => ({
  name,
  target_addr: address,
  target_port: targetPort,
  component,
});

const natListing = ({ externalAddress }: UsersGateway, rows: readonly MapRow[]): string =>
  rows
    .filter(({ status }) => status === 'active')
    .map(
      ({ connectionPort, address, targetPort }) =>
        `-d ${externalAddress}/32 -p tcp -m tcp --dport ${connectionPort} -j DNAT --to-destination ${address}:${targetPort}\n`,
    )
    .join('');
