import { Argument, Option, type Command } from 'commander';
import { answer } from '../client/answer.js';
import type { ComponentKind, ComponentOf } from '../client/client.js';
import { choose, CONNECT_PROTOCOLS, spokenBy, type ConnectProtocol } from '../connect/choose.js';
import { consoleOf, noConsole } from '../connect/console.js';
import { sectionOf, type Endpoint } from '../connect/endpoint.js';
import { kindOf, pageOf, speaks } from '../connect/kinds.js';
import { thisMachine } from '../connect/machine.js';
import { programFor } from '../connect/program.js';
import { commandLine, SHELLS, usualShell, type Shell } from '../connect/quoting.js';
import { checkedPrograms, programsFile } from '../config/programs-file.js';
import { Failure, usage } from '../failure.js';
import { launch } from '../launch.js';
import { examples } from '../options/examples.js';
import { hidden } from '../output/ask.js';
import { hostPort } from '../output/words.js';
import { mapsOf } from '../resources/component-maps.js';
import { find } from '../resources/find.js';
import { COMPONENTS } from '../resources/forwarding.js';
import { withSession, type Session } from '../session.js';
import { findOfKind } from './delete.js';

interface ConnectOptions {
  readonly name: string;
  readonly protocol?: ConnectProtocol;
  readonly address?: string;
  readonly user?: string;
  readonly password?: boolean;
  readonly with?: string;
  readonly print?: boolean;
  readonly shell?: Shell;
}

export function connectCommand(program: Command): void {
  const command = program
    .command('connect')
    .argument('<kind>', 'what it is, as it was created')
    .addArgument(new Argument('[files...]', 'for scp: files to copy, and where to; with : in front they are there'))
    .description('connect to a component through its gateway, with a program of this machine')
    .requiredOption('-n, --name <name>', 'its name or id')
    .addOption(
      new Option('-p, --protocol <protocol>', 'how (default: as its kind is usually used)').choices(CONNECT_PROTOCOLS),
    )
    .option('-u, --user <user>', 'whom to log in as (default: the usual user of its kind)')
    .option('-a, --address <address>', 'which of its addresses, if it has several (default: the first)')
    .option('--password', 'ask for a password for WinSCP and FileZilla; others can see it in the process list')
    .option('--with <program>', 'with which program: putty, securecrt, wt, gnome-terminal, firefox, ... (docs/cli.md)')
    .option('--print', 'only print the command line')
    .addOption(new Option('--shell <shell>', 'for which shell (default: posix; on Windows powershell)').choices(SHELLS))
    .action(withSession(connect));
  examples(
    command,
    'vlab connect windows --name win1',
    'vlab connect centos --name web --protocol ssh --user admin --with putty',
    'vlab connect centos --name web --protocol scp notes.txt :/tmp/',
    'vlab connect esxi --name host3 --print',
  );
}

async function connect(
  session: Session,
  kind: string,
  files: readonly string[],
  options: ConnectOptions,
): Promise<void> {
  const { out, api } = session;
  const [component, facts] = await Promise.all([
    isDeployment(kind) ? find(session, COMPONENTS, options.name) : findOfKind(session, kind, options.name, 'connect'),
    api.GET('/component-kinds').then((result) => kindOf(answer(result).data.kinds, kind)),
  ]);
  const endpoint = await endpointOf(session, component, facts, files, options);
  const section = sectionOf(endpoint);
  const machine = thisMachine();
  const configFile = programsFile(machine.vlabFolder);
  const configured = checkedPrograms(machine.vlabFolder)[section];
  const wanted = {
    section,
    configFile,
    ...(configured && { configured }),
    ...(options.with && { asked: options.with }),
  };
  const { agent, file, typed, missing } = programFor(wanted, machine);
  const args = agent.args(endpoint);
  if (out.json) {
    const { password: _, ...shown } = endpoint;
    out.raw(JSON.stringify({ ...shown, agent: agent.name, program: file ?? typed, arguments: args }));
  } else if (options.print === true || agent.onlyTells?.(endpoint) === true) {
    out.say(commandLine(typed, args, options.shell ?? usualShell(machine.platform)));
  } else if (file === undefined) {
    throw new Failure(missing?.message ?? `${typed} is not installed.`, undefined, [
      ...(missing?.hints ?? []),
      ...(endpoint.console === undefined ? [reachedBy(endpoint)] : []),
    ]);
  } else {
    process.exitCode = await launch(file, args, agent.terminal === true);
  }
}

/** What a deployment made is of any kind; its ports tell what can be done with it. */
const isDeployment = (kind: string): boolean => kind.toLowerCase() === 'deployment';

const reachedBy = ({ host, port, user }: Endpoint): string =>
  `Connect your own to ${hostPort(host, port)}${user === undefined ? '' : ` as ${user}`}.`;

/** Where to connect to, and as whom; says when no connection may pass yet. */
async function endpointOf(
  session: Session,
  component: ComponentOf,
  facts: ComponentKind | undefined,
  files: readonly string[],
  options: ConnectOptions,
): Promise<Endpoint> {
  const { name, portMaps } = component;
  const { protocol: asked, address } = options;
  if (files.length > 0 && asked !== 'scp') throw usage('Files go with --protocol scp only.');
  const screen = asked === undefined && portMaps.length > 0 ? undefined : consoleOf(component);
  if (asked === 'console' || (asked === undefined && screen !== undefined)) {
    if (screen === undefined) throw noConsole(name);
    return { protocol: 'console', host: '', port: 0, hostKey: '', console: screen };
  }
  const wish = { ...(asked && { protocol: asked }), ...(address && { address }) };
  const known = component.portMaps.some((map) => asked === undefined || speaks(facts, spokenBy(asked), map.targetPort));
  const { protocol, map } = choose(name, facts, known ? portMaps : await mapsOf(session, component), wish);
  const user = checkedUser(options.user ?? facts?.user);
  const path = pageOf(facts, protocol);
  if (map.status !== 'active') {
    const why = map.reason === null ? '' : ` (${map.reason})`;
    session.out.note(`The port map is ${map.status}${why}: no connection may pass yet.`);
  }
  return {
    protocol,
    host: map.externalAddress,
    port: map.connectionPort,
    hostKey: map.id,
    ...(user && { user }),
    ...(options.password === true && { password: await hidden('Password: ') }),
    ...(path && { path }),
    ...(files.length > 0 && { files }),
  };
}

/** Programs take a word with a dash in front for an option, and a blank for an end. */
function checkedUser(user: string | undefined): string | undefined {
  if (user !== undefined && !/^[^\s\p{Cc}-][^\s\p{Cc}]*$/u.test(user)) {
    throw usage(`${JSON.stringify(user)} cannot be a user: no blanks, and no dash in front.`);
  }
  return user;
}
