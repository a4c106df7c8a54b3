import type { Endpoint } from './endpoint.js';

/** A program that connects, by the name that `config.ini` and --with call it. */
export interface Agent {
  readonly name: string;
  readonly platforms: readonly NodeJS.Platform[];
  /** Names of its file, without an ending, as they are on the PATH. */
  readonly files: readonly string[];
  /** Where its file is below a folder of programs, with `/` between; places.ts knows those folders. */
  readonly inFolders?: readonly string[];
  /** Lives in this terminal; others have a window of their own. */
  readonly terminal?: boolean;
  /** Taken only when it is asked for: another does the same without it. */
  readonly onlyIfAsked?: boolean;
  /** Only tells what to type, since a part of that is the user's to fill in. */
  readonly onlyTells?: (endpoint: Endpoint) => boolean;
  /** Its arguments, which go to it as they are, through no shell. */
  args(endpoint: Endpoint): readonly string[];
  /** What a user does to have it. */
  readonly install: string;
}

export const EVERYWHERE: readonly NodeJS.Platform[] = ['linux', 'darwin', 'win32'];
