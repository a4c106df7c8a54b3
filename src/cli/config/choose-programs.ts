import type { Agent } from '../connect/agent.js';
import { agentNamed } from '../connect/agents.js';
import { SECTIONS, type Section } from '../connect/endpoint.js';
import { installedFor, programFor, type Machine, type Program, type Setting } from '../connect/program.js';
import { Failure } from '../failure.js';
import type { Programs } from './programs-file.js';

/** Lets a user choose one of several; without anybody to ask it is the first. */
export type Pick = (section: Section, names: readonly string[], usual: string) => Promise<string>;

/** Why a section has the program that it has. */
export interface Chosen {
  readonly section: Section;
  readonly setting?: Setting;
  readonly how: 'asked for' | 'kept' | 'found' | 'not found';
}

/** `putty=C:\Tools\putty.exe` or `putty`. */
export function askedFor(text: string): Setting {
  const [agent = '', ...location] = text.split('=');
  return { agent, location: location.join('=') };
}

/**
 * A program for each section: the one asked for (which must be there), else the one configured as long as it is there,
 * else one of those that are installed.
 */
export async function choosePrograms(
  asked: Programs,
  configured: Programs,
  machine: Machine,
  pick: Pick,
): Promise<readonly Chosen[]> {
  const chosen: Chosen[] = [];
  for (const section of SECTIONS)
    chosen.push(await chooseFor(section, asked[section], configured[section], machine, pick));
  return chosen;
}

async function chooseFor(
  section: Section,
  asked: Setting | undefined,
  configured: Setting | undefined,
  machine: Machine,
  pick: Pick,
): Promise<Chosen> {
  if (asked !== undefined) {
    const program = programFor({ section, configured: asked, configFile: `--${section.toLowerCase()}` }, machine);
    if (program.file === undefined) throw program.missing ?? new Failure(`${program.typed} is not installed.`);
    return { section, setting: settingOf(program, program.file), how: 'asked for' };
  }
  if (configured !== undefined && isThere(section, configured, machine)) {
    return { section, setting: configured, how: 'kept' };
  }
  const installed = installedFor(section, machine);
  const usual = installed.find(({ agent }) => agent.onlyIfAsked !== true) ?? installed[0];
  if (usual === undefined) return { section, how: 'not found' };
  const names = installed.map(({ agent }) => agent.name);
  const name = names.length > 1 ? await pick(section, names, usual.agent.name) : usual.agent.name;
  const agent: Agent = agentNamed(section, name, machine.platform, section);
  const program = installed.find((one) => one.agent.name === agent.name) ?? usual;
  return { section, setting: settingOf(program, program.file ?? ''), how: 'found' };
}

const settingOf = ({ agent }: Program, location: string): Setting => ({ agent: agent.name, location });

function isThere(section: Section, configured: Setting, machine: Machine): boolean {
  try {
    return programFor({ section, configured, configFile: '' }, machine).file !== undefined;
  } catch {
    return false; // an agent that is none
  }
}
