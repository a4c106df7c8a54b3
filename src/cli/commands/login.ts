import { fstatSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { cliEnvironment } from '../../platform/config/cli-environment.js';
import { answer, Refusal } from '../client/answer.js';
import { forgetLogin, writeLogin } from '../connection/login-file.js';
import { checkedToken, checkedUrl, DEFAULT_URL, givenToken, givenUrl, isPrivate } from '../connection/target.js';
import { holderOf } from '../connection/token.js';
import { Failure } from '../failure.js';
import { examples } from '../options/examples.js';
import { checkUser, outputOf, prepareTls, traceOf, type GlobalOptions } from '../session.js';

export function loginCommands(program: Command): void {
  const login = program
    .command('login')
    .description('check a token and keep it with the URL for the commands to come')
    .action(async (_: unknown, command: Command) => logIn(command.optsWithGlobals<GlobalOptions>(), noToken));
  examples(
    login,
    'vlab login --url https://berth.example --token-file token',
    'berth token --role member --sub ann | vlab login',
  );
  login.addHelpText('after', '\nThe token may also come on standard input. Where Berth asks for none, none is needed.');

  program
    .command('logout')
    .description('forget what login kept')
    .action((_: unknown, command: Command) => {
      const gone = forgetLogin(cliEnvironment().folder);
      outputOf(command.optsWithGlobals<GlobalOptions>()).say(gone ? 'Logged out.' : 'Nobody was logged in.');
    });
}

/** Checks who we are and keeps it; `otherwise` gives a token where none is given and one is needed. */
export async function logIn(
  options: GlobalOptions,
  otherwise: (url: string) => string | Promise<string>,
): Promise<void> {
  const { folder, ...environment } = cliEnvironment();
  const url = checkedUrl(givenUrl(options) ?? environment.url ?? DEFAULT_URL);
  prepareTls(options);
  const out = outputOf(options);
  const trace = traceOf(options);
  const given = givenToken(options);
  if (given === undefined && (await accepts(url, undefined, trace))) {
    writeLogin(folder, { url });
    out.say(`${url} asks for no token: everybody is admin there.`);
    return;
  }
  const token = checkedToken(given ?? (await piped()) ?? environment.token ?? (await otherwise(url)));
  const holder = holderOf(token);
  if (holder !== undefined) checkUser(options, holder, true);
  if (!isPrivate(url)) out.note('Warning: this URL is not https, so others on the way can read the token.');
  if (!(await accepts(url, token, trace))) {
    throw new Failure(`${url} does not accept this token: it has expired, or is not for this Berth.`, undefined, [
      '"berth token" where Berth runs makes a new one.',
    ]);
  }
  writeLogin(folder, { url, token });
  const until = holder?.expires === undefined ? '' : `, until ${holder.expires.toISOString()}`;
  out.say(`Logged in to ${url} as ${holder?.name ?? 'somebody'} (${holder?.role ?? 'unknown role'})${until}.`);
}

/** Whether the API lets this token in. Any other trouble is thrown. */
export async function accepts(
  url: string,
  token: string | undefined,
  trace: ReturnType<typeof traceOf>,
): Promise<boolean> {
  const { createApi } = await import('../client/client.js');
  const api = createApi({ url, ...(token === undefined ? {} : { token }), ...trace });
  try {
    answer(await api.GET('/pools', { params: { query: { limit: 1 } } }));
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) return false;
    throw error;
  }
}

/** What comes on standard input, if something can: a pipe or a file, no terminal. */
async function piped(): Promise<string | undefined> {
  try {
    const input = fstatSync(0);
    if (!input.isFIFO() && !input.isFile() && !input.isSocket()) return undefined;
  } catch {
    return undefined; // closed
  }
  const content = (await readAll(process.stdin)).trim();
  return content === '' ? undefined : content;
}

export function noToken(url: string): never {
  throw new Failure(`${url} asks for a token.`, undefined, [
    'Give one: vlab login --token-file FILE, or on standard input. "berth token" where Berth runs makes one.',
  ]);
}
