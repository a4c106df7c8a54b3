import type { Command } from 'commander';
import { cliEnvironment } from '../../platform/config/cli-environment.js';
import { askedFor, choosePrograms, type Chosen } from '../config/choose-programs.js';
import { keepDamaged, programsFile, readPrograms, writePrograms, type Programs } from '../config/programs-file.js';
import { SECTIONS, type Section } from '../connect/endpoint.js';
import { thisMachine } from '../connect/machine.js';
import type { Setting } from '../connect/program.js';
import { readLogin, type Login } from '../connection/login-file.js';
import { checkedUrl, DEFAULT_URL, givenToken, givenUrl } from '../connection/target.js';
import { tokenFor } from '../connection/token-file.js';
import { Failure } from '../failure.js';
import { examples } from '../options/examples.js';
import { ask, canAsk, hidden } from '../output/ask.js';
import { table } from '../output/table.js';
import { outputOf, prepareTls, traceOf, type GlobalOptions } from '../session.js';
import { accepts, logIn, noToken } from './login.js';

interface InitOptions extends GlobalOptions {
  readonly ssh?: Setting;
  readonly rdp?: Setting;
  readonly browser?: Setting;
  readonly scp?: Setting;
  readonly console?: Setting;
  readonly yes?: boolean;
}

export function initCommand(program: Command): void {
  const command = program
    .command('init')
    .description('say where Berth is and who you are, and find the programs to connect with; repairs what is damaged');
  for (const section of SECTIONS) {
    const flag = `--${section.toLowerCase()} <program>`;
    command.option(flag, `program for ${section}, as NAME or NAME=FILE (default: one that is found)`, askedFor);
  }
  command
    .option('-y, --yes', 'ask nothing: take what is usual')
    .action(async (_: unknown, acting: Command) => init(acting.optsWithGlobals<InitOptions>()));
  examples(
    command,
    'vlab init',
    'vlab init --url https://berth.example --token-file token --yes',
    'vlab init --ssh putty --browser firefox',
  );
}

async function init(options: InitOptions): Promise<void> {
  const out = outputOf(options);
  const asking = options.yes !== true && canAsk();
  const { vlabFolder } = cliEnvironment();
  await beLoggedIn(options, asking);
  const { programs, faults } = readPrograms(vlabFolder) ?? { programs: {}, faults: [] };
  const chosen = await choosePrograms(wanted(options), programs, thisMachine(), async (section, names, usual) =>
    asking ? ask(`Program for ${section} (${names.join(', ')})`, usual) : usual,
  );
  const file = programsFile(vlabFolder);
  if (faults.length > 0) {
    out.note(
      `${file} was damaged (${faults.join('; ')}): it is written anew, and the old one is ${keepDamaged(vlabFolder)}.`,
    );
  }
  const settings = chosen.flatMap(({ section, setting }): [Section, Setting][] =>
    setting ? [[section, setting]] : [],
  );
  writePrograms(vlabFolder, Object.fromEntries(settings));
  if (out.json) out.raw(JSON.stringify({ file, programs: Object.fromEntries(settings) }));
  else out.lines(['', ...table(COLUMNS, chosen, out.colour), '', `Kept in ${file}; "vlab connect" uses them.`]);
}

const COLUMNS = [
  { title: 'FOR', of: ({ section }: Chosen) => section },
  { title: 'PROGRAM', of: ({ setting }: Chosen) => setting?.agent ?? '' },
  { title: 'HOW', of: ({ how }: Chosen) => how },
  { title: 'FILE', of: ({ setting }: Chosen) => setting?.location ?? '' },
];

function wanted({ ssh, rdp, browser, scp, console }: InitOptions): Programs {
  return {
    ...(ssh && { SSH: ssh }),
    ...(rdp && { RDP: rdp }),
    ...(browser && { BROWSER: browser }),
    ...(scp && { SCP: scp }),
    ...(console && { CONSOLE: console }),
  };
}

/** Finds out where Berth is, and who we are there; asks for what is not given and not known. */
async function beLoggedIn(options: InitOptions, asking: boolean): Promise<void> {
  const { folder, vlabFolder, url: set, token: tokenSet } = cliEnvironment();
  const kept = undamaged(folder);
  const usual = givenUrl(options) ?? set ?? kept?.url ?? DEFAULT_URL;
  const given = givenUrl(options) !== undefined || set !== undefined;
  const answered = asking && !given ? await ask('Where is Berth', usual) : usual;
  const url = checkedUrl(givenUrl(/:\/\//.test(answered) ? { url: answered } : { vlabUrl: answered }) ?? usual);
  prepareTls(options);
  const known = (kept?.url === url ? kept.token : undefined) ?? tokenFor(vlabFolder, url);
  const { vlabUrl: _, ...rest } = options;
  const fresh = givenToken(options) ?? tokenSet;
  // What is known already is good as long as it is taken; if not, somebody has to say who he is anew.
  const still = fresh === undefined && known !== undefined && (await accepts(url, known, traceOf(options)));
  await logIn({ ...rest, url, ...(still ? { token: known } : {}) }, async () =>
    asking ? await tokenOf(url) : noToken(url),
  );
}

async function tokenOf(url: string): Promise<string> {
  const token = (await hidden(`Token for ${url} (nothing of it is shown): `)).trim();
  return token === '' ? noToken(url) : token;
}

/** What login kept; a damaged file is as good as none, since it is written anew. */
function undamaged(folder: string): Login | undefined {
  try {
    return readLogin(folder);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
