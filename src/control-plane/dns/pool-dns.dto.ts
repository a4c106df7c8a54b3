import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsInt, Max, Min, ValidateBy, type ValidationOptions } from 'class-validator';
import { server, zone } from '../../platform/config/dns-values.js';
import { invalidField } from '../../platform/problem/problem.js';
import { IsLine, MayBeAbsent } from '../resource/validators.js';

const MAX_REVERSE_ZONES = 64;
const DAY = 86_400;
const LONGEST = 253;

const good = (parse: (text: string) => unknown, value: unknown): boolean => {
  if (typeof value !== 'string' || value.length > LONGEST + 8) return false;
  try {
    parse(value);
    return true;
  } catch {
    return false;
  }
};

const parsedBy = (name: string, parse: (text: string) => unknown, words: string, options?: ValidationOptions) =>
  ValidateBy({ name, validator: { validate: (value) => good(parse, value), defaultMessage: () => words } }, options);

const IsZone = (options?: ValidationOptions): PropertyDecorator =>
  parsedBy('isZone', zone, 'must be a domain name such as lab.example.org', options);
const IsServer = (): PropertyDecorator =>
  parsedBy('isServer', server, 'must be a host name or address, with :port perhaps');

/** Where the names of a pool's leases are kept. */
export class PoolDns {
  /** Zone that the names lie in: a lease `web` is `web.lab.example.org`. */
  @ApiProperty({ example: 'lab.example.org' })
  zone: string;

  /** Primary server of the zone. */
  @ApiProperty({ example: 'ns1.example.org' })
  server: string;

  /** Which key of DNS_KEYS signs the updates. */
  @ApiProperty({ example: 'berth' })
  key: string;

  /** Seconds for which others may remember a record. */
  @ApiProperty({ type: 'integer', example: 300 })
  ttl: number;

  /** Zones of the same server in which PTR records are kept too. */
  @ApiProperty({ type: [String], example: ['20.10.in-addr.arpa'] })
  reverseZones: string[];
}

/** Members to set; what is left out stays. The first time zone, server and key must be given. */
export class PoolDnsChange implements Partial<PoolDns> {
  /** Zone that the names lie in: a lease `web` is `web.lab.example.org`. */
  @ApiProperty({ required: false, maxLength: LONGEST, example: 'lab.example.org' })
  @MayBeAbsent()
  @IsZone()
  zone?: string;

  /** Primary server of the zone: name or address, with :port perhaps. */
  @ApiProperty({ required: false, maxLength: LONGEST, example: 'ns1.example.org' })
  @MayBeAbsent()
  @IsServer()
  server?: string;

  /** Which key of DNS_KEYS signs the updates; the secret itself never comes here. */
  @ApiProperty({ required: false, maxLength: LONGEST, example: 'berth' })
  @MayBeAbsent()
  @IsLine(LONGEST)
  key?: string;

  /** Seconds for which others may remember a record. Default 300. */
  @ApiProperty({ required: false, type: 'integer', minimum: 0, maximum: DAY })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(DAY)
  ttl?: number;

  /** Zones of the same server in which PTR records are kept too. Default none. */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_REVERSE_ZONES, example: ['20.10.in-addr.arpa'] })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_REVERSE_ZONES)
  @IsZone({ each: true })
  reverseZones?: string[];
}

/** What holds after a change: null ends it, members are merged. A problem when something is missing. */
export function changedDns(change: PoolDnsChange | null | undefined, before: PoolDns | null): PoolDns | null {
  if (change === undefined) return before;
  if (change === null) return null;
  const merged: PoolDnsChange = Object.assign({}, before, change);
  for (const member of ['zone', 'server', 'key'] as const) {
    if (merged[member] === undefined || merged[member] === '') {
      throw invalidField(`dns.${member}`, 'must be given: dns needs zone, server and key');
    }
  }
  const { zone: name = '', server: at = '', key = '', ttl = 300, reverseZones = [] } = merged;
  return { zone: zone(name), server: at, key, ttl, reverseZones: reverseZones.map(zone) };
}
