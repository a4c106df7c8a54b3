import { InvalidArgumentError } from 'commander';
import { formatAddress, parseAddress } from '../../ip/address.js';
import { port, type Protocol } from './parsers.js';

/** An address, or a port of one. */
export interface HistoryPlace {
  readonly address: string;
  readonly port?: { readonly protocol: Protocol; readonly number: number };
}

/** `10.1.2.3`, `2001:db8::7`, `203.0.113.1:10012`, `[2001:db8::7]:443/udp`. */
export function historyPlace(value: string): HistoryPlace {
  const plain = parseAddress(value);
  if (plain !== undefined) return { address: formatAddress(plain) };
  const [, bracketed, bare, number, protocol = 'tcp'] =
    /^(?:\[([^\]]+)\]|([^:[\]]+))(?::([0-9]+)(?:\/(tcp|udp))?)?$/i.exec(value) ?? [];
  const address = parseAddress(bracketed ?? bare ?? '');
  if (address === undefined) {
    throw new InvalidArgumentError('It must be like 10.1.2.3, 203.0.113.1:10012/tcp or [2001:db8::7]:443/udp.');
  }
  return {
    address: formatAddress(address),
    ...(number === undefined ? {} : { port: { protocol: protocol.toLowerCase() as Protocol, number: port(number) } }),
  };
}

/** A moment: `2026-01-31`, `2026-01-31 12:00` (both local time), or as RFC 3339 has it; given on as RFC 3339. */
export function moment(value: string): string {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(value);
  const [, day = '', time = '00:00', offset = ''] = match ?? [];
  const date = new Date(`${day}T${time}${offset}`);
  if (match === null || Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError('It must be like 2026-01-31, "2026-01-31 12:00" or 2026-01-31T12:00:00Z.');
  }
  return date.toISOString();
}
