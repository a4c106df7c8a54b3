import { answer } from '../client/answer.js';
import type { ComponentOf, Gateway, PortMap } from '../client/client.js';
import { paintStatus } from '../output/output.js';
import type { Column } from '../output/table.js';
import { ago, hostPort } from '../output/words.js';
import { addressesOf } from './addressing.js';
import type { Resource, SortOf } from './resource.js';

type Range = { first: number; last: number } | undefined;
const rangeText = (protocol: string, range: Range): string =>
  range === undefined ? '' : `${protocol} ${range.first}-${range.last}`;

export const GATEWAYS: Resource<Gateway> = {
  one: 'gateway',
  many: 'gateways',
  key: 'gateways',
  filters: ['owner'],
  sorts: ['name', 'createdAt'] satisfies SortOf<'/gateways'>[],
  columns: [
    { title: 'NAME', of: (gateway) => gateway.name },
    { title: 'ADDRESS', of: (gateway) => gateway.externalAddress },
    {
      title: 'PORTS',
      of: ({ ports }) => [rangeText('tcp', ports.tcp), rangeText('udp', ports.udp)].filter(Boolean).join(', '),
    },
    { title: 'MODE', of: (gateway) => gateway.mode ?? '' },
    { title: 'LAST SEEN', of: (gateway) => ago(gateway.lastSeenAt) },
    { title: 'OWNER', of: (gateway) => gateway.owner },
    { title: 'ID', of: (gateway) => gateway.id },
  ],
  list: async (api, query) => {
    const { data, text } = answer(await api.GET('/gateways', { params: { query } }));
    return { rows: data.gateways, next: data.next, text };
  },
  get: async (api, id) => answer(await api.GET('/gateways/{id}', { params: { path: { id } } })),
  remove: async (api, id) => answer(await api.DELETE('/gateways/{id}', { params: { path: { id } } })),
};

/** Where to connect to. */
export const reachedAt = (map: PortMap): string =>
  hostPort(map.externalAddress, map.connectionPort) + upTo(map.connectionPort, map);

/** The end of a row of ports, `-50099`; nothing of a single one. */
const upTo = (first: number, { size }: PortMap): string => (size > 1 ? `-${first + size - 1}` : '');

const statusText = ({ status, reason }: PortMap): string => (reason === null ? status : `${status}: ${reason}`);

/** The maps of one component. */
export const MAP_COLUMNS: readonly Column<PortMap>[] = [
  { title: 'ADDRESS', of: (map) => map.address },
  { title: 'PORT', of: (map) => `${map.protocol} ${map.targetPort}${upTo(map.targetPort, map)}` },
  { title: 'GATEWAY', of: reachedAt },
  { title: 'STATUS', of: statusText, paint: paintStatus },
];

export const PORT_MAPS: Resource<PortMap> = {
  one: 'port map',
  many: 'port maps',
  key: 'portMaps',
  filters: ['owner', 'gateway', 'component', 'address', 'status'],
  sorts: ['address', 'connectionPort'] satisfies SortOf<'/port-maps'>[],
  columns: [
    { title: 'GATEWAY', of: reachedAt },
    { title: 'PROTOCOL', of: (map) => map.protocol },
    { title: 'TARGET', of: (map) => hostPort(map.address, map.targetPort) + upTo(map.targetPort, map) },
    { title: 'STATUS', of: (map) => map.status, paint: paintStatus },
    { title: 'OWNER', of: (map) => map.owner },
    { title: 'NAME', of: (map) => map.name },
    { title: 'ID', of: (map) => map.id },
  ],
  list: async (api, { status, ...rest }) => {
    const query = { ...rest, ...(status === undefined ? {} : { status: status as PortMap['status'] }) };
    const { data, text } = answer(await api.GET('/port-maps', { params: { query } }));
    return { rows: data.portMaps, next: data.next, text };
  },
  get: async (api, id) => answer(await api.GET('/port-maps/{id}', { params: { path: { id } } })),
  remove: async (api, id) => answer(await api.DELETE('/port-maps/{id}', { params: { path: { id } } })),
};

export const COMPONENTS: Resource<ComponentOf> = {
  one: 'component',
  many: 'components',
  key: 'components',
  filters: ['owner', 'kind', 'gateway'],
  sorts: ['name', 'createdAt'] satisfies SortOf<'/components'>[],
  columns: [
    { title: 'NAME', of: (component) => component.name },
    { title: 'KIND', of: (component) => component.kind },
    { title: 'ADDRESSES', of: ({ leases }) => addressesOf(leases) },
    {
      title: 'REACHED AT',
      of: ({ portMaps }) => portMaps.map((map) => `${reachedAt(map)} (${map.protocol} ${map.targetPort})`).join(', '),
    },
    { title: 'STATUS', of: ({ portMaps }) => commonStatus(portMaps), paint: paintStatus },
    { title: 'OWNER', of: (component) => component.owner },
  ],
  list: async (api, query) => {
    const { data, text } = answer(await api.GET('/components', { params: { query } }));
    return { rows: data.components, next: data.next, text };
  },
  get: async (api, id) => answer(await api.GET('/components/{id}', { params: { path: { id } } })),
  remove: async (api, id) => answer(await api.DELETE('/components/{id}', { params: { path: { id } } })),
};

/** The status that all maps have; else how many have which. */
function commonStatus(maps: readonly PortMap[]): string {
  const counts = new Map<string, number>();
  for (const { status } of maps) counts.set(status, (counts.get(status) ?? 0) + 1);
  if (counts.size <= 1) return [...counts.keys()].join('');
  return [...counts].map(([status, count]) => `${status} ${count}`).join(', ');
}
