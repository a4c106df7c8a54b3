import { Transform } from 'class-transformer';
import { ValidateBy, ValidateIf, type ValidationOptions } from 'class-validator';
import { parseAddress } from '../../ip/address.js';
import { parseCidr } from '../../ip/cidr.js';
import { JsonText, nestingOf } from '../../platform/json/json-text.js';
import { parseMetadataMatch } from './metadata-path.js';

/** Limits of what people write; each is refused by name beyond (422). */
export const LIMITS = {
  name: 255,
  tags: 64,
  tag: 255,
  /** Bytes of metadata as JSON text. */
  metadata: 64 * 1024,
  metadataDepth: 64,
} as const;

// A surrogate without its other half cannot be stored as UTF-8.
// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f]|\p{Cs}/u;

/** True when the text has a character that no name has and that the database may not be able to store. */
export const isUnprintable = (text: string): boolean => UNPRINTABLE.test(text);

/** May be left out; null is not the same as left out. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);

/** Text on one line: a string of at most `max` characters without control characters. */
export function IsLine(max: number = LIMITS.name, options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isLine',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && value.length <= max && !isUnprintable(value),
        defaultMessage: () =>
          `must be ${options?.each === true ? 'strings' : 'a string'} of at most ${max} characters, without control characters or broken surrogates`,
      },
    },
    options,
  );
}

/** Any JSON value, kept as text. */
export function IsMetadata(): PropertyDecorator {
  return ValidateBy({
    name: 'isMetadata',
    validator: {
      validate: (value: unknown) =>
        value instanceof JsonText &&
        Buffer.byteLength(value.text) <= LIMITS.metadata &&
        nestingOf(value.text) <= LIMITS.metadataDepth,
      defaultMessage: () =>
        `must be a JSON value of at most ${LIMITS.metadata} bytes and ${LIMITS.metadataDepth} levels of nesting`,
    },
  });
}

/** IPv4 or IPv6 address text, without prefix length or zone. */
export function IsAddress(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isAddress',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parseAddress(value) !== undefined,
        defaultMessage: () => 'must be an IPv4 or IPv6 address, without prefix length or zone',
      },
    },
    options,
  );
}

/** `address/length` with no host bits set. */
export function IsCidr(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isCidr',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parseCidr(value) !== undefined,
        defaultMessage: () => 'must be a network such as 10.20.0.0/16, with no bits set beyond its length',
      },
    },
    options,
  );
}

/** A TCP or UDP port, as a number. */
export function IsPortNumber(): PropertyDecorator {
  return ValidateBy({
    name: 'isPortNumber',
    validator: {
      validate: (value: unknown) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535,
      defaultMessage: () => 'must be a whole number from 1 to 65535',
    },
  });
}

/** A query parameter that may be given several times: once is a list of one. */
export const Repeatable = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }): unknown => (Array.isArray(value) ? value : [value]));

/** `path:value`, see parseMetadataMatch. */
export function IsMetadataMatch(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isMetadataMatch',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parseMetadataMatch(value) !== undefined,
        defaultMessage: () => 'must be path:value, such as rack.slot:12',
      },
    },
    options,
  );
}

/** An address, or `address/length` with no host bits set. */
export function IsAddressOrCidr(): PropertyDecorator {
  return ValidateBy({
    name: 'isAddressOrCidr',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && (parseAddress(value) !== undefined || parseCidr(value) !== undefined),
      defaultMessage: () => 'must be an address, or a network such as 10.20.0.0/16 with no bits set beyond its length',
    },
  });
}
