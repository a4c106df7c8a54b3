import { Option, type Command } from 'commander';
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
import { network, whole } from '../options/parsers.js';
import { reshaping, shaped, shaping, type Reshaping, type Shaping } from '../options/shaping.js';
import { POOLS, SUBNETS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';

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
      'vlab subnet create --pool lab 10.0.1.0/24 --gateway-address 10.0.1.1 --exclude-first 10',
      'vlab subnet create --pool lab --start 10.0.2.10 --end 10.0.2.99 --name servers',
      'vlab subnet create --pool sites --prefix-length 24 --dry-run',
      'vlab subnet list --pool lab',
      'vlab subnet delete 10.0.0.0/24',
    ],
  });

  const create = group
    .command('create')
    .argument('[network]', 'the same as --cidr', network)
    .requiredOption('--pool <pool>', 'name or id of its pool');
  shaping(create)
    .option('--prefix-length <length>', "the next free network of this length in the pool's supernets", whole(0, 128))
    .addOption(new Option('--family <family>', 'of which family, with --prefix-length').choices(['4', '6']))
    .option('--dry-run', 'only show what it would be; holds nothing')
    .description('add a subnet to a pool')
    .addHelpText(
      'after',
      '\nOf a network, the addresses that no machine can have are left out unless told otherwise: first and last of' +
        '\nIPv4, first of IPv6. --start and --end take every address.',
    );
  describing(create).action(
    withSession(async (session: Session, cidr: string | undefined, options: CreateOptions) => {
      const body = { ...described(options), ...shaped(options), ...placed(cidr, options) };
      const path = { id: await findId(session, POOLS, options.pool) };
      const query = options.dryRun === true ? { dryRun: true } : {};
      await tell(session, answer(await session.api.POST('/pools/{id}/subnets', { params: { path, query }, body })));
    }),
  );

  const update = group
    .command('update')
    .argument('<subnet>', called)
    .description('change a subnet; its addresses too, if nothing that is held falls out of them');
  redescribing(reshaping(update)).action(
    withSession(async (session: Session, text: string, options: Redescribing & Reshaping) => {
      const body = changed({ ...redescribed(options), ...shaped(options) });
      const path = { id: await findId(session, SUBNETS, text) };
      await tell(session, answer(await session.api.PATCH('/subnets/{id}', { params: { path }, body })));
    }),
  );
}

interface CreateOptions extends Describing, Shaping {
  readonly pool: string;
  readonly prefixLength?: number;
  readonly family?: '4' | '6';
  readonly dryRun?: boolean;
}

interface Placed {
  cidr?: string;
  prefixLength?: number;
  family?: 4 | 6;
}

/** Where the subnet lies: as a network, as first and last, or wherever one of a length is free. */
function placed(argument: string | undefined, options: CreateOptions): Placed {
  const { start, end, cidr = argument, prefixLength, family } = options;
  const ends = start !== undefined && end !== undefined;
  const given = [cidr !== undefined, start !== undefined || end !== undefined, prefixLength !== undefined];
  if (given.filter(Boolean).length !== 1 || (given[1] === true && !ends) || cidr !== (argument ?? cidr)) {
    throw usage('Give either a network, or --start and --end, or --prefix-length.');
  }
  if (family !== undefined && prefixLength === undefined) throw usage('--family needs --prefix-length.');
  return {
    ...(cidr === undefined ? {} : { cidr }),
    ...(prefixLength === undefined ? {} : { prefixLength }),
    ...(family === undefined ? {} : { family: family === '4' ? 4 : 6 }),
  };
}
