import { createPublicKey } from 'node:crypto';
import { DNS, DNS_UPDATE } from './dns-settings.js';
import { PROBE } from './probe-settings.js';
import { hookRules } from './hook-rules.js';
import {
  always,
  BadValue,
  bytes,
  durations,
  host,
  integer,
  matching,
  maybe,
  networks,
  oneOf,
  someOf,
  text,
  url,
  urls,
} from './setting.js';

/** Smallest HS256 key: as long as the hash (RFC 7518 section 3.2). */
export const MIN_SECRET_BYTES = 32;
const LARGEST_BODY = 64 * 1024 * 1024;
const LARGEST_IMPORT = 1024 * LARGEST_BODY;

function secret(value: string): string {
  if (Buffer.byteLength(value) < MIN_SECRET_BYTES) throw new BadValue();
  return value;
}

function publicKey(value: string): string {
  try {
    createPublicKey(value);
  } catch {
    throw new BadValue();
  }
  return value;
}

/** An http or https URL to put paths behind: without query and fragment, and without a slash at the end. */
function baseUrl(value: string): string {
  const { search, hash } = new URL(url('http', 'https')(value));
  if (search !== '' || hash !== '') throw new BadValue();
  return value.replace(/\/+$/, '');
}

/** `changeME` in the template of the original, and the key of Fernet's own documentation, are no secrets. */
function fernetKey(value: string): string {
  const key = value.trim();
  const published = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=';
  if (!/^[A-Za-z0-9_-]{43}=$/.test(key) || key === published || /^(.)\1*=$/.test(key)) throw new BadValue();
  return key;
}

