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
import { network, repeatedAs, whole } from '../options/parsers.js';
import { POOLS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';

interface PoolSettings {
  readonly policy?: (typeof POLICIES)[number];
  readonly quarantine?: number;
  readonly reuseEarly?: boolean;
  readonly supernet?: readonly string[];
  readonly clearSupernets?: boolean;
}

const POLICIES = ['first', 'random', 'least-recently-released'] as const;
const YEAR = 31_536_000;

/** --policy, --quarantine, --reuse-early and --supernet. */
const settling = (command: Command): Command =>
  command
    .addOption(new Option('--policy <policy>', 'which free address a request gets that names none').choices(POLICIES))
    .option('--quarantine <seconds>', 'how long a released address rests (0: not at all)', whole(0, YEAR))
    .option('--reuse-early', 'give resting addresses before their time when nothing else is left')
    .option('--no-reuse-early', 'never give an address before its rest is over')
    .option(
      '--supernet <network>',
      'a network that its subnets are carved from; may be given again',
      repeatedAs(network),
    );

interface Settled {
  policy?: (typeof POLICIES)[number];
  quarantine?: number;
  reuseEarly?: boolean;
  supernets?: string[];
}

function settled({ policy, quarantine, reuseEarly, supernet, clearSupernets }: PoolSettings): Settled {
  if (clearSupernets === true && supernet !== undefined) throw usage('Give --supernet or --clear-supernets, not both.');
  const supernets = clearSupernets === true ? [] : supernet;
  return {
    ...(policy === undefined ? {} : { policy }),
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(reuseEarly === undefined ? {} : { reuseEarly }),
    ...(supernets === undefined ? {} : { supernets: [...supernets] }),
  };
}

export function poolCommands(program: Command): void {
  const group = resourceGroup(program, 'pool', POOLS, {
    examples: [
      'vlab pool create --name lab --tag berlin',
      'vlab pool create --name guests --policy random --quarantine 86400',
      'vlab pool create --name sites --supernet 10.0.0.0/8 --supernet 2001:db8::/32',
      'vlab pool list',
      'vlab pool update lab --name lab-1 --no-reuse-early',
    ],
  });
  settling(describing(group.command('create').description('make a pool'))).action(
    withSession(async (session: Session, options: Describing & PoolSettings) => {
      const body = { ...described(options), ...settled(options) };
      await tell(session, answer(await session.api.POST('/pools', { body })));
    }),
  );
  settling(
    redescribing(group.command('update').argument('<pool>', 'name or id of the pool').description('change a pool')),
  )
    .option('--clear-supernets', 'let subnets lie anywhere; refused while it has subnets')
    .action(
      withSession(async (session: Session, text: string, options: Redescribing & PoolSettings) => {
        const body = changed({ ...redescribed(options), ...settled(options) });
        const path = { id: await findId(session, POOLS, text) };
        await tell(session, answer(await session.api.PATCH('/pools/{id}', { params: { path }, body })));
      }),
    );
}
