import * as dns from './dns-values.js';
import { always, integer, matching, maybe, oneOf } from './setting.js';

/** Settings of `berth gateway` about its own name in DNS. */
export const DNS_UPDATE = {
  key: maybe({
    name: 'DNS_UPDATE_KEY',
    aliases: ['VLAB_DDNS_KEY'],
    description:
      "With it, `berth gateway` keeps this machine's address in DNS (RFC 2136, TSIG): the secret, or the whole key as `tsig-keygen` prints it.",
    expects: 'base64 of 16 bytes or more, or one `key "name" { algorithm ...; secret "..."; };`',
    parse: dns.key,
    secret: true,
    fileToo: true,
  }),
  keyName: always({
    name: 'DNS_UPDATE_KEY_NAME',
    description: 'What the DNS server calls the key, where DNS_UPDATE_KEY does not say.',
    expects: 'a domain name',
    default: 'DDNS_UPDATE',
    parse: dns.keyName,
  }),
  algorithm: always({
    name: 'DNS_UPDATE_ALGORITHM',
    aliases: ['VLAB_DDNS_ALGORITHM'],
    description: 'How is signed, where DNS_UPDATE_KEY does not say.',
    expects: 'hmac-sha224, hmac-sha256, hmac-sha384 or hmac-sha512',
    default: 'hmac-sha512',
    parse: dns.algorithm,
  }),
  zone: maybe({
    name: 'DNS_UPDATE_ZONE',
    aliases: ['VLAB_URL'],
    description: 'Zone in which the name lies; of a URL the host counts.',
    expects: 'a domain name, or a URL with one',
    parse: dns.zoneOfUrl,
  }),
  name: maybe({
    name: 'DNS_UPDATE_NAME',
    description: 'Name in that zone, such as the whole name of the user whose gateway this is: alice, john.doe.',
    expects: 'a domain name, relative to the zone',
    defaultNote: 'BERTH_GATEWAY',
    parse: dns.zone,
  }),
  server: maybe({
    name: 'DNS_UPDATE_SERVER',
    description: 'Primary server of the zone.',
    expects: 'a host name or address, with :port perhaps',
    defaultNote: 'the address of the zone itself, port 53',
    parse: dns.server,
  }),
  records: always({
    name: 'DNS_UPDATE_RECORDS',
    description: 'Which addresses are told: IPv4 (`A`), IPv6 (`AAAA`), or both.',
    expects: '"A", "AAAA" or "both"',
    default: 'A',
    parse: oneOf('A', 'AAAA', 'both'),
  }),
  reverseZones: always({
    name: 'DNS_UPDATE_REVERSE_ZONES',
    description: 'Zones in which the PTR records of the addresses are kept too, on the same server with the same key.',
    expects: 'zones such as 20.10.in-addr.arpa, separated by commas',
    default: '',
    defaultNote: 'none',
    parse: (value) => (value === '' ? [] : dns.zones(value)),
  }),
  ttl: always({
    name: 'DNS_UPDATE_TTL',
    description: 'Seconds for which others may remember the records.',
    expects: 'a whole number from 0 to 86400',
    default: '300',
    parse: integer(0, 86_400),
  }),
  device: maybe({
    name: 'DNS_UPDATE_INTERFACE',
    description: 'Interface whose addresses are told.',
    expects: 'the name of a network interface',
    defaultNote: 'that of the default route',
    parse: matching(/^[^\s/-][^\s/]{0,14}$/),
  }),
  lookSeconds: always({
    name: 'DNS_UPDATE_LOOK_SECONDS',
    description: 'How often the address is looked at, should the kernel not tell of a change.',
    expects: 'a whole number from 1 to 3600',
    default: '5',
    parse: integer(1, 3600),
  }),
  repeatSeconds: always({
    name: 'DNS_UPDATE_REPEAT_SECONDS',
    description: 'How often the records are sent although nothing has changed: the server may have lost them.',
    expects: 'a whole number from 1 to 86400',
    default: '120',
    parse: integer(1, 86_400),
  }),
} as const;

/** Settings of `berth serve` about the names of leases. */
export const DNS = {
  keys: maybe({
    name: 'DNS_KEYS',
    description:
      'Keys that pools may name, so that the names of their leases are kept in DNS: as `tsig-keygen` prints them, one after another.',
    expects: 'one or more `key "name" { algorithm ...; secret "..."; };` with names that differ',
    parse: dns.keys,
    secret: true,
    fileToo: true,
  }),
  checkSeconds: always({
    name: 'DNS_CHECK_SECONDS',
    description: 'How often each name is compared with what the DNS server tells, and put right.',
    expects: 'a whole number from 1 to 86400',
    default: '600',
    parse: integer(1, 86_400),
  }),
} as const;
