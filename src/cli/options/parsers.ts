import { InvalidArgumentError } from 'commander';
import { formatAddress, parseAddress } from '../../ip/address.js';
import { formatCidr, parseCidr, type Cidr } from '../../ip/cidr.js';
import { hostsOf } from '../../ip/hosts.js';
import { JsonText } from '../../platform/json/json-text.js';

export type Protocol = 'tcp' | 'udp';

/** For options that may be given several times. */
export const repeated = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** The same, each through a parser. */
export const repeatedAs =
  <T>(parse: (value: string) => T) =>
  (value: string, before: readonly T[] = []): T[] => [...before, parse(value)];

/** A whole number within limits, written in digits only. */
export const whole =
  (min: number, max: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^[0-9]{1,16}$/.test(value) || number < min || number > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return number;
  };

export const port = whole(1, 65_535);

/** Any JSON value, kept as the text that was typed. */
export function jsonValue(value: string): JsonText {
  try {
    JSON.parse(value);
  } catch (error) {
    throw new InvalidArgumentError(`It must be JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  return new JsonText(value.trim());
}

const SECONDS = { d: 86_400, h: 3600, m: 60, s: 1 } as const;
const LONGEST = 3650 * SECONDS.d;

/** `90s`, `15m`, `2h`, `7d`, `1d12h`, or a number of seconds: how long, in seconds, up to ten years. */
export function duration(value: string): number {
  const match = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s?)?$/i.exec(value);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (match?.slice(1) ?? []).map((part: string | undefined) =>
    Number(part ?? 0),
  );
  const total = days * SECONDS.d + hours * SECONDS.h + minutes * SECONDS.m + seconds;
  if (match === null || total < 1 || total > LONGEST) {
    throw new InvalidArgumentError('It must be like 90s, 15m, 2h, 7d or 1d12h, up to ten years.');
  }
  return total;
}

export interface WantedPort {
  /** Its number, or the name that the kind of the component has for it. */
  readonly targetPort: number | string;
  readonly protocol?: Protocol;
  readonly connectionPort?: number;
}

/** `22`, `rdp`, `53/udp`, `22=50010`, `53/udp=50053`: port of the machine, protocol, port wanted on the gateway. */
export function wantedPort(value: string): WantedPort {
  const match = /^([0-9]+|[a-z][a-z0-9-]*)(?:\/(tcp|udp))?(?:=([0-9]+))?$/i.exec(value);
  if (match === null) throw new InvalidArgumentError('It must be like 22, rdp, 53/udp, 22=50010 or 53/udp=50053.');
  const [, target = '', protocol, connection] = match;
  return {
    targetPort: /^[0-9]/.test(target) ? port(target) : target.toLowerCase(),
    ...(protocol === undefined ? {} : { protocol: protocol.toLowerCase() as Protocol }),
    ...(connection === undefined ? {} : { connectionPort: port(connection) }),
  };
}

/** An IPv4 or IPv6 address, in its canonical form. */
export function address(value: string): string {
  const parsed = parseAddress(value);
  if (parsed === undefined) throw new InvalidArgumentError('It must be an address such as 10.20.0.7 or 2001:db8::7.');
  return formatAddress(parsed);
}

/** `192.0.2.7:22`, `[2001:db8::7]:22`, or an address without a port. */
export function destination(value: string): { address: string; targetPort?: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::([0-9]+))?$/.exec(value);
  const parsed = parseAddress(match === null ? value : (match[1] ?? match[2] ?? ''));
  if (parsed === undefined) throw new InvalidArgumentError('It must be like 10.20.0.7:22 or [2001:db8::7]:22.');
  const number = match?.[3];
  return { address: formatAddress(parsed), ...(number === undefined ? {} : { targetPort: port(number) }) };
}

/** `tcp=50000-50100`: a gateway's range of connection ports for a protocol. */
export function portRange(value: string): { protocol: Protocol; first: number; last: number } {
  const match = /^(tcp|udp)=([0-9]+)-([0-9]+)$/i.exec(value);
  if (match === null) throw new InvalidArgumentError('It must be like tcp=50000-50100.');
  const [, protocol = '', first = '', last = ''] = match;
  return { protocol: protocol.toLowerCase() as Protocol, first: port(first), last: port(last) };
}

/** A network, in its canonical form. */
export const network = (value: string): string => formatCidr(parsedNetwork(value));

function parsedNetwork(value: string): Cidr {
  const cidr = parseCidr(value);
  if (cidr === undefined) {
    throw new InvalidArgumentError('It must be a network such as 10.0.0.0/24, with no bits set beyond its length.');
  }
  return cidr;
}

/** The addresses of a network that machines may have: ip/hosts.ts. */
export function hostRange(cidr: string): { start: string; end: string } {
  const { family, first, last } = hostsOf(parsedNetwork(cidr));
  return { start: formatAddress({ family, value: first }), end: formatAddress({ family, value: last }) };
}
