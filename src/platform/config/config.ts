import { isIPv4, isIPv6 } from 'node:net';
import { natsHosts } from '../nats/servers.js';
import { readSecretFile } from './secret-file.js';
import { BadValue, Facts, Setting, variablesOf } from './setting.js';
import { MIN_SECRET_BYTES } from './key-values.js';
import { SETTINGS } from './settings.js';

/** A set of environment variables, as `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Groups = typeof SETTINGS;
type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** The whole configuration, validated and frozen; see `SETTINGS` for what each member is. */
export type Config = {
  readonly [G in keyof Groups]: { readonly [K in keyof Groups[G]]: ValueOf<Groups[G][K]> };
};

/** Something in the environment is wrong; the message names every bad variable and what is expected of it. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.length === 1 ? `Configuration: ${problems[0] ?? ''}` : `Configuration:\n  ${problems.join('\n  ')}`);
    this.name = 'ConfigError';
  }
}

/** The configuration that an environment gives. Reads the files that `*_FILE` variables name, and nothing else. */
export function parseConfig(environment: Environment, facts: Facts = { terminal: false }): Config {
  const problems: string[] = [];
  const config: Record<string, Record<string, unknown>> = {};
  for (const [group, settings] of Object.entries(SETTINGS)) {
    const values: Record<string, unknown> = {};
    for (const [key, setting] of Object.entries<Setting<unknown>>(settings)) {
      try {
        values[key] = valueOf(setting, environment, facts);
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    config[group] = Object.freeze(values);
  }
  const parsed = Object.freeze(config) as unknown as Config;
  if (problems.length === 0) problems.push(...contradictions(parsed));
  if (problems.length > 0) throw new ConfigError(problems);
  return parsed;
}

/** Whether the variable has a value: an empty one counts as absent, since compose files pass unset variables so. */
export function isGiven(environment: Environment, name: string): boolean {
  return (environment[name] ?? '') !== '';
}

/** The same for a setting that may come from a file. */
export function isGivenOrInFile(environment: Environment, name: string): boolean {
  return isGiven(environment, name) || isGiven(environment, `${name}_FILE`);
}

function valueOf(setting: Setting<unknown>, environment: Environment, facts: Facts): unknown {
  const [source, written] = read(setting, environment, facts);
  if (written === undefined) return undefined;
  try {
    return setting.parse(written);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    // A URL or a secret is not repeated: it may hold a password that was mistyped.
    const echo = setting.secret === true || source.endsWith('_FILE') || /[@\n]/.test(written) || written.length > 80;
    const got = echo ? '' : `, not ${JSON.stringify(written)}`;
    throw new Error(`${source} must be ${error.expected ?? setting.expects}${got}.`, { cause: error });
  }
}

/** Where the text of a setting comes from (a variable's name) and the text. */
function read(setting: Setting<unknown>, environment: Environment, facts: Facts): [string, string | undefined] {
  const { name } = setting;
  const [source, another] = variablesOf(setting).filter((variable) => isGiven(environment, variable));
  if (source !== undefined && another !== undefined) {
    throw new Error(`${source} and ${another} are both set; unset one.`);
  }
  if (source !== undefined && setting.fileToo === true && source.endsWith('_FILE')) {
    try {
      return [source, readSecretFile(environment[source] ?? '')];
    } catch (error) {
      throw new Error(`${source}: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
    }
  }
  if (source !== undefined) return [source, environment[source]];
  return [name, typeof setting.default === 'function' ? setting.default(facts) : setting.default];
}

function contradictions(config: Config): string[] {
  return [...openToAll(config), ...incompleteFace(config), ...overNats(config)];
}

/** What the vLab face needs besides its port. */
function incompleteFace({ vlab }: Config): string[] {
  if (vlab.port === undefined) return [];
  const keys = [
    ['VLAB_AUTH_KEY_URL', vlab.keyUrl],
    ['VLAB_AUTH_JWKS_URL', vlab.jwksUrl],
    ['VLAB_AUTH_PUBLIC_KEY', vlab.publicKey],
    ['VLAB_AUTH_SECRET', vlab.secret],
  ] as const;
  const given = keys.filter(([, value]) => value !== undefined).map(([name]) => name);
  return [
    ...(vlab.url === undefined ? ['VLAB_PORT needs VLAB_URL: it is the issuer of the tokens.'] : []),
    ...((vlab.certFile === undefined) === (vlab.keyFile === undefined)
      ? []
      : ['VLAB_TLS_CERT_FILE and VLAB_TLS_KEY_FILE go together: set both, or neither.']),
    ...(given.length > 1
      ? [`Only one key may sign the tokens of vLab, but ${given.join(' and ')} are set; unset all but one.`]
      : []),
  ];
}

function openToAll({ auth, http }: Config): string[] {
  if (auth.mode !== 'none' || isLoopback(http.host)) return [];
  return [
    `AUTH=none lets everybody do everything, so it is only for a loopback HOST such as 127.0.0.1, not ${http.host}. ` +
      'Set HOST=127.0.0.1, or AUTH=jwt with a key.',
  ];
}

/** What asks, or answers, over NATS. */
function overNats({ auth, nats, hooks, bus }: Config): string[] {
  const found: string[] = [];
  if (nats.url === undefined) {
    if (hooks.rules !== undefined) found.push('HOOKS asks over NATS: set NATS_URL too.');
    if (bus.api === 'on') found.push('BUS_API=on serves the API over NATS: set NATS_URL too.');
  } else if (bus.api === 'on' && auth.mode === 'none' && !natsHosts(nats.url).every(isLoopback)) {
    found.push(
      'AUTH=none lets everybody do everything, so with BUS_API=on NATS_URL must name servers on loopback only. ' +
        'Set AUTH=jwt with a key, or BUS_API=off.',
    );
  }
  return found;
}

/** 127.0.0.0/8, ::1 in any spelling, or "localhost". */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.');
  if (isIPv6(host)) return new URL(`http://[${host.replace(/%.*$/, '')}]`).hostname === '[::1]';
  return host.toLowerCase() === 'localhost';
}

/** `berth serve` must know which key signs tokens; `berth gateway` needs none, so this is not part of parsing. */
export function requireAuthKey({ auth }: Config): void {
  if (auth.mode === 'none') return;
  const sources = [
    ['AUTH_SECRET', auth.secret],
    ['AUTH_PUBLIC_KEY', auth.publicKey],
    ['AUTH_JWKS_URL', auth.jwksUrl],
  ] as const;
  const given = sources.filter(([, value]) => value !== undefined).map(([name]) => name);
  if (given.length === 1) return;
  throw new ConfigError([
    given.length === 0
      ? 'AUTH=jwt needs to know which key signs the tokens: set AUTH_JWKS_URL, AUTH_PUBLIC_KEY (or AUTH_PUBLIC_KEY_FILE), ' +
        `or AUTH_SECRET (or AUTH_SECRET_FILE) of at least ${MIN_SECRET_BYTES} bytes.`
      : `Only one key may sign the tokens, but ${given.join(' and ')} are set; unset all but one.`,
  ]);
}
