import { isIP } from 'node:net';
import { bitsOf, parseAddress } from '../../ip/address.js';
import { formatCidr, networkOf, parseCidr } from '../../ip/cidr.js';

/**
 * How one setting is declared. A setting is written as text in the environment; `parse` turns the text into the value
 * that the program uses, or throws a `BadValue` that says what is expected.
 */
export interface Setting<T> {
  /** Name of the environment variable. */
  readonly name: string;
  /** For people, one sentence; printed in docs/configuration.md and `berth config`. */
  readonly description: string;
  /** What a good value looks like, to follow "expected ...". */
  readonly expects: string;
  /** Text used when the variable is absent or empty; a function where it depends on the terminal. */
  readonly default?: string | ((facts: Facts) => string);
  /** Written in the documentation in place of a computed default. */
  readonly defaultNote?: string;
  readonly parse: (text: string) => T;
  /** Its value is never shown: `(set)` stands for it. */
  readonly secret?: boolean;
  /** `<NAME>_FILE` may name a file that holds the value instead. */
  readonly fileToo?: boolean;
  /** Other names of the variable, of what was there before Berth; `<ALIAS>_FILE` too. One of all of them may be set. */
  readonly aliases?: readonly string[];
}

/** Every variable that may hold the setting, or name a file that does, the first first. */
export const variablesOf = ({ name, aliases = [], fileToo }: Setting<unknown>): string[] =>
  [name, ...aliases].flatMap((one) => (fileToo === true ? [one, `${one}_FILE`] : [one]));

/** A setting that always has a value. */
export const always = <T>(setting: Setting<T> & { default: NonNullable<Setting<T>['default']> }): Setting<T> => setting;
/** A setting that may be absent. */
export const maybe = <T>(setting: Setting<T>): Setting<T | undefined> => setting;

/** What a default may depend on besides the environment. */
export interface Facts {
  /** Whether log lines go to a terminal. */
  readonly terminal: boolean;
}

/** Thrown by a parser; `expected` replaces the setting's own `expects` where more can be said. */
export class BadValue extends Error {
  constructor(readonly expected?: string) {
    super(expected ?? 'bad value');
  }
}

export const text = (value: string): string => value;

export function integer(min: number, max: number): (text: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^[0-9]+$/.test(value) || number < min || number > max) throw new BadValue();
    return number;
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): (text: string) => T {
  return (value) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new BadValue();
    return choice;
  };
}

export function matching(pattern: RegExp): (text: string) => string {
  return (value) => {
    if (!pattern.test(value)) throw new BadValue();
    return value;
  };
}

/** An IP address, with a zone perhaps, or a host name (RFC 1123). */
export function host(value: string): string {
  if (
    isIP(value) === 0 &&
    !/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(value)
  ) {
    throw new BadValue();
  }
  return value;
}

/** One URL with one of the schemes; the text is kept as it came. */
export function url(...schemes: readonly string[]): (text: string) => string {
  return (value) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (!parsed || !schemes.includes(parsed.protocol.slice(0, -1)) || parsed.hostname === '') throw new BadValue();
    return value;
  };
}

/** Networks separated by commas, in canonical text; an address is the network of itself. */
export function networks(value: string): readonly string[] {
  return value.split(',').map((part) => {
    const text = part.trim();
    const address = parseAddress(text);
    const cidr = address === undefined ? parseCidr(text) : networkOf(address, bitsOf(address.family));
    if (cidr === undefined) throw new BadValue();
    return formatCidr(cidr);
  });
}

/** URLs separated by commas, as a cluster's clients are given them. */
export function urls(...schemes: readonly string[]): (text: string) => string {
  const one = url(...schemes);
  return (value) =>
    value
      .split(',')
      .map((part) => one(part.trim()))
      .join(',');
}

/** What a webhook may lead to beside public https receivers. */
export type WebhookAllowance = 'http' | 'loopback' | 'link-local' | 'private';

/** Words with commas between them, each one of the choices; "none" alone is none of them. */
export function someOf<const T extends string>(...choices: readonly T[]): (text: string) => readonly T[] {
  const one = oneOf(...choices);
  return (value) => (value === 'none' ? [] : value.split(',').map((word) => one(word.trim())));
}

/** Durations such as 500ms, 5s, 2m, 6h or 1d with commas between them, in milliseconds. */
export function durations(most: number, longestMs: number): (text: string) => readonly number[] {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return (value) => {
    const all = value.split(',').map((part) => {
      const [, digits, unit] = /^([0-9]{1,9})(ms|s|m|h|d)$/.exec(part.trim()) ?? [];
      const ms = Number(digits) * units[(unit ?? 's') as keyof typeof units];
      if (!(ms > 0 && ms <= longestMs)) throw new BadValue();
      return ms;
    });
    if (all.length > most) throw new BadValue();
    return all;
  };
}

/** A size in bytes: a whole number, alone or followed by KiB or MiB. */
export function bytes(min: number, max: number): (text: string) => number {
  return (value) => {
    const match = /^([0-9]{1,12})\s?(KiB|MiB)?$/.exec(value);
    const size = Number(match?.[1]) * { B: 1, KiB: 1024, MiB: 1024 * 1024 }[(match?.[2] ?? 'B') as 'B' | 'KiB' | 'MiB'];
    if (!match || size < min || size > max) throw new BadValue();
    return size;
  };
}

/** An http or https URL to put paths behind: without query and fragment, and without a slash at the end. */
export function baseUrl(value: string): string {
  const { search, hash } = new URL(url('http', 'https')(value));
  if (search !== '' || hash !== '') throw new BadValue();
  return value.replace(/\/+$/, '');
}
