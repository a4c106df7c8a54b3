import { posix, win32 } from 'node:path';
import type { Agent } from './agent.js';

/** Folders of this machine with programs in them. */
export interface Folders {
  /** The PATH. */
  readonly path: readonly string[];
  /** Where programs are installed: `C:\Program Files`, `/Applications`. */
  readonly programs: readonly string[];
}

/** A file that may be there, and what a user types to start it. */
export interface Candidate {
  readonly file: string;
  /** Its bare name where the PATH leads to it. */
  readonly typed: string;
}

/** Every place where a program may be, the likeliest first. */
export function candidates(agent: Agent, folders: Folders, platform: NodeJS.Platform): readonly Candidate[] {
  const windows = platform === 'win32';
  const paths = windows ? win32 : posix;
  const endings = windows ? ['.exe', '.com'] : [''];
  const onPath = agent.files.flatMap((name) =>
    folders.path.flatMap((folder) =>
      endings.map((ending) => ({ file: paths.join(folder, name + ending), typed: name })),
    ),
  );
  const fitting = (agent.inFolders ?? []).filter((place) => place.endsWith('.exe') === windows);
  const inFolders = folders.programs.flatMap((folder) =>
    fitting.map((place) => {
      const file = paths.join(folder, ...place.split('/'));
      return { file, typed: file };
    }),
  );
  return [...onPath, ...inFolders];
}

/** Where that is, in words for a user. */
export function searched(agents: readonly Agent[], folders: Folders, platform: NodeJS.Platform): readonly string[] {
  const names = agents.flatMap(({ files }) => files).join(', ');
  const places = agents
    .flatMap((agent) => candidates(agent, { path: [], programs: folders.programs }, platform))
    .map(({ file }) => `  ${file}`);
  return [`Looked for ${names} on the PATH${places.length === 0 ? '.' : ', and for'}`, ...places];
}
