import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, win32 } from 'node:path';
import type { Environment } from './config.js';

/** What the command line takes from the environment. */
export interface CliEnvironment {
  /** BERTH_URL. */
  readonly url?: string;
  /** BERTH_TOKEN. */
  readonly token?: string;
  /** Where `vlab login` keeps what it was told: `berth` in XDG_CONFIG_HOME, by default ~/.config. */
  readonly folder: string;
  /** Where the vlab before this one keeps its files: ~/.vlab. */
  readonly vlabFolder: string;
  readonly home: string;
  /** Folders in which programs are looked for, in order (PATH). */
  readonly path: readonly string[];
  /** Folders in which programs are installed on Windows and macOS, for those that are not on the PATH. */
  readonly programs: readonly string[];
  /** False when NO_COLOR says so (no-color.org). */
  readonly colour: boolean;
}

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** The folders of programs: those that Windows names in the environment, those that macOS has. */
export function programFolders(environment: Environment, platform: NodeJS.Platform, home: string): readonly string[] {
  if (platform === 'darwin') return ['/Applications', join(home, 'Applications'), '/System/Applications'];
  if (platform !== 'win32') return [];
  const { ProgramFiles, LOCALAPPDATA: local, SystemRoot } = environment;
  const own = given(local);
  const folders = [ProgramFiles, environment['ProgramW6432'], environment['ProgramFiles(x86)']];
  const all = [...folders, own === undefined ? undefined : win32.join(own, 'Programs'), own, SystemRoot];
  return [...new Set(all.map(given).filter((folder) => folder !== undefined))];
}

export function cliEnvironment(environment: Environment = process.env): CliEnvironment {
  const { BERTH_URL, BERTH_TOKEN, XDG_CONFIG_HOME: config, NO_COLOR } = environment;
  const url = given(BERTH_URL);
  const token = given(BERTH_TOKEN);
  const home = homedir();
  // The XDG specification: a relative path is to be ignored.
  const folder = config !== undefined && isAbsolute(config) ? config : join(home, '.config');
  return {
    ...(url === undefined ? {} : { url }),
    ...(token === undefined ? {} : { token }),
    folder: join(folder, 'berth'),
    vlabFolder: join(home, '.vlab'),
    home,
    programs: programFolders(environment, process.platform, home),
    path: (environment['PATH'] ?? environment['Path'] ?? '').split(delimiter).filter((folder) => folder !== ''),
    colour: given(NO_COLOR) === undefined,
  };
}

/** Lets TLS connections of this process go to servers with any certificate. Node says a warning about it. */
export function trustAnyCertificate(): void {
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
}
