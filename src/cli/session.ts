import type { Command } from 'commander';
import { cliEnvironment, trustAnyCertificate } from '../platform/config/cli-environment.js';
import type { Api } from './client/client.js';
import { findTarget, type TargetOptions } from './connection/target.js';
import { ANYBODY, holderOf, type Holder } from './connection/token.js';
import { Failure } from './failure.js';
import { Output } from './output/output.js';
import { safeText } from './output/safe-text.js';

/** Options that every command takes. */
export interface GlobalOptions extends TargetOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly skipVerify?: boolean;
  /** Who we think we are. */
  readonly vlabUsername?: string;
}

/** What a command works with. */
export interface Session {
  readonly url: string;
  readonly token?: string;
  /** Who the token says we are. */
  readonly holder: Holder;
  readonly api: Api;
  readonly out: Output;
}

export function outputOf({ json = false }: GlobalOptions): Output {
  return new Output(json, process.stdout.isTTY && cliEnvironment().colour);
}

/** For --verbose: one line a request, on standard error. */
export const traceOf = ({ verbose }: GlobalOptions): { trace?: (line: string) => void } =>
  verbose === true ? { trace: (line) => void process.stderr.write(`${safeText(line)}\n`) } : {};

/** The client is loaded only when a command is really going to use it: help and completion start at once. */
export async function openSession(options: GlobalOptions): Promise<Session> {
  const target = findTarget(options, cliEnvironment());
  prepareTls(options);
  const holder = (target.token === undefined ? undefined : holderOf(target.token)) ?? ANYBODY;
  checkUser(options, holder, target.token !== undefined);
  const { createApi } = await import('./client/client.js');
  return {
    ...target,
    holder,
    api: createApi({ ...target, ...traceOf(options) }),
    out: outputOf(options),
  };
}

/** For --skip-verify, before the first connection. */
export function prepareTls({ skipVerify }: GlobalOptions): void {
  if (skipVerify === true) trustAnyCertificate();
}

/** Nobody shall act with somebody else's token by mistake. A Berth that asks for none takes everybody for the same. */
export function checkUser({ vlabUsername }: GlobalOptions, { name }: Holder, known: boolean): void {
  if (vlabUsername === undefined || !known || vlabUsername.toLowerCase() === name.toLowerCase()) return;
  throw new Failure(
    `The token is that of ${JSON.stringify(name)}, not of ${JSON.stringify(vlabUsername)}.`,
    undefined,
    ['Log in with the right one: vlab login --token-file FILE.'],
  );
}

/** A command's action that gets a session in front of its own arguments and options. */
export function withSession<Arguments extends unknown[]>(
  work: (session: Session, ...args: Arguments) => Promise<void>,
): (...args: [...Arguments, Command]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    await work(await openSession(command.optsWithGlobals<GlobalOptions>()), ...(all.slice(0, -1) as Arguments));
  };
}
