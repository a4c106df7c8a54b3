import { Option, type Command } from 'commander';
import { answer } from '../client/answer.js';
import {
  changed,
  described,
  describing,
  redescribed,
  redescribing,
  type Describing,
  type Redescribing,
} from '../options/describing.js';
import { whole } from '../options/parsers.js';
import { POOLS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';

interface PoolSettings {
  readonly policy?: (typeof POLICIES)[number];
  readonly quarantine?: number;
  readonly reuseEarly?: boolean;
}

const POLICIES = ['first', 'random', 'least-recently-released'] as const;
const YEAR = 31_536_000;

/** --policy, --quarantine and --reuse-early. */
const settling = (command: Command): Command =>
  command
    .addOption(new Option('--policy <policy>', 'which free address a request gets that names none').choices(POLICIES))
    .option('--quarantine <seconds>', 'how long a released address rests (0: not at all)', whole(0, YEAR))
    .option('--reuse-early', 'give resting addresses before their time when nothing else is left')
    .option('--no-reuse-early', 'never give an address before its rest is over');

const settled = ({ policy, quarantine, reuseEarly }: PoolSettings): PoolSettings => ({
  ...(policy === undefined ? {} : { policy }),
  ...(quarantine === undefined ? {} : { quarantine }),
  ...(reuseEarly === undefined ? {} : { reuseEarly }),
});

export function poolCommands(program: Command): void {
  const group = resourceGroup(program, 'pool', POOLS, {
    examples: [
      'vlab pool create --name lab --tag berlin',
      'vlab pool create --name guests --policy random --quarantine 86400',
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
  ).action(
    withSession(async (session: Session, text: string, options: Redescribing & PoolSettings) => {
      const body = changed({ ...redescribed(options), ...settled(options) });
      const path = { id: await findId(session, POOLS, text) };
      await tell(session, answer(await session.api.PATCH('/pools/{id}', { params: { path }, body })));
    }),
  );
}
