import { usage } from '../failure.js';
import type { Agent } from './agent.js';
import { anyBrowser, anyConsole, BROWSERS, CONSOLES } from './browsers.js';
import { COPIERS } from './copiers.js';
import { anyDesktop, DESKTOPS } from './desktops.js';
import type { Section } from './endpoint.js';
import { TERMINALS } from './terminals.js';

const ALL: Readonly<Record<Section, readonly Agent[]>> = {
  SSH: TERMINALS,
  RDP: DESKTOPS,
  BROWSER: BROWSERS,
  SCP: COPIERS,
  CONSOLE: CONSOLES,
};

/** Where any program does, known by name or not (contract vlab.md 8.4). */
const ANY: Partial<Record<Section, (name: string) => Agent>> = {
  RDP: anyDesktop,
  BROWSER: anyBrowser,
  CONSOLE: anyConsole,
};

/** Other names for the same. */
const ALIASES: Readonly<Record<string, string>> = {
  xfreerdp: 'freerdp',
  xfreerdp3: 'freerdp',
  'windows-terminal': 'wt',
  openssh: 'ssh',
  chromium: 'chrome',
  msedge: 'edge',
};

/** The programs that can do it on a platform, the best first. */
export const agentsFor = (section: Section, platform: NodeJS.Platform): readonly Agent[] =>
  ALL[section].filter(({ platforms }) => platforms.includes(platform));

/** The one of a name, in letters of any case; `where` says where the name comes from. */
export function agentNamed(section: Section, text: string, platform: NodeJS.Platform, where: string): Agent {
  const name = text.trim().toLowerCase();
  const agents = agentsFor(section, platform);
  const found = agents.find((agent) => agent.name === (ALIASES[name] ?? name)) ?? ANY[section]?.(name);
  if (found === undefined || !/^[\w.+-]+$/.test(name)) {
    const names = agents.map((agent) => agent.name).join(', ');
    throw usage(`${where}: ${JSON.stringify(text)} is no program for ${section} here: choose ${names}.`);
  }
  return found;
}
