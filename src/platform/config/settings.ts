import { DNS, DNS_UPDATE } from './dns-settings.js';
import { RACKHD, VLAB } from './face-settings.js';
import { FLOW_LOG, GATEWAY } from './gateway-settings.js';
import { MIN_SECRET_BYTES, publicKey, secret } from './key-values.js';
import { BUS, HOOKS, NATS, OUTBOX, WEBHOOKS } from './nats-settings.js';
import { PROBE } from './probe-settings.js';
import { always, baseUrl, bytes, host, integer, maybe, oneOf, text, url } from './setting.js';

const LARGEST_BODY = 64 * 1024 * 1024;
const LARGEST_IMPORT = 1024 * LARGEST_BODY;

/**
 * Every setting of Berth, once. The type of the configuration, `berth config` and docs/configuration.md all come from
 * this table: `config.database.poolSize` is the setting below of that name.
 */
export const SETTINGS = {
  database: {
    url: always({
      name: 'DATABASE_URL',
      description: 'PostgreSQL 15 or newer. `berth up` starts its own when this is not set.',
      expects: 'a URL such as postgres://user:password@host:5432/database',
      default: 'postgres://berth:berth@127.0.0.1:5432/berth',
      parse: url('postgres', 'postgresql'),
      fileToo: true,
    }),
    poolSize: always({
      name: 'DATABASE_POOL_SIZE',
      description:
        'Connections one `berth serve` opens at most for requests; its relay and listener have up to 4 of their own.',
      expects: 'a whole number from 2 to 1000',
      default: '10',
      parse: integer(2, 1000),
    }),
  },
  nats: NATS,
  outbox: OUTBOX,
  hooks: HOOKS,
  bus: BUS,
  http: {
    host: always({
      name: 'HOST',
      description: 'Address the API listens on.',
      expects: 'an IP address or a host name of this machine',
      default: '127.0.0.1',
      parse: host,
    }),
    port: always({
      name: 'PORT',
      description: 'TCP port the API listens on; 0 takes a free one.',
      expects: 'a whole number from 0 to 65535',
      default: '8000',
      parse: integer(0, 65535),
    }),
    publicUrl: always({
      name: 'PUBLIC_URL',
      description:
        'Where clients reach the API, the same for all processes of a site: events name their JSON schemas below it (`dataschema`).',
      expects: 'an http or https URL such as https://berth.example.net, with a path perhaps',
      default: 'http://127.0.0.1:8000',
      parse: baseUrl,
    }),
    bodyLimit: always({
      name: 'BODY_LIMIT',
      description: 'Largest request body; a larger one is answered 413.',
      expects: 'a size from 1KiB to 64MiB, such as 1048576, 512KiB or 1MiB',
      default: '1MiB',
      parse: bytes(1024, LARGEST_BODY),
    }),
    importLimit: always({
      name: 'IMPORT_MAX_BYTES',
      description: 'Largest body of `POST /import`, which is streamed and not held in memory.',
      expects: 'a size from 1KiB to 65536MiB, such as 512MiB',
      default: '1024MiB',
      parse: bytes(1024, LARGEST_IMPORT),
    }),
  },
  limits: {
    addressesPerRequest: always({
      name: 'MAX_ADDRESSES_PER_REQUEST',
      description: 'Addresses that one request may ask for, whoever makes it; more is answered 409 `quota-exceeded`.',
      expects: 'a whole number from 1 to 4096',
      default: '4096',
      parse: integer(1, 4096),
    }),
    requestRate: always({
      name: 'RATE_LIMIT',
      description:
        'Requests a second that one principal, or one address without a token, may make of one `berth serve` in the long run; more is answered 429 `rate-limited`. 0: as many as it can, since bulk work by one account is what Berth is for.',
      expects: 'a whole number from 0 to 1000000',
      default: '0',
      parse: integer(0, 1_000_000),
    }),
    eventSubscribers: always({
      name: 'EVENT_SUBSCRIBERS',
      description: 'Live event streams that one `berth serve` has open at once; one more is answered 503.',
      expects: 'a whole number from 1 to 100000',
      default: '5000',
      parse: integer(1, 100_000),
    }),
    requestBurst: maybe({
      name: 'RATE_LIMIT_BURST',
      description: 'Requests it may make at once after a pause; twice RATE_LIMIT when not set.',
      expects: 'a whole number from 1 to 1000000',
      parse: integer(1, 1_000_000),
    }),
  },
  auth: {
    mode: always({
      name: 'AUTH',
      description: '`jwt`: every request needs a token. `none`: everybody is admin; only on a loopback HOST.',
      expects: '"jwt" or "none"',
      default: 'jwt',
      parse: oneOf('jwt', 'none'),
    }),
    secret: maybe({
      name: 'AUTH_SECRET',
      description: 'Shared secret for HS256 tokens.',
      expects: `at least ${MIN_SECRET_BYTES} bytes`,
      parse: secret,
      secret: true,
      fileToo: true,
    }),
    publicKey: maybe({
      name: 'AUTH_PUBLIC_KEY',
      description: 'Public key for RS256, PS256, ES256 or EdDSA tokens.',
      expects: 'a public key in PEM',
      parse: publicKey,
      fileToo: true,
    }),
    jwksUrl: maybe({
      name: 'AUTH_JWKS_URL',
      description: 'Where the identity provider publishes its keys (JWKS).',
      expects: 'an http or https URL',
      parse: url('https', 'http'),
    }),
    issuer: maybe({
      name: 'AUTH_ISSUER',
      description: 'If set, tokens must have this `iss`.',
      expects: 'a text',
      parse: text,
    }),
    audience: maybe({
      name: 'AUTH_AUDIENCE',
      description: 'If set, tokens must have this `aud`.',
      expects: 'a text',
      parse: text,
    }),
  },
  reservations: {
    expiryNoticeSeconds: always({
      name: 'EXPIRY_NOTICE_SECONDS',
      description:
        'How long before a reservation ends by itself the event `ipam.reservation.expiring` tells it, but not before half of its time has passed; 0: not at all. Counts for ends that are set from then on.',
      expects: 'a whole number from 0 to 31536000',
      default: '3600',
      parse: integer(0, 31_536_000),
    }),
  },
  components: {
    kinds: maybe({
      name: 'COMPONENT_KINDS',
      description:
        'Kinds of components of this site, besides those that Berth knows or in place of them, as JSON in the form that `GET /component-kinds` answers with.',
      expects:
        'JSON such as {"kinds":[{"name":"jenkins","user":"admin","ports":[{"name":"https","targetPort":8443}]}]}',
      parse: text,
      fileToo: true,
    }),
  },
  vlab: VLAB,
  rackhd: RACKHD,
  gateway: GATEWAY,
  probe: PROBE,
  dnsUpdate: DNS_UPDATE,
  dns: DNS,
  history: {
    days: always({
      name: 'HISTORY_DAYS',
      description: 'How long the past of addresses and ports is kept after it ended; 0: for ever.',
      expects: 'a whole number of days from 0 to 36500',
      default: '1095',
      parse: integer(0, 36_500),
    }),
  },
  usage: {
    days: always({
      name: 'USAGE_DAYS',
      description: 'How long it is kept who used port maps, day by day; 0: for ever.',
      expects: 'a whole number of days from 0 to 36500',
      default: '400',
      parse: integer(0, 36_500),
    }),
  },
  flowLog: FLOW_LOG,
  capacity: {
    intervalSeconds: always({
      name: 'CAPACITY_INTERVAL_SECONDS',
      description:
        'How often pools and subnets are counted while something changes; lists, thresholds and metrics are so old.',
      expects: 'a whole number from 1 to 3600',
      default: '5',
      parse: integer(1, 3600),
    }),
    sampleDays: always({
      name: 'CAPACITY_SAMPLE_DAYS',
      description: 'How long the hourly samples are kept that trends come from; a trend looks at the last 30 days.',
      expects: 'a whole number of days from 1 to 3650',
      default: '90',
      parse: integer(1, 3650),
    }),
  },
  webhooks: WEBHOOKS,
  metrics: {
    access: always({
      name: 'METRICS_ACCESS',
      description: '`reader`: `GET /metrics` needs a token of the role reader or admin. `anyone`: it needs none.',
      expects: '"reader" or "anyone"',
      default: 'reader',
      parse: oneOf('reader', 'anyone'),
    }),
  },
  log: {
    level: always({
      name: 'LOG_LEVEL',
      description: 'Least important lines to write.',
      expects: '"debug", "info", "warn" or "error"',
      default: 'info',
      parse: oneOf('debug', 'info', 'warn', 'error'),
    }),
    format: always({
      name: 'LOG_FORMAT',
      description: 'Log lines for people or one JSON object a line.',
      expects: '"text" or "json"',
      default: ({ terminal }) => (terminal ? 'text' : 'json'),
      defaultNote: '`text` on a terminal, else `json`',
      parse: oneOf('text', 'json'),
    }),
  },
  up: {
    home: always({
      name: 'BERTH_HOME',
      description: 'Directory in which `berth up` keeps its database, its key and its tokens.',
      expects: 'a path',
      default: '.berth',
      parse: text,
    }),
  },
} as const;

/** Heading of each group in the documentation. */
export const GROUPS: Readonly<Record<keyof typeof SETTINGS, string>> = {
  database: 'Database',
  nats: 'Events on NATS',
  outbox: 'Outbox',
  hooks: 'Pre-commit hooks',
  bus: 'API on NATS',
  http: 'HTTP',
  limits: 'Limits',
  auth: 'Authentication',
  reservations: 'Reservations',
  components: 'Components',
  vlab: 'vLab clients',
  rackhd: 'RackHD clients',
  gateway: 'Gateway',
  probe: 'Probes of a gateway',
  dnsUpdate: 'DNS of a gateway',
  dns: 'DNS of leases',
  history: 'History',
  usage: 'Usage',
  flowLog: 'Flow log',
  capacity: 'Capacity',
  webhooks: 'Webhooks',
  metrics: 'Metrics',
  log: 'Logging',
  up: 'The lab: `berth up`',
};
