import { parseAddress } from '../../ip/address.js';
import { parseCidr } from '../../ip/cidr.js';
import { answer } from '../client/answer.js';
import type { Lease, Pool, Reservation, Subnet } from '../client/client.js';
import { percent } from '../output/words.js';
import { hostRange, network } from '../options/parsers.js';
import type { Resource, SortOf } from './resource.js';

const SHOWN_ADDRESSES = 4;

export const POOLS: Resource<Pool> = {
  one: 'pool',
  many: 'pools',
  key: 'pools',
  filters: [],
  sorts: ['name', 'createdAt', 'utilization', 'free'] satisfies SortOf<'/pools'>[],
  columns: [
    { title: 'NAME', of: (pool) => pool.name },
    { title: 'USED', of: (pool) => percent(pool.capacity?.utilization) },
    { title: 'FREE', of: (pool) => pool.capacity?.free ?? '' },
    { title: 'TAGS', of: (pool) => pool.tags.join(', ') },
    { title: 'ID', of: (pool) => pool.id },
  ],
  list: async (api, query) => {
    const { data, text } = answer(await api.GET('/pools', { params: { query } }));
    return { rows: data.pools, next: data.next, text };
  },
  get: async (api, id) => answer(await api.GET('/pools/{id}', { params: { path: { id } } })),
  remove: async (api, id) => answer(await api.DELETE('/pools/{id}', { params: { path: { id } } })),
};

export const SUBNETS: Resource<Subnet> = {
  one: 'subnet',
  many: 'subnets',
  key: 'subnets',
  filters: ['address', 'within', 'contains'],
  sorts: ['name', 'createdAt', 'utilization', 'free', 'start'] satisfies SortOf<'/subnets'>[],
  columns: [
    { title: 'FIRST', of: (subnet) => subnet.start },
    { title: 'LAST', of: (subnet) => subnet.end },
    { title: 'NAME', of: (subnet) => subnet.name },
    { title: 'USED', of: (subnet) => percent(subnet.capacity?.utilization) },
    { title: 'POOL', of: (subnet) => subnet.pool },
    { title: 'ID', of: (subnet) => subnet.id },
  ],
  list: async (api, query) => {
    const { data, text } = answer(await api.GET('/subnets', { params: { query } }));
    return { rows: data.subnets, next: data.next, text };
  },
  get: async (api, id) => answer(await api.GET('/subnets/{id}', { params: { path: { id } } })),
  remove: async (api, id) => answer(await api.DELETE('/subnets/{id}', { params: { path: { id } } })),
  /** The network that it is, or whose machines' addresses it has. */
  alias: (text) => {
    if (parseCidr(text) === undefined) return undefined;
    const [cidr, { start, end }] = [network(text), hostRange(text)];
    return {
      query: { address: start },
      fits: (subnet) => subnet.cidr === cidr || (subnet.start === start && subnet.end === end),
    };
  },
};

export const RESERVATIONS: Resource<Reservation> = {
  one: 'reservation',
  many: 'reservations',
  key: 'reservations',
  filters: ['owner', 'address', 'within'],
  sorts: [],
  columns: [
    { title: 'NAME', of: (reservation) => reservation.name },
    { title: 'OWNER', of: (reservation) => reservation.owner },
    { title: 'ADDRESSES', of: (reservation) => addressesOf(reservation.leases) },
    { title: 'EXPIRES', of: ({ expiresAt }) => shownTime(expiresAt) },
    { title: 'SUBNET', of: (reservation) => reservation.subnet },
    { title: 'ID', of: (reservation) => reservation.id },
  ],
  list: async (api, query) => {
    const { data, text } = answer(await api.GET('/reservations', { params: { query } }));
    return { rows: data.reservations, next: data.next, text };
  },
  get: async (api, id) => answer(await api.GET('/reservations/{id}', { params: { path: { id } } })),
  remove: async (api, id) => answer(await api.DELETE('/reservations/{id}', { params: { path: { id } } })),
};

export const LEASES: Resource<Lease> = {
  one: 'lease',
  many: 'leases',
  key: 'leases',
  filters: ['owner', 'address', 'within'],
  sorts: ['address'] satisfies SortOf<'/leases'>[],
  columns: [
    { title: 'ADDRESS', of: (lease) => lease.address },
    { title: 'NAME', of: (lease) => lease.name },
    { title: 'EXPIRES', of: ({ expiresAt }) => shownTime(expiresAt) },
    { title: 'RESERVATION', of: (lease) => lease.reservation },
    { title: 'ID', of: (lease) => lease.id },
  ],
  list: async (api, query) => {
    const { data, text } = answer(await api.GET('/leases', { params: { query } }));
    return { rows: data.leases, next: data.next, text };
  },
  get: async (api, id) => answer(await api.GET('/leases/{id}', { params: { path: { id } } })),
  /** Its address. */
  alias: (text) => (parseAddress(text) === undefined ? undefined : { query: { address: text }, fits: () => true }),
};

/** To the second, in UTC; nothing for what does not end by itself. */
const shownTime = (time: string | null): string => time?.replace(/\.\d+Z$/, 'Z') ?? '';

/** The first few addresses of leases, and how many more there are. */
export function addressesOf(leases: readonly { address: string }[]): string {
  const shown = leases.slice(0, SHOWN_ADDRESSES).map(({ address }) => address);
  const more = leases.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
