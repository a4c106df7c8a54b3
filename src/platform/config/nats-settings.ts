import { hookRules } from './hook-rules.js';
import { MIN_SECRET_BYTES, secret } from './key-values.js';
import { always, bytes, durations, integer, matching, maybe, oneOf, someOf, urls } from './setting.js';

/** About events on NATS. */
export const NATS = {
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
} as const;

export const OUTBOX = {
  days: always({
    name: 'OUTBOX_RETENTION_DAYS',
    description:
      'How long events stay in the outbox, from which `GET /events` serves them; 0: for ever. With NATS only what it has stored is removed.',
    expects: 'a whole number of days from 0 to 36500',
    default: '7',
    parse: integer(0, 36_500),
  }),
} as const;

export const HOOKS = {
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
} as const;

export const BUS = {
  api: always({
    name: 'BUS_API',
    description:
      '`on`: requests on NATS subjects `berth.api.<noun>.<verb>` are answered as over HTTP, with the same tokens and limits. See docs/bus.md.',
    expects: '"on" or "off"',
    default: 'off',
    parse: oneOf('on', 'off'),
  }),
} as const;

export const WEBHOOKS = {
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
} as const;
