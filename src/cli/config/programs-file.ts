import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECTIONS, type Section } from '../connect/endpoint.js';
import type { Setting } from '../connect/program.js';
import { Failure } from '../failure.js';
import { readOwnFile, writeOwnFile } from '../connection/own-file.js';
import { readIni, writeIni } from './ini.js';

/** The programs that a user wants, by section; for one that is not there, or is empty, a program is found each time. */
export type Programs = Partial<Readonly<Record<Section, Setting>>>;

export interface ProgramsFile {
  readonly programs: Programs;
  /** What is wrong with it. */
  readonly faults: readonly string[];
}

/** `~/.vlab/config.ini`, which the vlab before this one wrote and reads too (contract vlab.md 8.4). */
export const programsFile = (folder: string): string => join(folder, 'config.ini');

/** Whatever of it can be read, and what cannot; undefined when there is none. */
export function readPrograms(folder: string): ProgramsFile | undefined {
  const text = readOwnFile(programsFile(folder));
  return text === undefined ? undefined : programsIn(text);
}

export function programsIn(text: string): ProgramsFile {
  const { sections, faults } = readIni(text);
  const wrong = [...faults];
  const programs: Partial<Record<Section, Setting>> = {};
  for (const [title, values] of sections) {
    const section = SECTIONS.find((known) => known === title.toUpperCase());
    // One of a newer vlab, or somebody's own.
    if (section === undefined) continue;
    const agent = values.get('agent') ?? '';
    const location = (values.get('location') ?? '').replace(/^"(.*)"$/, '$1');
    if (agent === '' && location === '') continue;
    if (agent === '') wrong.push(`[${section}] has a location, but no agent`);
    else if (/\p{Cc}/u.test(agent + location)) wrong.push(`[${section}] has more than one line for a value`);
    else programs[section] = { agent, location };
  }
  return { programs, faults: wrong };
}

/** The programs of a file that has no faults; says how a damaged one is repaired. */
export function checkedPrograms(folder: string): Programs {
  const { programs, faults } = readPrograms(folder) ?? { programs: {}, faults: [] };
  if (faults.length === 0) return programs;
  throw new Failure(`${programsFile(folder)} is damaged.`, undefined, [
    ...faults.map((fault) => `  ${fault}`),
    'Run "vlab init": it keeps what can be read and writes the rest anew.',
  ]);
}

/** Writes all five sections: the vlab before this one refuses a file without one of them. */
export function writePrograms(folder: string, programs: Programs): string {
  const sections = SECTIONS.map((section): [string, Map<string, string>] => {
    const { agent, location } = programs[section] ?? { agent: '', location: '' };
    return [section, new Map(Object.entries({ agent, location }))];
  });
  return writeOwnFile(programsFile(folder), writeIni(new Map(sections)));
}

/** Keeps a copy of the file beside it, for what somebody may want to have back. Answers with its path. */
export function keepDamaged(folder: string): string {
  const file = programsFile(folder);
  copyFileSync(file, `${file}.old`);
  return `${file}.old`;
}
