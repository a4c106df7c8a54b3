import { Api, type ApiOptions } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import type { Listener } from './raw.js';

/** The two ways in for clients that send no credentials (contracts/rackhd.md section 1, rule 8). */
export const DOORS = ['the main listener with AUTH=none', 'the plain listener'] as const;
export type Door = (typeof DOORS)[number];

/** An API with a plain listener on a free port. */
export function startWithPlainListener({ env, ...options }: ApiOptions = {}): Promise<Api> {
  return Api.start({ ...options, env: { RACKHD_PORT: '0', LOG_LEVEL: 'info', LOG_FORMAT: 'json', ...env } });
}

/** Where its plain listener is, as its log says. */
export function plainListener(api: Api): Promise<Listener> {
  return eventually('a line that says where the plain listener is', () => {
    const lines = api.log.split('\n').filter((line) => line.includes('plain listener for RackHD clients is ready'));
    return lines.map((line) => ({ url: (JSON.parse(line) as Listener).url }))[0];
  });
}

export async function listenerOf(api: Api, door: Door): Promise<Listener> {
  return door === 'the plain listener' ? plainListener(api) : api;
}
