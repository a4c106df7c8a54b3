/**
 * The one list of what events there are: what can happen to each noun. Types, schemas, the AsyncAPI document and the filters
 * of `GET /events` all come from it.
 */
export const EVENT_VERBS = {
  pool: ['created', 'updated', 'deleted', 'threshold', 'threshold-cleared'],
  subnet: ['created', 'updated', 'deleted'],
  reservation: ['created', 'updated', 'renewed', 'expiring', 'deleted'],
  lease: ['created', 'updated', 'deleted'],
  gateway: ['created', 'updated', 'drift', 'reachability', 'deleted'],
  'port-map': ['created', 'updated', 'status', 'removing', 'deleted'],
  component: ['created', 'updated', 'deleted'],
  quota: ['created', 'updated', 'deleted'],
  webhook: ['created', 'updated', 'disabled', 'deleted'],
} as const;

/** The nouns that events speak of; with a verb they make the subject `ipam.<noun>.<verb>`. */
export type Noun = keyof typeof EVENT_VERBS;
export type Verb = (typeof EVENT_VERBS)[Noun][number];

/** Where a noun's resources are, and the first part of the subject of its events. */
const COLLECTIONS: Record<Noun, string> = {
  pool: 'pools',
  subnet: 'subnets',
  reservation: 'reservations',
  lease: 'leases',
  gateway: 'gateways',
  'port-map': 'port-maps',
  component: 'components',
  quota: 'quotas',
  webhook: 'webhooks',
};

export const NOUNS = Object.keys(EVENT_VERBS) as Noun[];

export const eventType = ({ noun, verb }: { noun: Noun; verb: Verb }): string => `ipam.${noun}.${verb}`;
export const collectionOf = (noun: Noun): string => COLLECTIONS[noun];
export const eventSubject = ({ noun, id }: { noun: Noun; id: string }): string => `${COLLECTIONS[noun]}/${id}`;

/** Every type there is. */
export const EVENT_TYPES: readonly string[] = NOUNS.flatMap((noun) =>
  EVENT_VERBS[noun].map((verb) => eventType({ noun, verb })),
);

/**
 * The version of what events tell. Within one, fields are only added: a schema that somebody has kept stays true of what
 * comes later. Whatever else changes makes the next version, under a type of its own.
 */
export const EVENT_VERSION = 'v1';

/** Where the schema of what events of a type tell is served. */
export const schemaPath = (type: string): string => `/schemas/${type}.${EVENT_VERSION}.json`;
