import { Failure } from '../failure.js';
import type { Agent } from './agent.js';
import { agentNamed, agentsFor } from './agents.js';
import type { Section } from './endpoint.js';
import { candidates, searched, type Folders } from './places.js';

/** What a section of `config.ini` says. */
export interface Setting {
  readonly agent: string;
  /** A path, or a name on the PATH; empty: wherever it is found. */
  readonly location: string;
}

export interface Wanted {
  readonly section: Section;
  /** --with: before what is configured. */
  readonly asked?: string;
  readonly configured?: Setting;
  /** The file with what is configured, for messages. */
  readonly configFile: string;
}

/** This machine, as far as programs are concerned. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly folders: Folders;
  readonly home: string;
  isProgram(file: string): boolean;
}

export interface Program {
  readonly agent: Agent;
  /** Its file; undefined when it is not there. */
  readonly file?: string;
  /** What a user types to start it. */
  readonly typed: string;
  /** Why there is no file. */
  readonly missing?: Failure;
}

/** The program to take: the one asked for, else the configured one, else the first that is installed. */
export function programFor({ section, asked, configured, configFile }: Wanted, machine: Machine): Program {
  const { platform } = machine;
  if (asked !== undefined) {
    const agent = agentNamed(section, asked, platform, '--with');
    if (configured !== undefined && sameAgent(section, configured.agent, agent, platform)) {
      return located(section, agent, configured.location, configFile, machine);
    }
    return installed(section, [agent], machine);
  }
  if (configured !== undefined) {
    const agent = agentNamed(section, configured.agent, platform, `${configFile}, agent of ${section}`);
    return located(section, agent, configured.location, configFile, machine);
  }
  const agents = agentsFor(section, platform);
  const usual = agents.filter(({ onlyIfAsked }) => onlyIfAsked !== true);
  return installed(section, usual.length === 0 ? agents : usual, machine);
}

/** All that are installed, for a user to choose from. */
export function installedFor(section: Section, machine: Machine): readonly Program[] {
  return agentsFor(section, machine.platform)
    .map((agent) => installed(section, [agent], machine))
    .filter(({ file }) => file !== undefined);
}

function sameAgent(section: Section, configured: string, agent: Agent, platform: NodeJS.Platform): boolean {
  try {
    return agentNamed(section, configured, platform, '').name === agent.name;
  } catch {
    return false; // what is configured is none, and is not asked for
  }
}

function installed(section: Section, agents: readonly Agent[], machine: Machine): Program {
  for (const agent of agents) {
    const found = candidates(agent, machine.folders, machine.platform).find(({ file }) => machine.isProgram(file));
    if (found !== undefined) return { agent, ...found };
  }
  const [first] = agents;
  if (first === undefined) throw new Failure(`No program for ${section} is known on ${machine.platform}.`);
  return {
    agent: first,
    typed: first.files[0] ?? first.name,
    missing: new Failure(`No program for ${section} is installed.`, undefined, [
      ...searched(agents, machine.folders, machine.platform),
      ...[...new Set(agents.map(({ install }) => install))].map((line) => `${line}.`),
    ]),
  };
}

/** The program at the place that the user has named. */
function located(section: Section, agent: Agent, location: string, configFile: string, machine: Machine): Program {
  if (location === '') return installed(section, [agent], machine);
  if (!/[/\\]/.test(location)) {
    const bare = { ...agent, files: [location.replace(/\.(exe|com)$/i, '')], inFolders: [] };
    const found = installed(section, [bare], machine);
    if (found.file !== undefined) return { ...found, agent };
  }
  const file = location.replace(/^~(?=[/\\])/, machine.home);
  if (machine.isProgram(file)) return { agent, file, typed: file };
  return {
    agent,
    typed: file,
    missing: new Failure(`${section} client not found at ${location}.`, undefined, [
      `${configFile} says so: "vlab init" finds what is installed and changes it.`,
      `${agent.install}.`,
    ]),
  };
}
