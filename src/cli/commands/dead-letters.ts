import type { Command } from 'commander';
import { answer } from '../client/answer.js';
import { whole } from '../options/parsers.js';
import { table } from '../output/table.js';
import { counted } from '../output/words.js';
import { findId } from '../resources/find.js';
import { DEAD_LETTER_COLUMNS, WEBHOOKS } from '../resources/webhooks.js';
import { withSession, type Session } from '../session.js';

const EVENT = 'id of the event (default: all of them)';

/** What a receiver did not take: looked at, sent again, or forgotten. */
export function deadLetterCommands(group: Command, called: string): void {
  group
    .command('dead-letters')
    .argument('<webhook>', called)
    .option('--type <type>', 'only events of this type')
    .option('--subject <subject>', 'only events of this resource')
    .option('--limit <number>', 'how many at most (default: 100)', whole(1, 1000))
    .description('list the events that the receiver did not take')
    .action(withSession(list));
  group
    .command('replay')
    .argument('<webhook>', called)
    .argument('[event]', EVENT)
    .description('send dead letters again')
    .action(
      withSession(async (session: Session, text: string, event: string | undefined) => {
        const { api, out } = session;
        const id = await findId(session, WEBHOOKS, text);
        const { data } =
          event === undefined
            ? answer(await api.POST('/webhooks/{id}/dead-letters/replay', { params: { path: { id } } }))
            : answer(await api.POST('/webhooks/{id}/dead-letters/{event}/replay', { params: { path: { id, event } } }));
        out.say(`${counted(data.count, 'dead letter is', 'dead letters are')} sent again.`);
      }),
    );
  group
    .command('forget')
    .argument('<webhook>', called)
    .argument('[event]', EVENT)
    .description('delete dead letters')
    .action(
      withSession(async (session: Session, text: string, event: string | undefined) => {
        const { api, out } = session;
        const id = await findId(session, WEBHOOKS, text);
        if (event !== undefined) {
          answer(await api.DELETE('/webhooks/{id}/dead-letters/{event}', { params: { path: { id, event } } }));
        }
        const count =
          event === undefined
            ? answer(await api.DELETE('/webhooks/{id}/dead-letters', { params: { path: { id } } })).data.count
            : 1;
        out.say(`Deleted ${counted(count, 'dead letter', 'dead letters')}.`);
      }),
    );
}

async function list(
  session: Session,
  webhook: string,
  query: { type?: string; subject?: string; limit?: number },
): Promise<void> {
  const { api, out } = session;
  const path = { id: await findId(session, WEBHOOKS, webhook) };
  const { data, text } = answer(await api.GET('/webhooks/{id}/dead-letters', { params: { path, query } }));
  if (out.json) {
    out.raw(text);
    return;
  }
  if (data.deadLetters.length === 0) out.note('There are no dead letters to show.');
  out.lines(table(DEAD_LETTER_COLUMNS, data.deadLetters, out.colour));
  if (data.next !== undefined) out.note('There are more dead letters than these: --limit, --type or --subject.');
}
