import { Option, type Command } from 'commander';
import { cliEnvironment } from '../../platform/config/cli-environment.js';
import { answer } from '../client/answer.js';
import type { ComponentKind } from '../client/client.js';
import { choose, CONNECT_PROTOCOLS, type Wish } from '../connect/choose.js';
import { commandLine, programsFor } from '../connect/programs.js';
import { Failure, usage } from '../failure.js';
import { findProgram, launch } from '../launch.js';
import { examples } from '../options/examples.js';
import { hostPort } from '../output/words.js';
import { withSession, type Session } from '../session.js';
import { findOfKind } from './delete.js';

interface ConnectOptions extends Wish {
  readonly name: string;
  readonly user?: string;
  readonly print?: boolean;
}

export function connectCommand(program: Command): void {
  const command = program
    .command('connect')
    .argument('<kind>', 'what it is, as it was created')
    .description('connect to a component through its gateway, with a program of this machine')
    .requiredOption('-n, --name <name>', 'its name or id')
    .addOption(
      new Option('-p, --protocol <protocol>', 'how (default: as its kind is usually used)').choices(CONNECT_PROTOCOLS),
    )
    .option('-u, --user <user>', 'whom to log in as (default: the usual user of its kind)')
    .option('--address <address>', 'which of its addresses, if it has several (default: the first)')
    .option('--print', 'only print the command line (always so for scp, where FILE stands for your file)')
    .action(withSession(connect));
  examples(
    command,
    'vlab connect windows --name win1',
    'vlab connect centos --name web --protocol ssh --user admin',
    'vlab connect esxi --name host3 --print',
  );
}

async function connect(session: Session, kind: string, options: ConnectOptions): Promise<void> {
  const { out, api } = session;
  const [component, known] = await Promise.all([
    findOfKind(session, kind, options.name, 'connect'),
    api.GET('/component-kinds').then((result) => answer(result).data.kinds),
  ]);
  const facts: ComponentKind | undefined = known.find(({ name }) => name === component.kind.toLowerCase());
  const { protocol, map } = choose(component.name, facts, component.portMaps, options);
  const user = checkedUser(options.user ?? facts?.user);
  const { externalAddress: host, connectionPort: port } = map;
  const endpoint = { protocol, host, port, hostKey: map.id, ...(user === undefined ? {} : { user }) };
  const programs = programsFor(endpoint, process.platform);
  const found = findProgram(programs, cliEnvironment().path);
  const shown = found?.program ?? programs[0];
  if (map.status !== 'active') {
    out.note(
      `The port map is ${map.status}${map.reason === null ? '' : ` (${map.reason})`}: no connection may pass yet.`,
    );
  }
  if (out.json) {
    out.raw(JSON.stringify({ ...endpoint, program: shown?.name, arguments: shown?.args }));
    return;
  }
  if (options.print === true || protocol === 'scp') {
    if (shown !== undefined) out.say(commandLine(shown, process.platform));
    return;
  }
  if (found === undefined) {
    const names = programs.map(({ name }) => name).join(', ');
    const as = user === undefined ? '' : ` as ${user}`;
    throw new Failure(`No program for ${protocol} is on the PATH (looked for ${names}).`, undefined, [
      `Connect your own to ${hostPort(host, port)}${as}.`,
    ]);
  }
  process.exitCode = await launch(found.file, found.program);
}

/** Programs take a word with a dash in front for an option, and a blank for an end. */
function checkedUser(user: string | undefined): string | undefined {
  if (user !== undefined && !/^[^\s\p{Cc}-][^\s\p{Cc}]*$/u.test(user)) {
    throw usage(`${JSON.stringify(user)} cannot be a user: no blanks, and no dash in front.`);
  }
  return user;
}
