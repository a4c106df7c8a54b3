import { parseAddress, type Address } from '../../ip/address.js';

/**
 * Domain names as text: labels with dots between them, without escapes and without the last dot; the root is ''. Only what
 * a host, a zone or a key is called comes here, so a byte of a label is one character of ISO 8859-1.
 */

/** RFC 1035 section 2.3.4, in bytes on the wire. */
const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;

/** Letters, digits, hyphens and underscores: host names (RFC 1123 section 2.1), and what zones and keys are called besides. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** The name without its last dot; undefined when it is no name as people write it. The case stays. */
export function parseName(text: string): string | undefined {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name.length <= LONGEST_NAME - 2 && name.split('.').every((label) => LABEL.test(label)) ? name : undefined;
}

/** On the wire, without compression. Throws RangeError for what is too long. */
export function encodeName(name: string): Uint8Array {
  const labels = name === '' ? [] : name.split('.');
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label, 'latin1');
    if (bytes.length === 0 || bytes.length > LONGEST_LABEL) throw new RangeError(`${name} is no domain name`);
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  });
  const wire = Buffer.concat([...parts, Buffer.of(0)]);
  if (wire.length > LONGEST_NAME) throw new RangeError(`${name} is too long for a domain name`);
  return wire;
}

/** As digests take it (RFC 4034 section 6.2): uncompressed and in lower case. */
export const canonicalName = (name: string): Uint8Array => encodeName(name.toLowerCase());

export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Whether the name is the zone's or below it. */
export const isWithin = (name: string, zone: string): boolean =>
  sameName(name, zone) || name.toLowerCase().endsWith(`.${zone.toLowerCase()}`);

/** Where an address's PTR record is: in-addr.arpa (RFC 1035 section 3.5) or ip6.arpa (RFC 3596 section 2.5). */
export function reverseName({ family, value }: Address): string {
  const [digits, bits, base, root] = family === 4 ? [4, 8n, 10, 'in-addr.arpa'] : [32, 4n, 16, 'ip6.arpa'];
  const mask = (1n << bits) - 1n;
  const parts = Array.from({ length: digits }, (_, n) => ((value >> (BigInt(n) * bits)) & mask).toString(base));
  return [...parts, root].join('.');
}

/** The same of address text; undefined when it is none. */
export function reverseNameOf(text: string): string | undefined {
  const address = parseAddress(text);
  return address === undefined ? undefined : reverseName(address);
}
