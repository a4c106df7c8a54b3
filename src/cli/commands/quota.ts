import { Option, type Command } from 'commander';
import { answer } from '../client/answer.js';
import type { Quota } from '../client/client.js';
import { usage } from '../failure.js';
import { examples, groupExamples } from '../options/examples.js';
import { whole } from '../options/parsers.js';
import { record, table } from '../output/table.js';
import { withSession, type Session } from '../session.js';
import { tell } from './group.js';

const OWNER = "name or project of the owner; '*' is everybody without a quota of his own";

interface Limits {
  readonly addresses?: number;
  readonly portMaps?: number;
  readonly perRequest?: number;
}

export function quotaCommands(program: Command): void {
  const group = program.command('quota').description('list, show and change what owners may hold');
  groupExamples(group, [
    'vlab quota list',
    'vlab quota show team-a',
    'vlab quota set team-a --addresses 500 --port-maps 50',
    "vlab quota set '*' --per-request 64",
    'vlab quota delete team-a',
  ]);
  group
    .command('list')
    .option('--owner <owner>', 'only the quota of this owner')
    .option('--limit <number>', 'how many at most (default: 100)', whole(1, 1000))
    .description('list quotas; a member sees its own and that of everybody')
    .action(withSession(list));
  group
    .command('show')
    .argument('<owner>', OWNER)
    .description('show which quota counts for an owner, and what the owner holds')
    .action(
      withSession(async (session: Session, owner: string) => {
        await tell(session, answer(await session.api.GET('/quotas/{owner}/usage', { params: { path: { owner } } })));
      }),
    );
  group
    .command('set')
    .argument('<owner>', OWNER)
    .option('--addresses <number>', 'addresses held at once', whole(0, 1_000_000_000_000))
    .addOption(new Option('--port-maps <number>', 'port maps held at once').argParser(whole(0, 1_000_000_000)))
    .option('--per-request <number>', 'addresses of one request', whole(0, 1_000_000_000))
    .description('set the quota of an owner; what is not given is not limited')
    .action(
      withSession(async (session: Session, owner: string, limits: Limits) => {
        if (Object.keys(limits).length === 0) throw usage('Give --addresses, --port-maps or --per-request.');
        const { api } = session;
        await tell(session, answer(await api.PUT('/quotas/{owner}', { params: { path: { owner } }, body: limits })));
      }),
    );
  group
    .command('delete')
    .argument('<owner>', OWNER)
    .description('remove the quota of an owner; from now on that of everybody counts')
    .action(
      withSession(async ({ api, out }: Session, owner: string) => {
        answer(await api.DELETE('/quotas/{owner}', { params: { path: { owner } } }));
        out.say(`Deleted the quota of ${JSON.stringify(owner)}.`);
      }),
    );
}

const limit = (value: number | null): string => (value === null ? 'any' : String(value));

async function list({ api, out }: Session, query: { owner?: string; limit?: number }): Promise<void> {
  const { data, text } = answer(await api.GET('/quotas', { params: { query } }));
  if (out.json) {
    out.raw(text);
    return;
  }
  if (data.quotas.length === 0) out.note('There are no quotas to show.');
  const columns = [
    { title: 'OWNER', of: (quota: Quota) => quota.owner },
    { title: 'ADDRESSES', of: (quota: Quota) => limit(quota.addresses) },
    { title: 'PORT MAPS', of: (quota: Quota) => limit(quota.portMaps) },
    { title: 'PER REQUEST', of: (quota: Quota) => limit(quota.perRequest) },
  ];
  out.lines(table(columns, data.quotas, out.colour));
  if (data.next !== undefined) out.note('There are more quotas than these: --limit shows more, --owner finds one.');
}

/** `vlab whoami`: who the token says we are, and what we may hold. */
export function whoamiCommand(program: Command): void {
  const command = program
    .command('whoami')
    .description('show who you are to Berth, and what you may hold and hold')
    .action(withSession(whoami));
  examples(command, 'vlab whoami', 'vlab whoami --json');
}

async function whoami({ api, out }: Session): Promise<void> {
  const { data, text } = answer(await api.GET('/me'));
  if (out.json) {
    out.raw(text);
    return;
  }
  const of = (held: number, most: number | null | undefined): string =>
    most == null ? String(held) : `${held} of ${most}`;
  out.lines(
    record([
      ['name', data.name],
      ['role', data.role],
      ['project', data.project ?? ''],
      ['gateway', data.gateway ?? ''],
      ['addresses a request', String(data.maxAddressesPerRequest)],
      ...data.usage.flatMap(({ owner, quota, held }): [string, string][] => [
        [`addresses of ${owner}`, of(held.addresses, quota?.addresses)],
        [`port maps of ${owner}`, of(held.portMaps, quota?.portMaps)],
      ]),
    ]),
  );
}
