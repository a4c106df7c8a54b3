import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Environment } from './config.js';

/** What the command line takes from the environment. */
export interface CliEnvironment {
  /** BERTH_URL. */
  readonly url?: string;
  /** BERTH_TOKEN. */
  readonly token?: string;
  /** Where `vlab login` keeps what it was told: `berth` in XDG_CONFIG_HOME, by default ~/.config. */
  readonly folder: string;
  /** Folders in which programs are looked for, in order (PATH). */
  readonly path: readonly string[];
  /** False when NO_COLOR says so (no-color.org). */
  readonly colour: boolean;
}

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

export function cliEnvironment(environment: Environment = process.env): CliEnvironment {
  const { BERTH_URL, BERTH_TOKEN, XDG_CONFIG_HOME: config, NO_COLOR } = environment;
  const url = given(BERTH_URL);
  const token = given(BERTH_TOKEN);
  // The XDG specification: a relative path is to be ignored.
  const home = config !== undefined && isAbsolute(config) ? config : join(homedir(), '.config');
  return {
    ...(url === undefined ? {} : { url }),
    ...(token === undefined ? {} : { token }),
    folder: join(home, 'berth'),
    path: (environment['PATH'] ?? environment['Path'] ?? '').split(delimiter).filter((folder) => folder !== ''),
    colour: given(NO_COLOR) === undefined,
  };
}
