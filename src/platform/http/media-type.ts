/** The media types of the RackHD face (contracts/rackhd.md section 3). */
export const VENDOR_TYPES = [
  'pool',
  'pools',
  'subnet',
  'subnets',
  'reservation',
  'reservations',
  'lease',
  'leases',
] as const;
export type VendorType = (typeof VENDOR_TYPES)[number];

const VERSION = '1.0.0';

export const vendorMediaType = (type: VendorType): string => `application/vnd.ipam.${type}+json; version=${VERSION}`;

interface MediaType {
  /** Lower case, `type/subtype`. */
  name: string;
  parameters: Map<string, string>;
}

const PARAMETER = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))\s*$/;

/** One media type with its parameters (RFC 9110 section 8.3.1); undefined when it is none. */
function parseText(text: string): MediaType | undefined {
  const [name = '', ...rest] = text.split(';');
  if (!/^\s*[\w!#$&^.+-]+\/[\w!#$&^.+*-]+\s*$/.test(name)) return undefined;
  const parameters = new Map<string, string>();
  for (const part of rest) {
    if (part.trim() === '') continue;
    const match = PARAMETER.exec(part);
    if (match?.[1] === undefined) return undefined;
    parameters.set(match[1].toLowerCase(), match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '');
  }
  return { name: name.trim().toLowerCase(), parameters };
}

/** What came of the texts that clients send over and over, the same in every request; a bound, since they may send any. */
function remembering<T>(work: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const result = work(text);
    if (known.size < MAX_KNOWN && text.length <= MAX_KNOWN_LENGTH) known.set(text, result);
    return result;
  };
}

const MAX_KNOWN = 200;
const MAX_KNOWN_LENGTH = 200;

const parseMediaType = remembering(parseText);

/** What an Accept lists (RFC 9110 section 12.5.1); what is no media type is passed over. */
const parseAccept = remembering((text) => text.split(',').flatMap((part) => parseMediaType(part) ?? []));

/** The media type that a Content-Type names, without its parameters; undefined when it is none. */
export const mediaTypeName = (contentType: string | undefined): string | undefined =>
  contentType === undefined ? undefined : parseMediaType(contentType)?.name;

export type BodyType = 'vendor' | 'json' | 'merge-patch';

/**
 * How the Content-Type of a write says to read the body, undefined = 415. A route of a vendor type reads that type in
 * version 1.0.0, with or without `+json`; every route reads application/json, and PATCH application/merge-patch+json.
 */
export function bodyType(
  contentType: string | undefined,
  vendor: VendorType | undefined,
  method: string,
): BodyType | undefined {
  const type = contentType === undefined ? undefined : parseMediaType(contentType);
  if (type === undefined) return undefined;
  if (type.name === 'application/json') return 'json';
  if (type.name === 'application/merge-patch+json') return method === 'PATCH' ? 'merge-patch' : undefined;
  if (vendor === undefined) return undefined;
  return isVendor(type, vendor) && type.parameters.get('version') === VERSION ? 'vendor' : undefined;
}

/** With or without `+json`. */
const isVendor = ({ name }: MediaType, vendor: VendorType): boolean =>
  name === `application/vnd.ipam.${vendor}+json` || name === `application/vnd.ipam.${vendor}`;

function quality(type: MediaType): number {
  const q = Number(type.parameters.get('q') ?? '1');
  return Number.isFinite(q) ? q : 0;
}

/**
 * True when the answer is application/json: only when Accept names it, and the route's own vendor type not at the same
 * or a higher quality. Everything else gets the vendor type; there is no 406.
 */
export function prefersJson(accept: string | undefined, vendor: VendorType): boolean {
  let json = 0;
  let own = 0;
  for (const type of parseAccept(accept ?? '')) {
    if (type.name === 'application/json') json = Math.max(json, quality(type));
    else if (isVendor(type, vendor)) own = Math.max(own, quality(type));
  }
  return json > 0 && json > own;
}
