import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import { usage } from '../failure.js';
import {
  changed,
  described,
  describing,
  redescribed,
  redescribing,
  type Describing,
  type Redescribing,
} from '../options/describing.js';
import { hostRange } from '../options/parsers.js';
import { POOLS, SUBNETS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';

interface Ends {
  readonly start?: string;
  readonly end?: string;
}

export function subnetCommands(program: Command): void {
  const called = 'name, id or network of the subnet';
  const group = resourceGroup(program, 'subnet', SUBNETS, {
    called,
    list: (command) => command.option('--pool <pool>', 'only those of this pool (name or id)'),
    within: async (session, { pool }) => {
      if (typeof pool !== 'string') return undefined;
      const path = { id: await findId(session, POOLS, pool) };
      return async (api, query) => {
        const { data, text } = answer(await api.GET('/pools/{id}/subnets', { params: { path, query } }));
        return { rows: data.subnets, next: data.next, text };
      };
    },
    examples: [
      'vlab subnet create --pool lab 10.0.0.0/24',
      'vlab subnet create --pool lab --start 10.0.0.10 --end 10.0.0.99 --name servers',
      'vlab subnet list --pool lab',
      'vlab subnet delete 10.0.0.0/24',
    ],
  });

  const create = group
    .command('create')
    .argument('[network]', 'a network such as 10.0.0.0/24: the addresses in it that machines may have', hostRange)
    .requiredOption('--pool <pool>', 'name or id of its pool')
    .option('--start <address>', 'first address, instead of a network')
    .option('--end <address>', 'last address')
    .description('add a subnet to a pool')
    .addHelpText(
      'after',
      '\nOf a network, the addresses that no machine can have are left out: first and last of IPv4, first of IPv6.' +
        '\n--start and --end take every address.',
    );
  describing(create).action(
    withSession(
      async (session: Session, network: Required<Ends> | undefined, options: Describing & Ends & { pool: string }) => {
        const body = { ...described(options), ...rangeOf(network, options) };
        const path = { id: await findId(session, POOLS, options.pool) };
        await tell(session, answer(await session.api.POST('/pools/{id}/subnets', { params: { path }, body })));
      },
    ),
  );

  const update = group
    .command('update')
    .argument('<subnet>', called)
    .option('--start <address>', 'the new first address')
    .option('--end <address>', 'the new last address')
    .description('change a subnet; its range too, if every held address stays inside');
  redescribing(update).action(
    withSession(async (session: Session, text: string, options: Redescribing & Ends) => {
      const { start, end } = options;
      const ends = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
      const body = changed({ ...redescribed(options), ...ends });
      const path = { id: await findId(session, SUBNETS, text) };
      await tell(session, answer(await session.api.PATCH('/subnets/{id}', { params: { path }, body })));
    }),
  );
}

function rangeOf(network: Required<Ends> | undefined, { start, end }: Ends): Required<Ends> {
  if (network !== undefined && start === undefined && end === undefined) return network;
  if (network === undefined && start !== undefined && end !== undefined) return { start, end };
  throw usage('Give either a network, or --start and --end.');
}