function flowTarget(value: string): string {
  if (value === 'nats' || value === 'none') return value;
  if (!/^(tcp|tls):\/\/[^/]+:\d+$/.test(value) || !URL.canParse(value)) throw new BadValue();
  return value;
}

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
  nats: {
    url: maybe({
      name: 'NATS_URL',
      description:
        'NATS servers, separated by commas; a token, or user and password, go before the host. Without it events wait in the outbox and `GET /events` serves them.',
      expects: 'one or more URLs such as nats://user:password@host:4222, separated by commas',
      parse: urls('nats', 'tls'),
      fileToo: true,
    }),
    stream: always({
      name: 'NATS_STREAM',
      description: 'JetStream stream that keeps the events; made when missing.',
      expects: 'a stream name of letters, digits, "-" and "_", at most 32 long',
      default: 'BERTH',
      parse: matching(/^[A-Za-z0-9_-]{1,32}$/),
    }),
    subjectPrefix: always({
      name: 'NATS_SUBJECT_PREFIX',
      description:
        'First part of the subjects on NATS: `<prefix>.<noun>.<verb>`. The types of events stay `ipam.<noun>.<verb>.v1`.',
      expects: '1 to 4 words of letters, digits, "-" and "_" with dots between them, each at most 32 long',
      default: 'ipam',
      parse: matching(/^[A-Za-z0-9_-]{1,32}(\.[A-Za-z0-9_-]{1,32}){0,3}$/),
    }),
    streamReplicas: maybe({
      name: 'NATS_STREAM_REPLICAS',
      description: 'Servers of the NATS cluster that keep a copy of the stream; a new stream has 1 when not set.',
      expects: 'a whole number from 1 to 5',
      parse: integer(1, 5),
    }),
    streamMaxAgeDays: maybe({
      name: 'NATS_STREAM_MAX_AGE_DAYS',
      description: 'How long the stream keeps an event; 0: for ever. A new stream has 30 when not set.',
      expects: 'a whole number of days from 0 to 36500',
      parse: integer(0, 36_500),
    }),
    streamMaxBytes: maybe({
      name: 'NATS_STREAM_MAX_BYTES',
      description: 'Size beyond which the stream drops its oldest events; a new stream has no such limit when not set.',
      expects: 'a size from 1MiB to 1073741824MiB, such as 10240MiB',
      parse: bytes(1024 * 1024, 1024 ** 5),
    }),
  },
  outbox: {
    days: always({
      name: 'OUTBOX_RETENTION_DAYS',
      description:
        'How long events stay in the outbox, from which `GET /events` serves them; 0: for ever. With NATS only what it has stored is removed.',
      expects: 'a whole number of days from 0 to 36500',
      default: '7',
      parse: integer(0, 36_500),
    }),
  },
  hooks: {
    rules: maybe({
      name: 'HOOKS',
      description:
        'Operations that somebody on NATS is asked about before they are carried out; `:allow` or `:refuse` says what his silence means, for these instead of HOOKS_ON_SILENCE. The last entry that fits counts. See docs/bus.md.',
      expects:
        'entries such as reservation.create or port-map.*:allow, separated by commas; "*" is any noun, or any verb',
      parse: hookRules,
    }),
    timeoutMs: always({
      name: 'HOOKS_TIMEOUT_MS',
      description: 'How long a hook may take to answer; a request waits for it so long at most.',
      expects: 'a whole number of milliseconds from 10 to 10000',
      default: '500',
      parse: integer(10, 10_000),
    }),
    onSilence: always({
      name: 'HOOKS_ON_SILENCE',
      description:
        'What happens when nobody answers: `refuse` with 503 `unavailable`, or `allow`. Counts at once where NATS is away or nobody listens.',
      expects: '"allow" or "refuse"',
      default: 'refuse',
      parse: oneOf('allow', 'refuse'),
    }),
  },
  bus: {
    api: always({
      name: 'BUS_API',
      description:
        '`on`: requests on NATS subjects `berth.api.<noun>.<verb>` are answered as over HTTP, with the same tokens and limits. See docs/bus.md.',
      expects: '"on" or "off"',
      default: 'off',
      parse: oneOf('on', 'off'),
    }),
  },
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
  vlab: {
    port: maybe({
      name: 'VLAB_PORT',
      description:
        "TCP port of an extra listener for vLab's clients: `/api/1/ipam/*`. Without it there is none; 0 takes a free one.",
      expects: 'a whole number from 0 to 65535',
      parse: integer(0, 65535),
    }),
    host: always({
      name: 'VLAB_HOST',
      description: 'Address that listener is on.',
      expects: 'an IP address or a host name of this machine',
      default: '127.0.0.1',
      parse: host,
    }),
    certFile: maybe({
      name: 'VLAB_TLS_CERT_FILE',
      description:
        'PEM file with its certificate, and those of its issuers after it; read anew when it changes. Without one it speaks plain HTTP.',
      expects: 'a path',
      parse: text,
    }),
    keyFile: maybe({
      name: 'VLAB_TLS_KEY_FILE',
      description: 'PEM file with the private key of the certificate.',
      expects: 'a path',
      parse: text,
    }),
    url: maybe({
      name: 'VLAB_URL',
      description: 'The main server of vLab, and what tokens must have as `iss`, exactly.',
      expects: 'an http or https URL',
      parse: url('https', 'http'),
    }),
    trustedProxies: maybe({
      name: 'VLAB_TRUSTED_PROXIES',
      description:
        'Whose X-Forwarded-For is believed: the proxy of the main server, and the host of vlab_deployment. A token counts only from the address that it was given to.',
      expects: 'addresses and networks such as 10.20.0.2,10.20.1.0/24, separated by commas',
      parse: networks,
    }),
    keyUrl: maybe({
      name: 'VLAB_AUTH_KEY_URL',
      description:
        'Where the auth service gives the key of the tokens; fetched when the first token comes, and again for one that it does not fit. Default: `/api/1/auth/key` of VLAB_URL. One of the next three takes its place.',
      expects: 'an http or https URL',
      parse: url('https', 'http'),
    }),
    jwksUrl: maybe({
      name: 'VLAB_AUTH_JWKS_URL',
      description: 'JWKS with the keys of the tokens.',
      expects: 'an http or https URL',
      parse: url('https', 'http'),
    }),
    publicKey: maybe({
      name: 'VLAB_AUTH_PUBLIC_KEY',
      description: 'Public key of the tokens.',
      expects: 'a public key in PEM',
      parse: publicKey,
      fileToo: true,
    }),
    secret: maybe({
      name: 'VLAB_AUTH_SECRET',
      description: 'Shared secret of HS256 tokens.',
      expects: `at least ${MIN_SECRET_BYTES} bytes`,
      parse: secret,
      secret: true,
      fileToo: true,
    }),
    production: always({
      name: 'VLAB_PRODUCTION',
      aliases: ['PRODUCTION'],
      description:
        '`true`: the certificate of the auth service is checked. `beta`: it is not, for a main server with a self-signed one.',
      expects: '"true" or "beta"',
      default: 'true',
      parse: oneOf('true', 'beta'),
    }),
    verifyToken: always({
      name: 'VLAB_VERIFY_TOKEN',
      description:
        '`true`: every token is looked up at the auth service, whose word counts for 30 s, so that a deleted one is refused. `vlab token --refresh` of the old command line deletes the new token: its user must then log in again.',
      expects: '"true" or "false"',
      default: 'false',
      parse: (value) => oneOf('true', 'false')(value) === 'true',
    }),
    verifyTokenAway: always({
      name: 'VLAB_VERIFY_TOKEN_AWAY',
      description: 'What happens to tokens while the auth service cannot say whether they were deleted.',
      expects: '"allow" or "refuse"',
      default: 'refuse',
      parse: oneOf('allow', 'refuse'),
    }),
    applySeconds: always({
      name: 'VLAB_APPLY_SECONDS',
      description:
        'How long the gateway may take to apply a port map of a vLab client; after that the map is taken back and the client told so.',
      expects: 'a whole number from 1 to 60',
      default: '5',
      parse: integer(1, 60),
    }),
  },
  rackhd: {
    port: maybe({
      name: 'RACKHD_PORT',
      description:
        "TCP port of an extra listener for RackHD's clients, which send no token: it serves RackHD's routes only, to whoever reaches it. Without it there is none; 0 takes a free one.",
      expects: 'a whole number from 0 to 65535',
      parse: integer(0, 65535),
    }),
    host: always({
      name: 'RACKHD_HOST',
      description: 'Address that listener is on; only the network protects it.',
      expects: 'an IP address or a host name of this machine',
      default: '127.0.0.1',
      parse: host,
    }),
    role: always({
      name: 'RACKHD_ROLE',
      description:
        'What its clients may do there. They make pools and subnets, which takes `admin`; `member` leaves them reservations and leases, `reader` reading.',
      expects: '"admin", "member" or "reader"',
      default: 'admin',
      parse: oneOf('admin', 'member', 'reader'),
    }),
  },
  gateway: {
    controlPlaneUrl: always({
      name: 'BERTH_CONTROL_PLANE_URL',
      description: 'Where `berth gateway` finds the API.',
      expects: 'an http or https URL',
      default: 'http://127.0.0.1:8000',
      parse: url('http', 'https'),
    }),
    name: always({
      name: 'BERTH_GATEWAY',
      description: 'Name, or id, of the gateway that this machine is.',
      expects: 'a name of 1 to 200 characters',
      default: 'local',
      parse: matching(/^[^\p{Cc}]{1,200}$/u),
    }),
    token: maybe({
      name: 'BERTH_GATEWAY_TOKEN',
      description: 'Token with the role gateway.',
      expects: 'a JWT: three parts with dots between them',
      parse: matching(/^[\w-]+\.[\w-]+\.[\w-]*$/),
      secret: true,
      fileToo: true,
    }),
    firewall: always({
      name: 'FIREWALL',
      description:
        "`iptables` or `nft`: change this machine's rules with that tool; nft costs the same at any number of maps. `plan`: only say what iptables would change (what nft would: `FIREWALL=nft berth gateway --mode plan`).",
      expects: '"iptables", "nft" or "plan"',
      default: 'plan',
      parse: oneOf('iptables', 'nft', 'plan'),
    }),
    recheckSeconds: always({
      name: 'FIREWALL_RECHECK_SECONDS',
      description: 'How often the gateway compares the kernel with the desired state when nothing changes.',
      expects: 'a whole number from 1 to 3600',
      default: '30',
      parse: integer(1, 3600),
    }),
    stateFile: maybe({
      name: 'BERTH_GATEWAY_STATE',
      description:
        'File in which the gateway keeps what it applied last, for `berth gateway restore` at boot; written by root only. Without it nothing is kept.',
      expects: 'an absolute path',
      parse: matching(/^\/[^\p{Cc}]*[^\p{Cc}/]$/u),
    }),
    metricsPort: maybe({
      name: 'BERTH_GATEWAY_METRICS_PORT',
      description:
        'TCP port of 127.0.0.1 on which `berth gateway` serves its metrics at `/metrics`, without a token. Without it there is none; 0 takes a free one.',
      expects: 'a whole number from 0 to 65535',
      parse: integer(0, 65535),
    }),
  },
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
  flowLog: {
    source: always({
      name: 'FLOW_LOG',
      description:
        '`conntrack`: the gateway counts the connections through its port maps, tells the control plane (`vlab usage`), and writes each to the flow log. Only where FIREWALL is not `plan`.',
      expects: '"conntrack" or "off"',
      default: 'off',
      parse: oneOf('off', 'conntrack'),
    }),
    target: always({
      name: 'FLOW_LOG_TARGET',
      description:
        'Where the flow log goes: `nats` (NATS_URL; nowhere without it), `none`, or the URL of a syslog server (RFC 5424, octet-counted).',
      expects: '"nats", "none", or a URL such as tcp://host:601 or tls://host:6514',
      default: 'nats',
      parse: flowTarget,
    }),
    shape: always({
      name: 'FLOW_LOG_SHAPE',
      description: '`berth`: JSON. `vlab`: the Fernet token of the original vLab, with FLOW_LOG_KEY.',
      expects: '"berth" or "vlab"',
      default: 'berth',
      parse: oneOf('berth', 'vlab'),
    }),
    key: maybe({
      name: 'FLOW_LOG_KEY',
      description: 'Fernet key for FLOW_LOG_SHAPE=vlab.',
      expects: '32 random bytes in url-safe base64, 44 characters; no template and no published key',
      parse: fernetKey,
      secret: true,
      fileToo: true,
    }),
    stream: always({
      name: 'FLOW_LOG_STREAM',
      description: 'JetStream stream of the flow log, with the subjects `flows.<gateway>`; made when missing.',
      expects: 'a stream name of letters, digits, "-" and "_", at most 32 long',
      default: 'BERTH_FLOWS',
      parse: matching(/^[A-Za-z0-9_-]{1,32}$/),
    }),
    spool: always({
      name: 'FLOW_LOG_SPOOL',
      description: 'Directory in which the flow log waits while its target is away.',
      expects: 'a path',
      default: '/var/lib/berth/flow-log',
      parse: text,
    }),
    spoolBytes: always({
      name: 'FLOW_LOG_SPOOL_MAX_BYTES',
      description: 'Most that waits there; beyond it the oldest is dropped, and counted in the log.',
      expects: 'a size from 1MiB to 1048576MiB, such as 512MiB',
      default: '512MiB',
      parse: bytes(1024 * 1024, 1024 ** 4),
    }),
    clients: always({
      name: 'FLOW_LOG_CLIENTS',
      description: '`no`: usage tells how much, but not which addresses; the flow log names them in any case.',
      expects: '"yes" or "no"',
      default: 'yes',
      parse: oneOf('yes', 'no'),
    }),
  },
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
  webhooks: {
    allow: always({
      name: 'WEBHOOKS_ALLOW',
      description:
        'What webhooks may lead to beside public addresses over https. Loopback and link-local addresses, where clouds keep secrets of machines, are for tests.',
      expects: '"none", or some of "private", "http", "loopback" and "link-local" with commas between them',
      default: 'private',
      parse: someOf('private', 'http', 'loopback', 'link-local'),
    }),
    timeoutSeconds: always({
      name: 'WEBHOOKS_TIMEOUT_SECONDS',
      description: 'How long a receiver may take to answer.',
      expects: 'a whole number from 1 to 60',
      default: '10',
      parse: integer(1, 60),
    }),
    retrySchedule: always({
      name: 'WEBHOOKS_RETRY',
      description:
        'Pauses before a failed delivery is tried again, each up to a fifth longer by chance; after the last attempt the event is a dead letter.',
      expects: '1 to 20 durations of at most 7d, such as 5s,30s,2m',
      default: '5s,30s,2m,10m,1h,6h',
      parse: durations(20, 7 * 86_400_000),
    }),
    disableDays: always({
      name: 'WEBHOOKS_DISABLE_DAYS',
      description: 'After how long without any success a failing webhook is disabled; 0: never.',
      expects: 'a whole number of days from 0 to 365',
      default: '5',
      parse: integer(0, 365),
    }),
    deadLetterDays: always({
      name: 'WEBHOOKS_DEAD_LETTER_DAYS',
      description: 'How long dead letters are kept.',
      expects: 'a whole number of days from 1 to 3650',
      default: '30',
      parse: integer(1, 3650),
    }),
    secretKey: maybe({
      name: 'WEBHOOKS_SECRET_KEY',
      description: 'Key that encrypts the secrets of webhooks in the database; without it they are stored as they are.',
      expects: `at least ${MIN_SECRET_BYTES} bytes`,
      parse: secret,
      secret: true,
      fileToo: true,
    }),
  },
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
