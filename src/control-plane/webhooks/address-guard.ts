import { maxOf, parseLiteral, type Address } from '../../ip/address.js';
import { checkedCidr } from '../../ip/cidr.js';
import type { WebhookAllowance } from '../../platform/config/setting.js';

/** What an address is to a server that is asked to connect to it; `never`: nothing that a receiver can have. */
export type Reach = 'public' | 'private' | 'loopback' | 'link-local' | 'never';

/** IANA special-purpose registries (RFC 6890); the first that contains the address counts. */
const NETWORKS: readonly (readonly [string, Reach])[] = [
  // where clouds tell a machine its secrets, outside of the link-local networks
  ['100.100.100.200/32', 'link-local'],
  ['fd00:ec2::254/128', 'link-local'],
  ['0.0.0.0/8', 'never'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['192.0.0.0/24', 'never'],
  ['192.0.2.0/24', 'never'],
  ['198.18.0.0/15', 'private'],
  ['198.51.100.0/24', 'never'],
  ['203.0.113.0/24', 'never'],
  ['224.0.0.0/3', 'never'],
  ['::1/128', 'loopback'],
  // unspecified, and the old IPv4-compatible form
  ['::/96', 'never'],
  // NAT64 for local use: where its IPv4 address is cannot be told
  ['64:ff9b:1::/48', 'never'],
  ['100::/64', 'never'],
  ['2001::/23', 'never'],
  ['2001:db8::/32', 'never'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'],
  ['fc00::/7', 'private'],
  ['ff00::/8', 'never'],
];

const TABLE = NETWORKS.map(([text, reach]) => ({ ...checkedCidr(text), reach }));

/** 64:ff9b::/96 and ::ffff:0:0:0/96 without their last 32 bits. */
const NAT64 = 0x64ff9bn << 64n;
const TRANSLATED = 0xffff0000n;

/** IPv6 addresses that lead to an IPv4 address: mapped (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052), 6to4 (RFC 3056). */
function ipv4Within({ family, value }: Address): Address | undefined {
  if (family === 4) return undefined;
  const upper = value >> 32n;
  if (upper === 0xffffn || upper === NAT64 || upper === TRANSLATED) return ipv4(value);
  return value >> 112n === 0x2002n ? ipv4(value >> 80n) : undefined;
}

const ipv4 = (value: bigint): Address => ({ family: 4, value: value & maxOf(4) });

/** What the address text is; text that is no address is `never`. A zone (`%eth0`) does not count. */
export function reachOf(text: string): Reach {
  const address = parseLiteral(text.replace(/%.*$/, ''));
  if (address === undefined) return 'never';
  const { family, value } = ipv4Within(address) ?? address;
  return TABLE.find((net) => net.family === family && net.first <= value && value <= net.last)?.reach ?? 'public';
}

/** Why nothing may be sent to the address; undefined: it may. */
export function refusal(text: string, allowed: ReadonlySet<WebhookAllowance>): string | undefined {
  const reach = reachOf(text);
  if (reach === 'public') return undefined;
  if (reach === 'never') return `${text} is no address that a receiver can have`;
  return allowed.has(reach) ? undefined : `${text} is a ${reach} address, which WEBHOOKS_ALLOW does not have`;
}
