/** How a value of a column is written; `json` is JSON text that stands in JSON as it is, `networks` a list as JSON text. */
export type ColumnKind = 'text' | 'number' | 'boolean' | 'json' | 'time' | 'address' | 'network' | 'networks';

/** A member of what is exported. `sql` is its expression, with `r` for the row. */
export interface Column {
  readonly name: string;
  readonly sql: string;
  readonly kind: ColumnKind;
}

/** What can be exported, in the order in which each only refers to those before it. */
export const NOUNS = ['pool', 'subnet', 'reservation', 'lease'] as const;
export type Noun = (typeof NOUNS)[number];

const column = (name: string, kind: ColumnKind, sql = `r.${name}`): Column => ({ name, kind, sql });

const COMMON = [
  column('id', 'text'),
  column('name', 'text'),
  column('tags', 'json', 'array_to_json(r.tags)::text'),
  column('metadata', 'json', 'r.metadata::text'),
];

/** The network that a subnet exactly is, or null. */
const CIDR = `(SELECT text(n) FROM inet_merge(r.first, r.last) AS n
               WHERE host_min(n) = r.first AND host_max(n) = r.last)`;

const STAMPS = [
  column('createdAt', 'time', 'r.created_at'),
  column('updatedAt', 'time', 'r.updated_at'),
  column('version', 'number'),
];

/** The columns of each noun; names are those of the API's documents. A new one is one line. */
export const COLUMNS: Readonly<Record<Noun, readonly Column[]>> = {
  pool: [
    ...COMMON,
    column('policy', 'text'),
    column('quarantine', 'number'),
    column('reuseEarly', 'boolean', 'r.reuse_early'),
    column('supernets', 'networks', 'array_to_json(r.supernets)::text'),
    column('thresholds', 'json', 'array_to_json(r.thresholds)::text'),
    ...STAMPS,
  ],
  subnet: [
    ...COMMON,
    column('pool', 'text', 'r.pool_id'),
    column('start', 'address', 'host(r.first)'),
    column('end', 'address', 'host(r.last)'),
    column('cidr', 'network', CIDR),
    column('gatewayAddress', 'address', 'host(r.gateway_address)'),
    column('exclusions', 'json', 'r.exclusions::text'),
    ...STAMPS,
  ],
  reservation: [
    ...COMMON,
    column('pool', 'text', 'r.pool_id'),
    column('subnet', 'text', 'r.subnet_id'),
    column('owner', 'text'),
    column('expiresAt', 'time', 'r.expires_at'),
    column('ttl', 'number', 'r.ttl_seconds'),
    ...STAMPS,
  ],
  lease: [
    ...COMMON,
    column('subnet', 'text', 'r.subnet_id'),
    column('reservation', 'text', 'r.reservation_id'),
    column('address', 'address', 'host(r.address)'),
    ...STAMPS,
  ],
};
