import type { Command } from 'commander';
import type { Answer } from '../client/answer.js';
import { findId } from '../resources/find.js';
import type { Resource } from '../resources/resource.js';
import { withSession, type Session } from '../session.js';

/** Why, as the API takes it. */
interface Reason {
  reason?: string;
}

/** Gives addresses back, and says why. */
export function releaseCommand<T extends { id: string; name: string }>(
  group: Command,
  resource: Resource<T>,
  called: string,
  release: (session: Session, id: string, query: Reason) => Promise<Answer<unknown>>,
): void {
  group
    .command('release')
    .argument(`<${resource.one}>`, called)
    .option('--reason <text>', 'why, for people: the events of the end say it')
    .description(`give the addresses of a ${resource.one} back`)
    .action(
      withSession(async (session: Session, text: string, { reason }: Reason) => {
        const id = await findId(session, resource, text);
        await release(session, id, reason === undefined ? {} : { reason });
        session.out.say(`Released ${resource.one} ${JSON.stringify(text)}.`);
      }),
    );
}
