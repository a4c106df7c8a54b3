import type { Command } from 'commander';
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
import { POOLS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';

export function poolCommands(program: Command): void {
  const group = resourceGroup(program, 'pool', POOLS, {
    examples: ['vlab pool create --name lab --tag berlin', 'vlab pool list', 'vlab pool update lab --name lab-1'],
  });
  describing(group.command('create').description('make a pool')).action(
    withSession(async (session: Session, options: Describing) => {
      await tell(session, answer(await session.api.POST('/pools', { body: described(options) })));
    }),
  );
  redescribing(
    group.command('update').argument('<pool>', 'name or id of the pool').description('change a pool'),
  ).action(
    withSession(async (session: Session, text: string, options: Redescribing) => {
      const body = changed(redescribed(options));
      const path = { id: await findId(session, POOLS, text) };
      await tell(session, answer(await session.api.PATCH('/pools/{id}', { params: { path }, body })));
    }),
  );
}
