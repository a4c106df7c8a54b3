import type { Noun } from './columns.js';

/** A column of a staging table: its name, its type, and, where it differs, the type in which it is sent. */
type StagedColumn = readonly [name: string, type: string, sent?: string];

const COMMON: readonly StagedColumn[] = [
  ['line', 'integer'],
  ['id', 'text'],
  ['name', 'text'],
  // arrays are sent as their text, since arrays of arrays must be square
  ['tags', 'text[]', 'text'],
  ['metadata', 'json'],
];

const STAGED: Readonly<Record<Noun, readonly StagedColumn[]>> = {
  pool: [
    ...COMMON,
    ['policy', 'text'],
    ['quarantine', 'integer'],
    ['reuse_early', 'boolean'],
    ['supernets', 'cidr[]', 'text'],
    ['thresholds', 'smallint[]', 'text'],
  ],
  subnet: [
    ...COMMON,
    ['pool_ref', 'text'],
    ['first', 'inet'],
    ['last', 'inet'],
    ['gateway_address', 'inet'],
    ['exclusions', 'json'],
  ],
  reservation: [
    ...COMMON,
    ['owner', 'text'],
    ['expires_at', 'timestamptz'],
    ['ttl_seconds', 'integer'],
    ['notice_at', 'timestamptz'],
    ['target', 'integer'],
    // the noun of its line: a lease without a reservation makes one
    ['source', 'text'],
  ],
  lease: [
    ...COMMON,
    ['reservation_ref', 'text'],
    ['by_name', 'boolean'],
    ['target', 'integer'],
    ['address', 'inet'],
    ['position', 'numeric'],
  ],
};

/** Filled in when references are resolved, and the number by which rows are applied piece by piece. */
const RESOLVED: Readonly<Record<Noun, string>> = {
  pool: '',
  subnet: ', pool_id text, space_id bigint',
  reservation: '',
  lease: '',
};

const table = (noun: Noun, columns: readonly StagedColumn[]): string => `
  CREATE TEMP TABLE staged_${noun} (
    n integer GENERATED ALWAYS AS IDENTITY, ${columns.map(([name, type]) => `${name} ${type}`).join(', ')}${RESOLVED[noun]}
  ) ON COMMIT DROP`;

/**
 * Tables of the one transaction that an import is: its connection alone sees them, they are not logged, and they are gone
 * with the transaction, however it ends. Each statement by itself, since they are prepared.
 */
export const CREATE_STAGING: readonly string[] = [
  ...(Object.keys(STAGED) as Noun[]).map((noun) => table(noun, STAGED[noun])),
  // subnets that reservations and leases name; the second row of columns is filled in when they are found
  `CREATE TEMP TABLE import_target (
    target integer, pool_ref text, ref_id text, ref_first inet, ref_last inet,
    matches bigint NOT NULL DEFAULT 0, subnet_id text, pool_id text, first inet, last inet, space_id bigint, is_new boolean
  ) ON COMMIT DROP`,
  `CREATE TEMP TABLE import_pool (ref text, matches bigint, pool_id text, supernets cidr[]) ON COMMIT DROP`,
  `CREATE TEMP TABLE bad_line (noun text, line integer, field text, reason text) ON COMMIT DROP`,
];

const stage = (name: string, columns: readonly StagedColumn[]): string => {
  const names = columns.map(([column]) => column).join(', ');
  const values = columns.map(([column, type, sent]) => (sent === undefined ? `r.${column}` : `r.${column}::${type}`));
  const arrays = columns.map(([, type, sent], n) => `$${n + 1}::${sent ?? type}[]`);
  return `INSERT INTO ${name} (${names}) SELECT ${values.join(', ')} FROM unnest(${arrays.join(', ')}) AS r (${names})`;
};

/** Stages many rows of a noun; one parameter a column. */
export const STAGE = Object.fromEntries(
  (Object.keys(STAGED) as Noun[]).map((noun) => [noun, stage(`staged_${noun}`, STAGED[noun])]),
) as Readonly<Record<Noun, string>>;

export const WIDTH = Object.fromEntries(
  (Object.keys(STAGED) as Noun[]).map((noun) => [noun, STAGED[noun].length]),
) as Readonly<Record<Noun, number>>;

export const STAGE_TARGETS = stage('import_target', [
  ['target', 'integer'],
  ['pool_ref', 'text'],
  ['ref_id', 'text'],
  ['ref_first', 'inet'],
  ['ref_last', 'inet'],
]);

export const ADD_BAD_LINES = `
  INSERT INTO bad_line (noun, line, field, reason)
  SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[])`;

/** What is looked up, and what PostgreSQL must know of tables that nothing analyses by itself. */
export const PREPARE_STAGED: readonly string[] = [
  `CREATE INDEX ON staged_pool (id)`,
  `CREATE INDEX ON staged_subnet (id)`,
  `CREATE INDEX ON staged_reservation (id)`,
  `CREATE INDEX ON staged_reservation (n)`,
  `CREATE INDEX ON staged_lease (n)`,
  ...['staged_pool', 'staged_subnet', 'staged_reservation', 'staged_lease', 'import_target'].map(
    (name) => `ANALYZE ${name}`,
  ),
];

export const COUNT_BAD_LINES = `SELECT count(*)::integer AS count FROM bad_line`;

/** The first of them, in the order of the file. */
export const FIRST_BAD_LINES = `
  SELECT noun AS type, line, field, reason FROM bad_line
  ORDER BY array_position('{pool,subnet,reservation,lease}'::text[], noun), line, field LIMIT $1`;
