import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { capacityCommand } from './commands/capacity.js';
import { completionCommand } from './commands/completion.js';
import { connectCommand } from './commands/connect.js';
import { createCommand } from './commands/create.js';
import { deleteCommand } from './commands/delete.js';
import { eventsCommand } from './commands/events.js';
import { exportCommand } from './commands/export.js';
import { importCommand } from './commands/import.js';
import { gatewayCommands } from './commands/gateway.js';
import { historyCommand } from './commands/history.js';
import { initCommand } from './commands/init.js';
import { leaseCommands } from './commands/lease.js';
import { loginCommands } from './commands/login.js';
import { poolCommands } from './commands/pool.js';
import { portmapCommands } from './commands/portmap.js';
import { quotaCommands, whoamiCommand } from './commands/quota.js';
import { reservationCommands } from './commands/reservation.js';
import { showCommand } from './commands/show.js';
import { statusCommand } from './commands/status.js';
import { usageCommand } from './commands/usage.js';
import { subnetCommands } from './commands/subnet.js';
import { webhookCommands } from './commands/webhook.js';
import { examples } from './options/examples.js';

/** The whole command line. Errors of usage are thrown as `CommanderError`, after commander has told them. */
export function vlab(): Command {
  const program = new Command('vlab')
    .description('Components, their addresses and their ports, of a Berth.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .option('--url <url>', 'where the API is (default: BERTH_URL, else as logged in)')
    .option(
      '--token <token>',
      'who you are (default: BERTH_TOKEN, else as logged in); others can see it in the process list',
    )
    .option('--token-file <file>', 'file with the token')
    .option('--json', "print the API's JSON on standard output, for programs")
    .option('--verbose', 'tell every request on standard error')
    .option('--skip-verify', 'take any TLS certificate: others on the way can then read and change everything')
    .addOption(new Option('--vlab-url <url>', 'the same as --url; https:// may be left out').hideHelp())
    .option('--vlab-username <name>', 'whose token it must be; refused when it is of somebody else')
    // Kept for scripts: output is never paged, and vlab never looks for updates of itself.
    .addOption(new Option('--no-scroll').hideHelp())
    .addOption(new Option('-s, --skip-update-check').hideHelp())
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('Try --help.')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'vlab:')) })
    .exitOverride();

  program.commandsGroup('Components:');
  createCommand(program);
  connectCommand(program);
  showCommand(program);
  deleteCommand(program);
  usageCommand(program);
  program.commandsGroup('Resources:');
  portmapCommands(program);
  poolCommands(program);
  subnetCommands(program);
  reservationCommands(program);
  leaseCommands(program);
  capacityCommand(program);
  gatewayCommands(program);
  quotaCommands(program);
  webhookCommands(program);
  exportCommand(program);
  importCommand(program);
  program.commandsGroup('You and Berth:');
  initCommand(program);
  loginCommands(program);
  whoamiCommand(program);
  statusCommand(program);
  eventsCommand(program);
  historyCommand(program);
  completionCommand(program);
  examples(
    program,
    'vlab init',
    'vlab create windows --name win1',
    'vlab connect windows --name win1',
    'vlab show',
    'vlab delete windows --name win1',
  );
  program.addHelpText('after', '\nExit codes: 0 done, 1 error, 2 wrong usage, 3 not found.');
  return program;
}

/**
 * `-o` in front of the command is `--no-scroll`, as it was in the vlab before this one. It is no option of the program:
 * `vlab export -o FILE` would lose its own.
 */
export function withOldWords(words: readonly string[]): string[] {
  const command = words.findIndex((word) => !word.startsWith('-'));
  return words.map((word, index) => (word === '-o' && (index < command || command === -1) ? '--no-scroll' : word));
}

function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
