import { isIP } from 'node:net';
import { parseKeyClauses, parseSecret } from '../dns/key.js';
import { parseName } from '../dns/name.js';
import { parseAlgorithm, type TsigAlgorithm, type TsigKey } from '../dns/tsig.js';
import { BadValue, host } from './setting.js';

/** Parsers of what settings say about DNS. */

export function zone(text: string): string {
  const name = parseName(text);
  if (name === undefined || isIP(name) !== 0) throw new BadValue();
  return name.toLowerCase();
}

/**
 * The zone itself, or a URL, or what stands in one for the host: scheme, port and path do no harm. An address is no zone,
 * and no mistake: the variable has another meaning too (VLAB_URL).
 */
export function zoneOfUrl(text: string): string | undefined {
  const host = text.replace(/^[a-z]+:\/\//i, '').replace(/[/?#].*$/, '');
  const name = host.replace(/:\d*$/, '');
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) === 0 ? zone(name) : undefined;
}

export function zones(text: string): readonly string[] {
  return text.split(',').map((one) => zone(one.trim()));
}

/** `name`, `address`, or either with `:port`; an IPv6 address with a port stands in brackets. */
export function server(text: string): { host: string; port: number } {
  const [, bracketed, plain = '', digits = '53'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = Number(digits);
  if (isIP(text) === 6) return { host: text, port: 53 };
  if (port < 1 || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) throw new BadValue();
  return { host: host(bracketed ?? plain), port };
}

/** In the case that it has, since that is sent. */
export function keyName(text: string): string {
  const name = parseName(text);
  if (name === undefined) throw new BadValue();
  return name;
}

export function algorithm(text: string): TsigAlgorithm {
  const known = parseAlgorithm(text);
  if (known === undefined) throw new BadValue();
  return known;
}

/** One key as `tsig-keygen` prints it, or the secret alone. */
export function key(text: string): TsigKey | Uint8Array {
  const [clause, more] = parseKeyClauses(text) ?? [];
  const one = clause !== undefined && more === undefined ? clause : parseSecret(text);
  if (one === undefined) throw new BadValue();
  return one;
}

export function keys(text: string): readonly TsigKey[] {
  const clauses = parseKeyClauses(text);
  if (clauses === undefined || clauses.length === 0) throw new BadValue();
  return clauses;
}
