import { ConfigError, type Config } from '../../platform/config/config.js';
import { parseName } from '../../platform/dns/name.js';
import type { GatewayMode } from '../../contract/desired-state.js';
import type { DnsUpdateSettings } from './updater.js';

/** What the configuration says about this gateway's name in DNS; undefined when there is no key. Throws `ConfigError`. */
export function dnsUpdateSettings(
  { zone, name, key, ...rest }: Config['dnsUpdate'],
  gateway: string,
  mode: GatewayMode,
): DnsUpdateSettings | undefined {
  if (key === undefined) return undefined;
  if (zone === undefined) {
    throw new ConfigError(['DNS_UPDATE_KEY is set, but not DNS_UPDATE_ZONE (or VLAB_URL): set the zone, or neither.']);
  }
  const whole = parseName(`${name ?? gateway}.${zone}`);
  if (whole === undefined) {
    throw new ConfigError([`${JSON.stringify(gateway)} cannot be a name in ${zone}: set DNS_UPDATE_NAME.`]);
  }
  return {
    ...{ name: whole.toLowerCase(), zone, ttl: rest.ttl, device: rest.device, plan: mode === 'plan' },
    types: rest.records === 'both' ? ['A', 'AAAA'] : [rest.records],
    reverseZones: rest.reverseZones,
    server: rest.server ?? { host: zone, port: 53 },
    key: key instanceof Uint8Array ? { name: rest.keyName, algorithm: rest.algorithm, secret: key } : key,
    lookMs: rest.lookSeconds * 1_000,
    repeatMs: rest.repeatSeconds * 1_000,
  };
}
