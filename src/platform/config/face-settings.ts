import { MIN_SECRET_BYTES, publicKey, secret } from './key-values.js';
import { always, host, integer, maybe, networks, oneOf, text, url } from './setting.js';

/** About the listener for vLab's clients. */
export const VLAB = {
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
} as const;

/** About the plain listener for RackHD's clients. */
export const RACKHD = {
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
} as const;
