import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import { changed, redescribed, redescribing, type Redescribing } from '../options/describing.js';
import { LEASES, RESERVATIONS } from '../resources/addressing.js';
import { findId } from '../resources/find.js';
import { withSession, type Session } from '../session.js';
import { resourceGroup, tell } from './group.js';
import { releaseCommand } from './release.js';

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
      'vlab lease release 10.0.0.7 --reason "machine is gone"',
    ],
  });
  group.addHelpText(
    'after',
    '\nA lease comes with its reservation and ends with it (vlab reservation create, renew, release), or is released alone.',
  );
  releaseCommand(group, LEASES, called, async ({ api }, id, query) =>
    answer(await api.DELETE('/leases/{id}', { params: { path: { id }, query } })),
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
