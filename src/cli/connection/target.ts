import type { CliEnvironment } from '../../platform/config/cli-environment.js';
import { readSecretFile } from '../../platform/config/secret-file.js';
import { Failure, usage } from '../failure.js';
import { readLogin } from './login-file.js';
import { tokenFor } from './token-file.js';

export const DEFAULT_URL = 'http://127.0.0.1:8000';

/** Options of every command that say where and as whom. */
export interface TargetOptions {
  readonly url?: string;
  /** The same, as the vlab before this one has it: `https://` may be left out. */
  readonly vlabUrl?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

/** Where the API is and what to show there. */
export interface Target {
  readonly url: string;
  readonly token?: string;
}

/**
 * Options come first, then BERTH_URL and BERTH_TOKEN, then what `vlab login` kept, then the token that the vlab before
 * this one kept for the URL, then the default. A kept token is for
 * the URL it was kept with and goes nowhere else.
 */
export function findTarget(options: TargetOptions, environment: CliEnvironment): Target {
  const asked = givenUrl(options) ?? environment.url;
  const token = givenToken(options) ?? environment.token;
  // A damaged file must not stand in the way of somebody who needs nothing from it.
  const kept = asked !== undefined && token !== undefined ? undefined : readLogin(environment.folder);
  const url = checkedUrl(asked ?? kept?.url ?? DEFAULT_URL);
  const shown =
    token ??
    (kept !== undefined && checkedUrl(kept.url) === url ? kept.token : undefined) ??
    tokenFor(environment.vlabFolder, url);
  return shown === undefined ? { url } : { url, token: checkedToken(shown) };
}

/** The URL of --url or --vlab-url. */
export function givenUrl({ url, vlabUrl }: TargetOptions): string | undefined {
  if (url !== undefined && vlabUrl !== undefined) throw usage('Give --url or --vlab-url, not both.');
  return url ?? (vlabUrl === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(vlabUrl) ? vlabUrl : `https://${vlabUrl}`);
}

/** The token of --token or --token-file. */
export function givenToken({ token, tokenFile }: TargetOptions): string | undefined {
  if (token !== undefined && tokenFile !== undefined) throw usage('Give --token or --token-file, not both.');
  if (tokenFile === undefined) return token;
  try {
    return readSecretFile(tokenFile);
  } catch (error) {
    throw new Failure(`--token-file: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** An http or https URL without what cannot be part of the API's, and without the slash at its end. */
export function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usage(
      `${JSON.stringify(text)} is not the URL of an API: it must be like ${DEFAULT_URL} or https://berth.example.`,
    );
  }
  if (url.username !== '' || url.password !== '')
    throw usage('The URL must not hold a user or a password: use a token.');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** Refused here with plain words; in a header it would fail with strange ones. */
export function checkedToken(token: string): string {
  const text = token.trim();
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text))
    throw usage('This is not a token: one is three parts with dots between them.');
  return text;
}

/** True where a token may travel unencrypted: it does not leave the machine. */
export const isPrivate = (url: string): boolean =>
  url.startsWith('https:') || /^http:\/\/(127\.|localhost(:|\/|$)|\[::1\])/.test(url);
