import { formatAddress, parseAddress, type Address } from '../../ip/address.js';
import { parseCidr } from '../../ip/cidr.js';
import { JsonText, nestingOf } from '../../platform/json/json-text.js';
import { invalidField } from '../../platform/problem/problem.js';
import type { Described } from '../resource/change.js';
import { chosenId, isId } from '../resource/id.js';
import { isUnprintable, LIMITS } from '../resource/validators.js';

/**
 * The fields of reservations and leases, checked by hand: a million lines through class-validator take minutes. The limits
 * are those of the routes; each throws the problem that names its field.
 */
export type Members = Readonly<Record<string, unknown>>;

const isLine = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length <= max && !isUnprintable(value);

/** Text on one line; undefined when there is none, or it is empty. */
export function lineOf(members: Members, field: string, max: number = LIMITS.name): string | undefined {
  const value = members[field];
  if (value === undefined || value === '') return undefined;
  if (!isLine(value, max))
    throw invalidField(field, `must be a string of at most ${max} characters, without control characters`);
  return value;
}

export function idOf(members: Members): string {
  const id = members['id'];
  if (id !== undefined && typeof id !== 'string') throw invalidField('id', 'must be 24 hexadecimal digits or a UUID');
  return chosenId(id);
}

function tagsOf({ tags }: Members): string[] {
  if (tags === undefined) return [];
  if (!Array.isArray(tags) || tags.length > LIMITS.tags || !tags.every((tag) => isLine(tag, LIMITS.tag))) {
    throw invalidField('tags', `must be a list of at most ${LIMITS.tags} strings of at most ${LIMITS.tag} characters`);
  }
  return tags;
}

function metadataOf({ metadata }: Members): JsonText {
  if (metadata === undefined) return JsonText.null;
  const fits =
    metadata instanceof JsonText &&
    Buffer.byteLength(metadata.text) <= LIMITS.metadata &&
    nestingOf(metadata.text) <= LIMITS.metadataDepth;
  if (!fits) {
    throw invalidField(
      'metadata',
      `must be a JSON value of at most ${LIMITS.metadata} bytes and ${LIMITS.metadataDepth} levels of nesting`,
    );
  }
  return metadata;
}

export const describedOf = (members: Members): Described => ({
  name: lineOf(members, 'name') ?? '',
  tags: tagsOf(members),
  metadata: metadataOf(members),
});

export function addressOf(members: Members, field: string): Address {
  const text = members[field];
  const address = typeof text === 'string' ? parseAddress(text) : undefined;
  if (address === undefined)
    throw invalidField(field, 'must be an IPv4 or IPv6 address, without prefix length or zone');
  return address;
}

/** A subnet as a file names it: by id, or by its range and perhaps its pool. */
export interface Target {
  pool: string | undefined;
  id?: string;
  first?: string;
  /** Undefined: whatever its last address is. */
  last?: string;
}

/** The subnet that a record names; undefined when it names none. */
export function targetOf(members: Members): Target | undefined {
  const text = lineOf(members, 'subnet');
  if (text === undefined) return undefined;
  const pool = lineOf(members, 'pool');
  if (isId(text)) return { pool, id: text.toLowerCase() };
  const range = parseCidr(text);
  if (range !== undefined) {
    const { family } = range;
    return {
      pool,
      first: formatAddress({ family, value: range.first }),
      last: formatAddress({ family, value: range.last }),
    };
  }
  const first = parseAddress(text);
  if (first === undefined) throw invalidField('subnet', 'must be an id, a network, or the first address of the subnet');
  return { pool, first: formatAddress(first) };
}
