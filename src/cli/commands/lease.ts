import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import { changed, redescribed, redescribing, type Redescribing } from '../options/describing.js';
import { LEASES, RESERVATIONS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';

export function leaseCommands(program: Command): void {
  const called = 'address, name or id of the lease';
  const group = resourceGroup(program, 'lease', LEASES, {
    called,
    list: (command) => command.option('--reservation <reservation>', 'only those of this reservation (name or id)'),
    within: async (session, { reservation }) => {
      if (typeof reservation !== 'string') return undefined;
      const path = { id: await findId(session, RESERVATIONS, reservation) };
      return async (api, query) => {
        const { data, text } = answer(await api.GET('/reservations/{id}/leases', { params: { path, query } }));
        return { rows: data.leases, next: data.next, text };
      };
    },
    examples: [
      'vlab lease list --reservation cluster',
      'vlab lease show 10.0.0.7',
      'vlab lease update 10.0.0.7 --name db',
    ],
  });
  group.addHelpText(
    'after',
    '\nA lease comes and goes with its reservation: vlab reservation create, vlab reservation delete.',
  );
  redescribing(
    group.command('update').argument('<lease>', called).description('change name, tags and metadata of a lease'),
  ).action(
    withSession(async (session: Session, text: string, options: Redescribing) => {
      const body = changed(redescribed(options));
      const path = { id: await findId(session, LEASES, text) };
      await tell(session, answer(await session.api.PATCH('/leases/{id}', { params: { path }, body })));
    }),
  );
}
